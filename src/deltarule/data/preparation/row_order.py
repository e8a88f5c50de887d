"""Which order the rows of a table have: a series is not to be split at random.

A model that is tested on rows between those it was trained on has seen their neighbours; in a
series its error then says nothing of the future.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.errors import UsageError, unknown_name
from deltarule.core.texts import some
from deltarule.data.preparation.encode_check import check_missing
from deltarule.data.table import Column, Table, listed, no_such_column, option

SPLITS = ("auto", "random", "ordered")
_BY = "column:"
_DATED = ("date", "date and time")
_LAGS, _SHARE, _LEAST, _FEW = 24, 0.95, 20, 10
_LOOKED_AT, _COLUMNS = 4096, 200
_TIME = re.compile(
    r"(date|day|days|week|month|quarter|year|yr|hour|minute|second|time|timestamp|datetime|t|period"
    r"|step|epoch)([ _-]?(index|no|nr|number|id))?",
    re.IGNORECASE,
)
_OTHERWISE = "`--split random` would test on rows between those of training"


@dataclass(frozen=True)
class Order:
    """The rows from the first to the last (None: they have no order), and why."""

    rows: NDArray[np.intp] | None
    reason: str = ""


def check_split(split: str) -> None:
    """Refuse what is no way to split rows."""
    if split not in SPLITS and not split.removeprefix(_BY) != split:
        raise unknown_name("way to split", split, (*SPLITS, f"{_BY}NAME"))


def order_of(table: Table, names: Sequence[str], rows: NDArray[np.intp], split: str) -> Order:
    """Return the order in which `rows` are split into parts.

    `split` is "random", "ordered" (as they stand), "column:NAME" (by that column), or "auto": in
    order where the source says so, where one column holds dates, where numbers called like a time
    rise or fall from row to row, or where a column repeats another one some rows before; else at
    random. `names` are the targets.

    Raises `DataError` for missing cells in the column to go by, `UsageError` for another split.
    """
    check_split(split)
    if split == "random":
        return Order(None)
    if split == "ordered":
        return Order(rows, "as they stand")
    if split.startswith(_BY):
        name = split.removeprefix(_BY)
        if name not in table:
            raise no_such_column(table.source, name, table.names)
        return Order(_by(table, table[name], rows), f"of column {name!r}")
    if table.ordered:
        return Order(rows, f"as {table.source} is a series")
    inputs = [column for column in table.columns if column.name not in names]
    numeric = [column for column in inputs if column.kind == "numeric"]
    return _dated(table, numeric, rows) or _named(numeric, rows) or (
        _lagged([table[n] for n in names], numeric, rows) or Order(None)
    )  # fmt: skip


def _by(table: Table, column: Column, rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the rows in the order of a column; equal ones stay as they stand."""
    if column.kind != "numeric":
        raise UsageError(
            f"{table.source}: column {column.name!r} is {column.kind}, and rows are split by "
            "numbers, dates or times."
        )
    check_missing(table, [column.name], rows, "The column to split by must be known in every row.")
    return rows[np.argsort(column.values[rows], kind="stable")]


def _dated(table: Table, columns: Sequence[Column], rows: NDArray[np.intp]) -> Order | None:
    """Look for a column of dates; of several, for the one in whose order the rows stand."""
    dated = [column for column in columns if column.written in _DATED]
    standing = [column for column in dated if _direction(column.values[rows]) != 0]
    chosen = standing if len(standing) == 1 else dated
    if len(chosen) > 1:
        names = listed([repr(column.name) for column in chosen])
        by = option("split", f"{_BY}{chosen[0].name}")
        return Order(None, f"which of {names} is their time is not known: {by} would say it")
    if not chosen:
        return None
    name = chosen[0].name
    if chosen[0].missing[rows].any():
        return Order(None, f"{name!r}, a {chosen[0].written}, is not known in every row")
    return Order(_by(table, chosen[0], rows), f"of {name!r}, a {chosen[0].written}: {_OTHERWISE}")


def _named(columns: Sequence[Column], rows: NDArray[np.intp]) -> Order | None:
    """Look for numbers that are called like a time and rise, or fall, from row to row."""
    for column in columns:
        if _TIME.fullmatch(column.name.strip()):
            values = column.values[rows]
            direction = _direction(values, strictly=True)
            if direction:
                change = "rises" if direction > 0 else "falls"
                reason = f"as {column.name!r} {change} from row to row: {_OTHERWISE}"
                return Order(rows[::direction], reason)
    return None


def _direction(values: NDArray[Any], strictly: bool = False) -> int:
    """Return 1 where values rise from row to row, -1 where they fall, 0 elsewhere."""
    steps = np.diff(values)
    if not len(steps) or np.isnan(steps).any() or not steps.any():
        return 0
    if strictly and not steps.all():
        return 0
    return 1 if np.all(steps >= 0) else -1 if np.all(steps <= 0) else 0


def _lagged(
    targets: Sequence[Column], columns: Sequence[Column], rows: NDArray[np.intp]
) -> Order | None:
    """Look for a column that repeats a target, or its neighbour, some rows before."""
    columns, few = columns[:_COLUMNS], rows[:_LOOKED_AT]
    pairs = [(column, t) for t in targets if t.kind == "numeric" for column in columns]
    pairs += list(zip(columns[1:], columns, strict=False))
    for later, earlier in pairs:
        lag = _lag(later.values[few], earlier.values[few])
        if lag:
            before = f"{some(abs(lag), 'row')} {'before' if lag > 0 else 'after'}"
            reason = f"as {later.name!r} is {earlier.name!r} {before}: {_OTHERWISE}"
            return Order(rows if lag > 0 else rows[::-1], reason)
    return None


def _lag(later: NDArray[Any], earlier: NDArray[Any]) -> int:
    """Return k where later[i] = earlier[i - k] in nearly all rows, 0 for none."""
    if len(later) < _LEAST or len(np.unique(earlier[: 4 * _LEAST])) < _FEW:
        return 0
    if np.mean(later == earlier) > 1 - _SHARE:  # the same column twice, or nearly
        return 0
    for k in range(1, min(_LAGS, len(later) - _LEAST // 2) + 1):
        if np.mean(later[k:] == earlier[:-k]) >= _SHARE:
            return k
        if np.mean(later[:-k] == earlier[k:]) >= _SHARE:
            return -k
    return 0
