"""Arrays of sequences as a table: a column for every step of every feature."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.errors import DataError, UsageError
from deltarule.core.sequences import Sequences
from deltarule.data.sources.arrays import from_arrays
from deltarule.data.table import Column, Steps, Table

_LENGTH = "length"
_STEP = re.compile(r"x(\d+)\((\d+)\)")


def from_steps(
    source: str, x: NDArray[Any], t: NDArray[Any] | None, lengths: NDArray[Any] | None
) -> Table:
    """Return the table of X (rows, time, features): x1(1), x1(2), ..., x2(1), ..., and T.

    With lengths, a last column `length` holds each row's number of steps; what X has behind them
    is the last step again. T is a value, a row of values, or (rows, time, values), a row for every
    step: T1(1), T2(1), ..., T1(2), ...

    Raises `DataError` for shapes and lengths that do not fit together.
    """
    if 0 in x.shape:
        raise DataError(
            f"{source}, X: the shape is {x.shape}; sequences are (rows, time, features), with at "
            "least one of each."
        )
    if lengths is not None:
        try:
            x = Sequences(x, lengths).values
        except UsageError as error:
            raise DataError(f"{source}: {error}") from None
    rows, time, features = x.shape
    per_step = t is not None and t.ndim == 3
    if t is not None and per_step and t.shape[:2] != x.shape[:2]:
        raise DataError(
            f"{source}, T: the shape is {t.shape} and X has the shape {x.shape}. T needs one row "
            "of values for each step of X, or for each row."
        )
    if per_step and lengths is not None:
        raise DataError(
            f"{source}: sequences of different lengths with a target for every step are trained "
            "from Python: dr.train(net, dr.Sequences(X, lengths), dr.Sequences(T, lengths))."
        )
    outputs = t.shape[2] if t is not None and per_step else 0
    table = from_arrays(source, x.transpose(0, 2, 1).reshape(rows, -1),
                        t.reshape(rows, -1) if t is not None and per_step else t)  # fmt: skip
    names = [f"x{f + 1}({s + 1})" for f in range(features) for s in range(time)]
    targets = [f"T{o + 1}({s + 1})" for s in range(time) for o in range(outputs)]
    renamed = dict(zip(table.names, names + targets, strict=False))
    columns = [replace(c, name=renamed.get(c.name, c.name)) for c in table.columns]
    if lengths is not None:
        column = Column(_LENGTH, "numeric", np.asarray(lengths, np.float64))
        columns.insert(len(names), column)
    return replace(
        table,
        columns=tuple(columns),
        targets=tuple(renamed.get(name, name) for name in table.targets),
        task="regression" if per_step else table.task,
        steps=Steps(features, lengths is not None, per_step),
        locate=partial(_located, source),
    )


def with_steps_of(table: Table, names: Collection[str]) -> Table:
    """Return a table of sequences with the inputs `names` that a model was trained on.

    Where these have lengths, sequences may be shorter, or come without lengths: they have all
    steps then. Raises `DataError` for sequences that the model has not learnt to take.
    """
    trained = _features_and_time(names)
    found = _features_and_time(table.names)
    if table.steps is None or trained is None or found is None:
        return table
    (features, time), (given, steps) = trained, found
    if given != features:
        raise DataError(
            f"{table.source}: its steps have {given} features, and those of training {features}."
        )
    ends = table[_LENGTH].values if table.steps.lengths else np.full(table.rows, float(steps))
    lengths = _LENGTH in names
    other = np.flatnonzero(ends > time if lengths else ends != time)
    if len(other):
        most = "at most" if lengths else "each, for there were no `lengths`"
        raise DataError(
            f"{table.source}: sequence {other[0] + 1} has {ends[other[0]]:.0f} steps, and those of "
            f"training {time} {most}. Cut the sequences, or train on such ones."
        )
    inputs = [
        replace(table[f"x{f + 1}({min(s + 1, steps)})"], name=f"x{f + 1}({s + 1})")
        for f in range(features)
        for s in range(time)
    ]
    inputs += [Column(_LENGTH, "numeric", ends)] if lengths else []
    own = {f"x{f + 1}({s + 1})" for f in range(features) for s in range(steps)} | {_LENGTH}
    rest = [column for column in table.columns if column.name not in own]
    return replace(
        table, columns=(*inputs, *rest), steps=replace(table.steps, lengths=lengths),
        locate=partial(_located, table.source),
    )  # fmt: skip


def _features_and_time(names: Collection[str]) -> tuple[int, int] | None:
    """Return what the columns x1(1), ... are of; None where there are none."""
    found = [tuple(map(int, m.groups())) for m in map(_STEP.fullmatch, names) if m]
    return (max(f for f, _ in found), max(s for _, s in found)) if found else None


def _located(source: str, cells: Sequence[tuple[int, str]]) -> list[tuple[str, str]]:
    return [(f"{source}, row {row + 1}, {name}", "") for row, name in cells]
