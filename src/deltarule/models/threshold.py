"""From which probability on a row is said to be of the second of two classes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from deltarule.core.errors import UsageError, unknown_name

Counts = NDArray[np.float64]


def _f1(right: Counts, wrong: Counts, rows: float, others: float) -> Counts:
    """Return 2 TP / (2 TP + FP + FN) of a class of `rows` rows."""
    return 2.0 * right / np.maximum(right + wrong + rows, 1.0)


def _balanced(right: Counts, wrong: Counts, rows: float, others: float) -> Counts:
    """Return the mean of the shares of both classes that are told right."""
    return 0.5 * (right / rows + 1.0 - wrong / others)


RULES: dict[str, Callable[[Counts, Counts, float, float], Counts]] = {
    "f1": _f1,
    "balanced": _balanced,
}
"""What is made as large as it can be on the validation rows: F1 of the rarer class, or the mean of
both classes' shares told right."""

_HALF = 0.5


def as_threshold(given: str | float) -> str | float:
    """Return a rule's name, or a number between 0 and 1. Raises `UsageError`.

    >>> as_threshold("f1"), as_threshold("0.3")
    ('f1', 0.3)
    """
    if given in RULES:
        return str(given)
    try:
        value = float(given)
    except (TypeError, ValueError):
        raise unknown_name("way to choose a threshold", str(given), RULES) from None
    if not 0.0 < value < 1.0:
        raise UsageError(f"threshold is between 0 and 1, or one of {', '.join(RULES)}, not {given}")
    return value


def best_threshold(rule: str, p: NDArray[np.floating], t: NDArray[np.bool_]) -> float:
    """Return the threshold at which a rule's score is highest, of rows of both classes.

    It lies half-way between two probabilities; where several are as good, nearest to 1/2.
    F1 is that of the class with fewer rows.

    >>> best_threshold("balanced", np.array([0.1, 0.25, 0.5]), np.array([False, False, True]))
    0.375
    """
    if rule == "f1" and t.mean() > _HALF:
        return 1.0 - best_threshold(rule, 1.0 - p, ~t)
    order = np.argsort(-p, kind="stable")
    p, t = np.asarray(p, np.float64)[order], t[order]
    last = np.append(p[1:] < p[:-1], True)  # rows of one probability are told alike
    right, wrong = np.cumsum(t)[last], np.cumsum(~t)[last]
    score = RULES[rule](right.astype(float), wrong.astype(float), float(t.sum()), float((~t).sum()))
    ends = np.append(p[last], 0.0)
    middles = 0.5 * (ends[:-1] + ends[1:])
    best = middles[score >= score.max() - 1e-12]
    return float(best[np.argmin(np.abs(best - 0.5))])


def score_at(rule: str, threshold: float, p: NDArray[np.floating], t: NDArray[np.bool_]) -> float:
    """Return a rule's score where a row is said to be of the second class above a threshold.

    >>> score_at("f1", 0.5, np.array([0.6, 0.7, 0.1]), np.array([True, False, False]))
    0.6666666666666666
    """
    said = p > threshold
    if rule == "f1" and t.mean() > _HALF:
        said, t = ~said, ~t
    right, wrong = (np.array(float(np.sum(said & same))) for same in (t, ~t))
    return float(RULES[rule](right, wrong, float(t.sum()), float((~t).sum())))
