"""The notebooks run from top to bottom, hold no outputs, and are all in the gallery."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import pytest
from pages import DOCS

NOTEBOOKS = sorted((DOCS / "notebooks").glob("*.ipynb"))

FOUND = {
    "first-network": lambda names: names["solved"] > 150,
    "the-3-3-3-1": lambda names: names["agrees"] and len(names["paths"]) == 3,
    "what-f-prime-is-for": lambda names: (
        names["solved"]["hidden=constant"] == 0 < names["solved"]["exact"]
    ),
    "check-your-gradient": lambda names: (
        len(names["found"].mistakes) == 1
        and names["mended"].verdict == "correct"
        and names["right"].passed > names["wrong"].passed
    ),
    "time-series": lambda names: (sum(names["each"]) == names["total"]).all(),
    "scikit-learn-pipeline": lambda names: names["check"].passed and names["score"] > 0.9,
}
"""What a reader is told, by notebook."""


def cells(notebook: Path) -> list[dict[str, Any]]:
    return list(json.loads(notebook.read_text(encoding="utf-8"))["cells"])


def test_every_notebook_is_in_the_gallery_and_here() -> None:
    gallery = (DOCS / "notebooks.md").read_text(encoding="utf-8")
    assert [n.stem for n in NOTEBOOKS] == sorted(FOUND)
    assert all(gallery.count(f"notebooks/{name}") == 2 for name in FOUND)


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(
    notebook: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """A cell's last expression is shown as it is in a notebook: as HTML where it can be."""
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    plt.switch_backend("agg")
    for number, cell in enumerate(cells(notebook)):
        if cell["cell_type"] != "code":
            continue
        assert cell["outputs"] == [], "clear the outputs: they are made when the pages are"
        tree = ast.parse("".join(cell["source"]))
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        place = f"{notebook.name}, cell {number}"
        exec(compile(tree, place, "exec"), names)
        if isinstance(last, ast.Expr):
            shown = eval(compile(ast.Expression(last.value), place, "eval"), names)
            getattr(shown, "_repr_html_", shown.__repr__)()
    plt.close("all")
    assert FOUND[notebook.stem](names)
