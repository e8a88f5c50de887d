"""What is written from the code is complete: every registered name, command, error, public name."""

from __future__ import annotations

import doctest
import os
import re
from functools import cache
from pathlib import Path

import pytest
from deltadocs import (
    api,
    commands,
    examples,
    failures,
    generate,
    plots,
    programs,
    run_keys,
    tables,
)
from deltadocs.docstrings import as_rst
from pages import DOCS, PAGES

import deltarule
from deltarule.activations import ACTIVATIONS
from deltarule.check.diagnose import MISTAKES
from deltarule.data import BUNDLED
from deltarule.layers import INITIALISERS, LAYERS
from deltarule.losses import FUSED, LOSSES, PENALTIES
from deltarule.optim import OPTIMISERS, SCHEDULES
from deltarule.rules import DERIVATIVES, FEEDBACKS, RULES
from deltarule.training import STOPPING

NAMES = {
    "activations": ACTIVATIONS.names(),
    "losses": (*LOSSES.names(), *PENALTIES.names()),
    "optimisers": OPTIMISERS.names(),
    "schedules": SCHEDULES.names(),
    "initialisers": INITIALISERS.names(),
    "rules": (*RULES, *DERIVATIVES.names(), *FEEDBACKS.names()),
    "stopping": STOPPING.names(),
    "layers": LAYERS.names(),
    "bundled": BUNDLED,
    "mistakes": MISTAKES,
}


@cache
def part(name: str) -> str:
    """Return a generated part, made once."""
    return generate.parts()[name]()


def test_every_registry_has_a_page() -> None:
    assert set(NAMES) == set(tables.PAGES)
    assert set(NAMES) <= {page.stem for page in PAGES}


@pytest.mark.parametrize("page", NAMES)
def test_table_has_every_name(page: str) -> None:
    table = part(page)
    assert [name for name in NAMES[page] if f"`{name}`" not in table] == []


@pytest.mark.parametrize("page", sorted(set(NAMES) - {"rules", "bundled", "mistakes"}))
def test_every_record_has_a_section(page: str) -> None:
    sections = re.findall(r"^### (\w+)$", part(f"{page}-classes"), flags=re.MULTILINE)
    assert sections == list(NAMES[page])


def test_fused_pairs_are_listed() -> None:
    for activation, loss in FUSED:
        assert f"| `{activation}` | `{loss}` |" in part("losses")


