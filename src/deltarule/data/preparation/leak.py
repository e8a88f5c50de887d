"""Columns that alone give the target away: often they are known only after it is.

Each row's target is told from the four rows that stand next to it in the order of one column: the
mean of their ranks for a quantity, the most frequent class for classes. Where that is nearly
always right, no other column is needed, which outside of textbooks is too good to be true.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from deltarule.core.random import stream
from deltarule.data.preparation.task import class_codes
from deltarule.data.table import Column, Table, option

_SURE, _SURE_IN_ORDER = 0.98, 0.999
"""From which share on a column is named: 0 is what the target's mean tells, 1 is all."""

_LEAST, _MOST, _COLUMNS = 40, 4096, 1000
"""Rows that are needed, rows that are looked at, and columns."""

_BESIDE = (-2, -1, 1, 2)
_SHUFFLE = 0x1EAC


def leaks(
    table: Table,
    rows: NDArray[np.intp],
    inputs: Sequence[str],
    targets: Sequence[str],
    quantity: bool,
    ordered: bool,
) -> list[str]:
    """Return a note for every input column, of the first 1,000, that alone tells a target.

    In a series (`ordered`) neighbours are alike anyway: only a column that tells all is named, and
    none that follows the time.
    """
    if len(rows) < _LEAST:
        return []
    some = stream(0, _SHUFFLE).permutation(rows)[:_MOST]
    sure = _SURE_IN_ORDER if ordered else _SURE
    notes = []
    for target in targets:
        known = _target(table[target], some, quantity)
        for name in inputs[:_COLUMNS]:
            column = table[name]
            if column.written in ("date", "date and time") or (ordered and _rises(column, rows)):
                continue
            share = _told(known, column.values[some], quantity)
            if share >= sure:
                notes.append(
                    f"column {name!r} alone tells {share:.1%} of target {target!r}. If it is known "
                    f"only after the target is, leave it out: {option('drop', name)}"
                )
    return notes


def counters(table: Table, inputs: Sequence[str], ordered: bool) -> list[str]:
    """Return a note for every input column that numbers the rows, as a customer's number does.

    In a series (`ordered`) that is the time.
    """
    if ordered or table.rows < _LEAST:
        return []
    return [
        f"column {name!r} numbers the rows. If that tells nothing, carry it along with "
        f"{option('id', name)}, or leave it out with {option('drop', name)}"
        for name in inputs[:_COLUMNS]
        if table[name].kind == "numeric"
        and table[name].written == "number"
        and np.all(np.diff(table[name].values) == 1.0)
    ]


def _target(column: Column, rows: NDArray[np.intp], quantity: bool) -> NDArray[np.float64]:
    """Return a quantity's ranks, (n, 1), or the classes as (n, classes)."""
    if quantity:
        return np.argsort(np.argsort(column.values[rows])).astype(np.float64)[:, None]
    names, codes = class_codes(column)
    return np.eye(len(names))[codes[rows]]


def _told(known: NDArray[np.float64], values: NDArray[np.float64], quantity: bool) -> float:
    """Return the share of what is to be told that the neighbours in a column's order tell."""
    sorted_ = known[np.argsort(values, kind="stable")]  # rows come in an order by chance
    n = len(sorted_)
    near = np.arange(n)[:, None] + np.array(_BESIDE)
    inside = (near >= 0) & (near < n)
    votes = np.where(inside[..., None], sorted_[near % n], 0.0).sum(axis=1)
    if quantity:
        wrong = np.square(sorted_ - votes / inside.sum(axis=1, keepdims=True)).sum()
        return float(1.0 - wrong / np.square(sorted_ - sorted_.mean()).sum())
    own = (votes * sorted_).sum(axis=1)
    right = np.mean(own == votes.max(axis=1))  # a tie, as between two classes, is right
    base = sorted_.mean(axis=0).max()
    return float((right - base) / (1.0 - base)) if base < 1.0 else 0.0


def _rises(column: Column, rows: NDArray[np.intp]) -> bool:
    steps = np.diff(column.values[np.sort(rows)])
    return bool(np.all(steps >= 0) or np.all(steps <= 0))
