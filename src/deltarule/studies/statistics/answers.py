"""The comparisons of a study put together: level by level, and what so many seeds can show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from deltarule.core.texts import some
from deltarule.studies.statistics.paired import detectable
from deltarule.studies.statistics.sentences import count
from deltarule.studies.statistics.values import MEASURES


def answers(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Return one sentence per level: where it is better, worse, and where nothing can be told.

    Where measures that show a difference disagree, both are told; else the first one is: what is
    solved, before how soon.
    """
    levels = dict.fromkeys(row["a"] for row in rows)
    found = []
    for level in levels:
        mine = [row for row in rows if row["a"] == level]
        judged = [_judged(mine, place) for place in dict.fromkeys(row["where"] for row in mine)]
        parts = []
        for verdict, words in _WORDS.items():
            own = [(place, why) for place, is_, why in judged if is_ == verdict]
            where = "; ".join(f"on {place} ({why})" if place else f"({why})" for place, why in own)
            parts += [f"{words} {where}"] if own else []
        found.append(f"{level}, beside {mine[0]['b']}: {'; '.join(parts)}.")
    return found


_WORDS = {
    "worse": "worse",
    "better": "better",
    "mixed": "better and worse",
    "no difference told": "no difference can be told",
    "one run": "nothing can be claimed, with one run each,",
}


def _judged(rows: Sequence[dict[str, Any]], place: str) -> tuple[str, str, str]:
    """Return the place, the verdict over all measures, and the numbers that it rests on."""
    here = [row for row in rows if row["where"] == place]
    told = [row for row in here if row["verdict"] in ("better", "worse")] or here[:1]
    verdicts = {row["verdict"] for row in told}
    if len(verdicts) > 1:
        return place, "mixed", " but ".join(map(_numbers, told))
    return place, told[0]["verdict"], _numbers(told[0])


def _numbers(row: dict[str, Any]) -> str:
    a, b = row["value_a"], row["value_b"]
    if row["measure"] == "solved":
        return f"{round(a * row['n'])} against {round(b * row['n'])} of {row['n']} solved"
    if a is None or b is None:
        return f"{row['measure']} not finite"
    if row["measure"] == "epochs":
        return f"{count(a)} against {count(b)} epochs"
    name = row["measure"].replace("_", " ")
    if MEASURES[row["measure"]].percent:
        return f"{name} {100 * a:.1f} against {100 * b:.1f} %"
    return f"{name} {a:.3g} against {b:.3g}"


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
        f"{n} seeds in {some(k, 'comparison')} show, 8 times in 10, a difference of "
        f"{min(points, 100.0):.0f} percentage points between shares near a half, and in anything "
        f"else one of {deviations:.2f} standard deviations of the paired differences."
    )