def test_table_rows_have_as_many_cells_as_the_head(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the rows of programs say is held in `tests/check/adapter`: three are asked here."""
    every = programs.mistakes()
    assert "|" not in "".join(f"{m['asked']}{m['named']}" for m in every)
    monkeypatch.setattr(programs, "mistakes", lambda: every[::10])
    for name in generate.parts():
        for table in re.findall(r"(?:^\|.*\|\n?)+", part(name), flags=re.MULTILINE):
            counts = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}
            assert len(counts) == 1, table


def test_every_part_is_included_in_a_page() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    included = set(re.findall(r"\{include\} generated/parts/([\w-]+)\.md", text))
    unused = {f"{page}-classes" for page in ("rules", "bundled", "mistakes")}
    assert included == set(generate.parts()) - unused


def test_command_line_page_has_every_command_and_option() -> None:
    text = part("command-line")
    for name, command in commands.commands().items():
        section = text.split(f"## {name}\n", 1)[1].split("\n## ", 1)[0]
        assert command.help.split("\n")[0] in section
        for option in commands.options(command):
            assert all(name in section for name in option.opts)


def test_errors_page_has_every_class() -> None:
    found = {c.__name__ for c in failures.classes()}
    assert {n for n in deltarule.__all__ if n.endswith("Error")} <= found | {"ErrorBelow"}
    table = part("errors")
    assert all(f"| `{c.__name__}` | {c.exit_code} |" in table for c in failures.classes())


def test_exit_codes_on_the_errors_page_agree() -> None:
    page = (DOCS / "errors.md").read_text(encoding="utf-8")
    assert all(f"\n| {c.exit_code} | " in page for c in failures.classes())


def test_run_json_has_no_entry_without_a_meaning() -> None:
    table = part("run-keys")
    assert all(f"| `{key}` |" in table for key in run_keys.MEANINGS)


def test_api_has_every_public_name() -> None:
    pytest.importorskip("sphinx", reason="the docs extra")
    pages = api.pages()
    for name in deltarule.__all__:
        assert f":: deltarule.{name}\n" in pages["api-names"] + "\n" or f"api-{name}" in pages


@pytest.mark.parametrize("page", plots.PAGES)
def test_pictures_are_drawn(page: str, tmp_path: Path) -> None:
    plots.PAGES[page](tmp_path / "picture.svg")
    assert (tmp_path / "picture.svg").stat().st_size > 10_000


@pytest.mark.parametrize("page", examples.PICTURES)
def test_the_pages_own_pictures_are_shown_and_can_be_drawn_by_its_examples_alone(page: str) -> None:
    """That they draw them: `test_pages.py`. An example that fails on purpose would end `draw`."""
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    shown = [f"```{{image}} generated/{picture}" for picture in examples.PICTURES[page]]
    assert [place for place in shown if place not in text] == []
    several = doctest.DocTestParser().get_examples(text)
    mine = examples.PICTURES[page]
    last = max(i for i, e in enumerate(several) if any(picture in e.source for picture in mine))
    run = several[: last + 1]
    assert [e.source for e in run if e.exc_msg or e.options.get(doctest.SKIP)] == []


def test_a_page_is_run_down_to_its_last_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = """Two pictures.

```pycon
>>> from pathlib import Path
>>> Path("one.png").write_bytes(b"one.png")
7
>>> Path("two.png").write_bytes(b"two.png")
7
>>> 1 / 0

```
"""
    (tmp_path / "mine.md").write_text(page, encoding="utf-8")
    monkeypatch.setattr(examples, "DOCS", tmp_path)
    monkeypatch.setitem(examples.PICTURES, "mine", ("one.png", "two.png"))
    kept = tmp_path / "new" / "one.png"
    examples.draw("mine", kept.parent)
    assert sorted(path.name for path in kept.parent.iterdir()) == ["one.png", "two.png"]
    os.utime(kept, (0, 0))
    examples.draw("mine", kept.parent)
    assert kept.stat().st_mtime == 0, "what would not change is left alone"
    kept.write_bytes(b"old")
    examples.draw("mine", kept.parent)
    assert kept.read_bytes() == b"one.png"


def test_reference_engine_page_quotes_the_code() -> None:
    page = (DOCS / "reference-engine.md").read_text(encoding="utf-8")
    source = Path(deltarule.__file__).parent.joinpath("engine", "reference.py").read_text()
    quoted = re.findall(r"^\| `([^`]+)` \|", page, flags=re.MULTILINE)
    assert quoted
    assert [q for q in quoted if q.removesuffix("...)") not in source] == []


def test_docstrings_keep_equations_and_escape_markup() -> None:
    lines = ["With |d| < 1, as `dr.train`:", "", "    a  * b", "", "Args:", "    x: n_l, `y`."]
    assert as_rst(lines) == [
        "With \\|d\\| < 1, as :py:obj:`dr.train <deltarule.train>`:",
        "",
        ".. code-block:: text",
        "   :class: equation",
        "",
        "    a  * b",
        "",
        "Args:",
        "    x: n_l, ``y``.",
    ]


def test_formulas_become_mathml() -> None:
    pytest.importorskip("latex2mathml", reason="the docs extra")
    from deltadocs.mathml import to_mathml

    for registry in (ACTIVATIONS, LOSSES, PENALTIES, OPTIMISERS, SCHEDULES, INITIALISERS, LAYERS):
        for record in registry:
            found = to_mathml(record.equation)
            assert found.startswith("<math")
            assert "merror" not in found
            assert "\\" not in found
    assert "<mtext>net</mtext>" in to_mathml(r"e^{net}")
    assert "<mtext>dE</mtext>" not in to_mathml("dE")
