"""The rooms as a picture: rows from `.importlinter`, boxes by lines, imports read from the code."""

from __future__ import annotations

from collections import Counter
from configparser import ConfigParser
from functools import cache
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from deltadocs import rooms
from deltadocs.plots import BLUE, ORANGE, STYLE

__all__ = ["PARTS", "draw", "figures", "levels", "upwards"]

PARTS = {"rooms": "deltarule", "compiled": "engine/compiled"}
"""What is drawn, by its contract in `.importlinter`."""

_INSIDE = {"rooms": "", "compiled": "engine.compiled."}


def levels(contract: str) -> list[list[str]]:
    """Return the rooms of a contract, row by row from the top.

    >>> levels("compiled")[0], levels("rooms")[-1]
    (['listing', 'many'], ['core'])
    """
    parser = ConfigParser()
    parser.read(Path(__file__).parents[3] / ".importlinter", encoding="utf-8")
    rows = parser[f"importlinter:contract:{contract}"]["layers"].split("\n")
    return [row.split(" | ") for row in rows if row.strip()]


@cache
def _edges(contract: str) -> Counter[tuple[str, str]]:
    """Return how many imports there are from one room of a contract to another."""
    inside, found = _INSIDE[contract], Counter[tuple[str, str]]()
    known = {room for row in levels(contract) for room in row}
    for module, wanted in rooms.imports().items():
        for other in wanted:
            if module.startswith(inside) and other.startswith(inside):
                pair = tuple(name.removeprefix(inside).split(".")[0] for name in (module, other))
                if known.issuperset(pair) and pair[0] != pair[1]:
                    found[pair[0], pair[1]] += 1
    return found


def upwards(contract: str) -> list[tuple[str, str]]:
    """Return the pairs of rooms of which the lower one, or one beside, imports the other."""
    row = {room: k for k, several in enumerate(levels(contract)) for room in several}
    return [(a, b) for a, b in _edges(contract) if row[a] >= row[b]]


def _lines(contract: str, room: str) -> int:
    place = rooms.ROOT.joinpath(*_INSIDE[contract].split("."), room)
    files = place.rglob("*.py") if place.is_dir() else [place.with_suffix(".py")]
    return sum(len(file.read_text(encoding="utf-8").splitlines()) for file in files)


def figures() -> str:
    """Return the figures of the picture as a sentence."""
    files = [f.read_text(encoding="utf-8").splitlines() for f in rooms.ROOT.rglob("*.py")]
    counts = ", ".join(
        f"{sum(_edges(c).values()):,} between the rooms of `{name}` ({len(upwards(c))} upwards)"
        for c, name in PARTS.items()
    )
    return (
        f"{len(files)} files, {sum(map(len, files)):,} lines, blank ones, comments and docstrings "
        f"included. Imports: {counts}. Circles of modules: {len(rooms.circles())}."
    )


def draw(path: Path) -> None:
    """Draw the rooms of the package, and beside them those of the compiled engine."""
    with mpl.rc_context(STYLE):
        fig = Figure(figsize=(7.6, 5.2), layout="constrained")
        for ax, contract in zip(fig.subplots(1, 2), PARTS, strict=True):
            _draw(ax, contract)
        path.parent.mkdir(parents=True, exist_ok=True)
        fig.savefig(path, metadata={"Date": None})


def _draw(ax: Axes, contract: str) -> None:
    places: dict[str, tuple[float, float]] = {}
    rows = levels(contract)
    for k, row in enumerate(rows):
        for n, room in enumerate(row):
            places[room] = ((n + 0.5) / len(row), -float(k))
    forbidden = upwards(contract)
    for (a, b), count in _edges(contract).items():
        wrong = (a, b) in forbidden
        x, y = zip(places[a], places[b], strict=True)
        width = 0.4 + 0.012 * min(count, 100)
        ax.plot(x, y, color=ORANGE if wrong else "#b8c8d8", lw=2 if wrong else width, zorder=1)
    for room, (x, y) in places.items():
        text = f"{room}\n{_lines(contract, room):,}"
        box = {"boxstyle": "round,pad=0.25", "fc": "white", "ec": BLUE, "lw": 0.9}
        ax.text(x, y, text, ha="center", va="center", fontsize=7, bbox=box, zorder=2)
    ax.set_title(f"{PARTS[contract]}: lines of code, imports", fontsize=9)
    ax.set(xlim=(0, 1), ylim=(-len(rows) + 0.4, 0.6))
    ax.set_axis_off()
