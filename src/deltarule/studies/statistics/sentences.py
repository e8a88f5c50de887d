"""Sentences from intervals: they say no more than the numbers do."""

from __future__ import annotations

from typing import Any

from deltarule.studies.statistics.paired import Pair
from deltarule.studies.statistics.values import Measure

ALPHA = 0.05
"""After Holm's adjustment."""

CLAIMS = (
    "A difference is claimed where p, adjusted over all comparisons (Holm), is below 0.05 and the "
    "interval leaves out 0. The interval is at 95 % for its comparison by itself: it says how "
    "large a difference may be, and among many comparisons some leave out 0 by chance."
)
"""How claims are made, for whoever reads them."""

_OFTEN = 0.75
"""In so many pairs one has to be better for "mostly" to be said (Bouthillier et al. 2021)."""


def verdict(pair: Pair, p_holm: float | None, measure: Measure) -> str:
    """Return "better", "worse", "no difference told" or "one run".

    A difference is claimed where the adjusted p is below 5 % and the interval leaves out 0.
    """
    if p_holm is None:
        return "one run"
    difference, low, high = pair.difference.value, pair.difference.low, pair.difference.high
    if difference is None or low is None or high is None:  # by order alone, or all alike
        apart = difference is None or difference != 0.0
        sign = (0.5 if pair.better.value is None else pair.better.value) - 0.5
    else:
        apart = low > 0.0 or high < 0.0
        sign = -difference if measure.lower_is_better else difference
    if p_holm >= ALPHA or not apart or sign == 0.0:
        return "no difference told"
    return "better" if sign > 0.0 else "worse"


def sentence(row: dict[str, Any], measure: Measure) -> str:
    """Return what one comparison shows.

    The interval is this comparison's alone and says how large the difference may be; p is adjusted
    over all comparisons and says whether there is one.

    `row` has a, b, where, n, value_a, value_b, difference, low, high, better, p_holm, verdict, of.
    """
    where = f"{row['where']}: " if row["where"] else ""
    head = f"{where}{row['a']} {_value(row, 'a', measure)}, {row['b']} {_value(row, 'b', measure)}"
    if row["verdict"] == "one run":
        return f"{head}; one run each: nothing can be claimed."
    if row["verdict"] == "no difference told":
        told = _interval(row, measure, " (", f"; {_p(row)})")
        return f"{head}: no difference can be told{told}."
    if row["difference"] is None:
        return f"{head}: {row['verdict']}, by the order of the pairs ({_p(row)})."
    return (
        f"{head}: {_amount(row, measure)}{_interval(row, measure, ' (', '; ')}{_p(row)})"
        f"{_mostly(row)}: {row['verdict']}."
    )


def _value(row: dict[str, Any], side: str, measure: Measure) -> str:
    value, n = row[f"value_{side}"], row["n"]
    if measure.name == "solved":
        return f"solves {round(value * n)} of {n}"
    if measure.name == "epochs":
        return f"takes {count(value)} epochs"
    name = measure.name.replace("_", " ")
    return f"has {'no finite ' + name if value is None else f'{name} {_number(value, measure)}'}"


def _amount(row: dict[str, Any], measure: Measure) -> str:
    size = abs(row["difference"])
    more, fewer = ("more", "more") if row["difference"] > 0 else ("less", "fewer")
    if measure.percent:
        return f"{100 * size:.1f} percentage points {fewer}"
    if measure.name == "epochs":
        return f"{count(size)} {fewer}"
    return f"{size:.3g} {more}"


def _interval(row: dict[str, Any], measure: Measure, before: str, after: str) -> str:
    """Return the interval of the difference, the smaller end first, signs as they are."""
    if row["low"] is None:
        return before if after == "; " else f" ({after[2:]}"
    ends = (row["low"], row["high"])
    if row["verdict"] in ("better", "worse") and row["difference"] < 0:
        ends = (-row["high"], -row["low"])  # of the amount, which is told without its sign
    low, high = (_end(end, measure) for end in ends)
    of = "" if row["verdict"] in ("better", "worse") else "difference "
    alone = "" if row["low"] <= 0.0 <= row["high"] or not of else " by itself"
    return f"{before}{of}95 % interval {low} to {high}{alone}{after}"


def _end(value: float, measure: Measure) -> str:
    if measure.percent:
        return f"{100 * value:.1f}"
    return count(value) if measure.name == "epochs" else f"{value:.3g}"


def _number(value: float, measure: Measure) -> str:
    return f"{100 * value:.1f} %" if measure.percent else f"{value:.3g}"


def _mostly(row: dict[str, Any]) -> str:
    """Say in how many pairs it is so, where the interval lets one claim that it mostly is."""
    share, low, high = row["better"], row["better_low"], row["better_high"]
    if row["verdict"] == "better" and low is not None and low > 0.5 and share > _OFTEN:
        return f", in {100 * share:.0f} % of the pairs"
    if row["verdict"] == "worse" and high is not None and high < 0.5 and share < 1 - _OFTEN:
        return f", in {100 * (1 - share):.0f} % of the pairs"
    return ""


def _p(row: dict[str, Any]) -> str:
    p = row["p_holm"]
    over = f" over all {row['of']}" if row["of"] > 1 else ""
    return ("p < 0.001" if p < 0.001 else f"p = {p:.3f}") + over


def called(factor: str, label: str) -> str:
    """Return how a level is told apart from the others of the study: a number with its factor.

    >>> called("lr", "0.3"), called("problem", "XOR 2-2-1")
    ('lr 0.3', 'XOR 2-2-1')
    """
    return label if any(c.isalpha() for c in label) else f"{factor} {label}"


def count(value: float) -> str:
    """Return a number of epochs as it is told.

    >>> count(1234.56), count(12.34)
    ('1,235', '12.3')
    """
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}"
