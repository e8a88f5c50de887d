"""How a study is laid out in pictures: a panel for every place, a line for every level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deltarule.studies.statistics.sentences import called

if TYPE_CHECKING:
    import polars as pl

    from deltarule.studies.results import Results

_INK = "#1A1A1A"
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#5A5A5A")
"""Okabe and Ito (2008), without their yellow, which is too light for a line."""
_DASHES: tuple[Any, ...] = ("-", (0, (5, 1.6)), (0, (1.4, 1.4)), (0, (6, 1.5, 1.2, 1.5)))


@dataclass(frozen=True)
class Look:
    """How the line of a level is drawn."""

    colour: str
    dashes: Any
    width: float


@dataclass(frozen=True, eq=False)
class Panel:
    """The cells of one place (the labels of the factors that are not compared), by level."""

    place: str
    cells: Mapping[str, pl.DataFrame]
    epochs: int
    """The most epochs of a run here."""


def grid_rows(panels: int, columns: int) -> int:
    """Return how many rows of small panels there are."""
    return -(-panels // columns)


def panels(results: Results) -> list[Panel]:
    """Return a panel per place; a study with nothing to compare has one."""
    d, compared = results.definition, results.definition.compared
    factors = list(d.factors)
    at = factors.index(compared) if compared is not None else -1
    found: dict[tuple[str, ...], dict[str, pl.DataFrame]] = {}
    most: dict[tuple[str, ...], int] = {}
    for key, cell in results.cells.items():
        place = tuple(v for k, v in enumerate(key) if k != at) if at >= 0 else key
        found.setdefault(place, {})[key[at] if at >= 0 else "all runs"] = cell
        most[place] = max(most.get(place, 1), d.epochs[key])
    others = [f for f in factors if f != compared]
    told = [len(d.factors[f]) > 1 for f in others]
    return [
        Panel(
            ", ".join(called(f, v) for f, v, t in zip(others, place, told, strict=True) if t),
            cells,
            most[place],
        )
        for place, cells in found.items()
    ]


def look(levels: Sequence[str], baseline: str | None) -> dict[str, Look]:
    """Return how every level is drawn: the baseline in ink, the others in colours, then dashes."""
    others = [level for level in levels if level != baseline]
    found = {
        level: Look(_COLOURS[k % len(_COLOURS)], _DASHES[k // len(_COLOURS) % len(_DASHES)], 1.7)
        for k, level in enumerate(others)
    }
    return {level: found.get(level, Look(_INK, "-", 2.4)) for level in levels}
