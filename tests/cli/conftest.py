"""The command line called in this process, in a folder of its own."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import Cli
from typer.testing import CliRunner, Result

from deltarule.cli.main import app


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cli]:
    """Yield a function that runs `deltarule ARGUMENTS` in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, list(arguments), prog_name="deltarule")

    yield run
    for name, module in list(sys.modules.items()):  # the folder's own: others may be called so
        if str(tmp_path) in str(getattr(module, "__file__", "")):
            del sys.modules[name]


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """Write a table of the user's own: text, truth values, a name, missing cells, quotes."""
    lines = ["name,age,city,married,income,rich"]
    for i in range(60):
        age = "" if i == 7 else 20 + i
        city = ("Rome", "Bonn", '"New York, NY"')[i % 3]
        income = 1000 * i + 300 * (i % 3)
        rich = "yes" if i > 30 else "no"
        lines.append(f"n{i % 50},{age},{city},{str(i % 2 == 0).lower()},{income},{rich}")
    path = tmp_path / "people.csv"
    path.write_text("\n".join(lines) + "\n")
    return path
