"""Every Python example in docs/ runs and prints what it says; every shell example does, too."""

from __future__ import annotations

import doctest
import shlex
from pathlib import Path

import pytest
from deltadocs import examples
from pages import PAGES, doctests, sessions, write_files
from typer.testing import CliRunner

from deltarule.cli.main import app

FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


@pytest.fixture(params=PAGES, ids=lambda page: page.stem)
def text(request: pytest.FixtureRequest) -> str:
    return request.param.read_text(encoding="utf-8")


def test_python(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.chdir(tmp_path)
    write_files(text, tmp_path)
    name = request.node.callspec.id
    test = doctest.DocTestParser().get_doctest(doctests(text), {}, name, f"docs/{name}.md", 0)
    said: list[str] = []
    results = doctest.DocTestRunner(optionflags=FLAGS).run(test, out=said.append)
    assert not results.failed, "".join(said)
    for picture in examples.PICTURES.get(name, ()):
        assert (tmp_path / picture).read_bytes().startswith(b"\x89PNG"), picture


def test_no_python_is_passed_over(text: str) -> None:
    assert text.count("\n>>> ") == doctests(text).count("\n>>> ")


def test_shell_commands_exist(text: str) -> None:
    from deltadocs.commands import commands

    for command, _ in [*sessions(text)]:
        words = shlex.split(command)
        if words[0] == "deltarule":
            _check(words, commands())


def test_shell_examples_in_the_help_exist() -> None:
    from deltadocs.commands import commands, page

    examples = [shlex.split(command) for command, _ in sessions(page())]
    assert {words[1] for words in examples} >= {"train", "predict", "show"}
    for words in examples:
        _check(words, commands())


def _check(words: list[str], known: dict) -> None:
    """A command names a subcommand and options that there are."""
    name = " ".join(words[:2]) if not words[1].startswith("-") else words[0]
    if getattr(known.get(name), "commands", None) and len(words) > 2:  # a group: its own command
        name = " ".join(words[:3])
    assert name in known, words
    options = {o for p in known[name].params for o in (*p.opts, *p.secondary_opts)}
    used = {word.partition("=")[0] for word in words if word.startswith("-")}
    assert used <= options, (words, used - options)


def test_getting_started_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its commands in a row, in an empty folder; trainings are cut short to save time."""
    monkeypatch.chdir(tmp_path)
    page = next(p for p in PAGES if p.stem == "getting-started").read_text(encoding="utf-8")
    write_files(page, tmp_path)
    checker, ran = doctest.OutputChecker(), 0
    for command, shown in sessions(page):
        words = shlex.split(command)
        if words[0] != "deltarule":
            continue
        words += ["--epochs", "3"] if words[1] == "train" else []
        done = CliRunner().invoke(app, words[1:], prog_name="deltarule")
        said = " ".join(done.output.split()) + "\n"
        failing = shown.startswith("error: ")
        assert (done.exit_code != 0) == failing, said
        assert not shown or checker.check_output(shown, said, FLAGS), (command, said)
        ran += 1
    assert ran >= 5
