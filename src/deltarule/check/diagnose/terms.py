"""The terms of a gradient through time, one by one: by the step they are of, and by their reach.

    dE/dw = sum over t of G_t             the weight's use at step t
          = sum over d of H_d             errors that have gone back d steps

Where a given gradient is their sum with other weights, the weights say what was left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from deltarule.check.diagnose.case import Array, Case
from deltarule.check.diagnose.in_time import in_time, summed
from deltarule.check.diagnose.match import HALF_THE_DIGITS, largest, least_squares

_MORE = 3
"""How many numbers there have to be besides those that the weights take."""


def time_facts(case: Case, l: int, dE_dy: Array, given: Array) -> list[str]:
    """Return, as sentences, with which weights the terms give layer l's gradient, where any do."""
    said = []
    for columns, words, first in (
        (_by_step(case, l, dE_dy), "the term of step {}", 1),
        (_by_reach(case, l, dE_dy), "errors {} steps back", 0),
    ):
        weights = _weights(columns, given)
        if weights is not None:
            said.append(
                f"layer {case.number(l)}: it is a sum of the right terms with other weights: "
                f"{_told(weights, words, first)}"
            )
    return said


def _by_step(case: Case, l: int, dE_dy: Array) -> list[Array]:
    time = in_time(case, l, dE_dy, _right)
    found = []
    for t in range(case.steps):
        rows = np.zeros((case.n, case.steps, 1))
        rows[:, t] = 1.0
        over = (rows.reshape(-1, 1),) * 2
        found.append(_flat(case, l, summed(case, l, time, _right, over)))
    return found


def _by_reach(case: Case, l: int, dE_dy: Array) -> list[Array]:
    """Return what errors add that have gone back 0, 1, .. steps."""
    found: list[Array] = []
    before: Array | float = 0.0
    over = (np.ones((len(case.inputs[l]), 1)),) * 2
    for k in range(1, case.steps + 1):
        windows = tuple((max(0, end - k), end - 1, end) for end in range(case.steps, 0, -1))

        def put(slot: str, right: object, windows: object = windows) -> object:
            return windows if slot == "reach" else right

        upto = _flat(case, l, summed(case, l, in_time(case, l, dE_dy, put), _right, over))
        found.append(upto - before)
        before = upto
    return found


def _right(slot: str, right: object) -> object:
    return right


def _flat(case: Case, l: int, named: dict[str, Array]) -> Array:
    stage = case.stages[l]
    found: Array = stage.flat(stage.pair(named))
    return found


def _weights(columns: Sequence[Array], given: Array) -> Array | None:
    """Return the columns' weights in the given vector, where they are over-determined and fit."""
    used = [c for c in columns if np.any(c)]
    if not used or len(given) < len(used) + _MORE:
        return None
    found = least_squares(used, given, 1e-10)
    if found is None:
        return None
    apart = largest(np.column_stack(used) @ found - given)
    if apart > HALF_THE_DIGITS * largest(given):
        return None
    weights = iter(found)
    return np.array([next(weights) if np.any(c) else np.nan for c in columns])


def _told(weights: Array, words: str, first: int) -> str:
    """Return the weights with their numbers, equal ones that follow each other together."""
    pairs = [(0.0 if abs(w) < 1e-6 else float(f"{w:.6g}"), i)
             for i, w in enumerate(weights, first) if not np.isnan(w)]  # fmt: skip
    said = []
    for weight, group in groupby(pairs, key=lambda pair: pair[0]):
        mine = [i for _, i in group]
        where = f"{mine[0]}" if len(mine) == 1 else f"{mine[0]} to {mine[-1]}"
        said.append(f"{words.format(where)} by {weight:g}")
    return ", ".join(said)
