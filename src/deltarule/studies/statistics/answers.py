"""The comparisons of a study put together: level by level, and what so many seeds can show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from deltarule.studies.statistics.paired import detectable
from deltarule.studies.statistics.sentences import count

__all__ = ["answers", "power"]


def answers(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Return one sentence per level: where it is better, worse, and where nothing can be told.

    A cell is judged by the first measure that shows a difference: by what is solved, before by how
    soon.
    """
    levels = dict.fromkeys(row["a"] for row in rows)
    found = []
    for level in levels:
        mine = [row for row in rows if row["a"] == level]
        where = [_judged(mine, place) for place in dict.fromkeys(row["where"] for row in mine)]
        parts = [
            f"{verdict} {'on ' if some[0][0] else ''}"
            + "; ".join(f"{place} ({why})" if place else f"({why})" for place, _, why in some)
            for verdict in ("worse", "better", "no difference told", "one run")
            if (some := [w for w in where if w[1] == verdict])
        ]
        found.append(f"{level} beside {mine[0]['b']}: {'. '.join(parts)}.")
    return found


def _judged(rows: Sequence[dict[str, Any]], place: str) -> tuple[str, str, str]:
    here = [row for row in rows if row["where"] == place]
    row = next((r for r in here if r["verdict"] in ("better", "worse")), here[0])
    return place, row["verdict"], _numbers(row)


def _numbers(row: dict[str, Any]) -> str:
    a, b = row["value_a"], row["value_b"]
    if row["measure"] == "solved":
        return f"solved {round(a * row['n'])} against {round(b * row['n'])} of {row['n']}"
    if a is None or b is None:
        return f"{row['measure']} not finite"
    if row["measure"] == "epochs":
        return f"{count(a)} against {count(b)} epochs"
    return f"{row['measure'].replace('_', ' ')} {a:.3g} against {b:.3g}"


def power(n: int, comparisons: int) -> str:
    """Return what n paired seeds can show, as a sentence.

    >>> power(1, 3)
    'One seed: no interval, and nothing that can be claimed.'
    """
    if n < 2:
        return "One seed: no interval, and nothing that can be claimed."
    k = max(1, comparisons)
    deviations = detectable(n, k)
    points = 100 * deviations * 0.5**0.5
    return (
        f"{n} seeds in {k} comparison{'' if k == 1 else 's'} show, 8 times in 10, a difference of "
        f"{min(points, 100.0):.0f} percentage points between shares near a half, and in anything "
        f"else one of {deviations:.2f} standard deviations of the paired differences."
    )
