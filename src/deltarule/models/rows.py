"""Rows of a table as a model sees them: encoded inputs and targets, for a look inside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.errors import UsageError
from deltarule.data.table import Column, Table
from deltarule.data.text.format import TextFormat
from deltarule.explanation.columns import Cell, Columns
from deltarule.models.model import Model


def observations(
    model: Model, data: Any, rows: Sequence[int]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (X, T) in float64 for some rows of `data`, counted from 1.

    `data` is what `Model` takes, and has to hold the target.

    Raises `UsageError` for a row that does not exist, and what reading the data raises.
    """
    return observed(model, data, rows)[:2]


def observed(
    model: Model, data: Any, rows: Sequence[int], form: TextFormat | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64], Columns]:
    """Return (X, T) as `observations` does, and what they are in the table: names and cells.

    `form` says how a text file is written.
    """
    table = model.table(data, targets=True, form=form)
    for row in rows:
        if not 1 <= row <= table.rows:
            raise UsageError(f"{table.source} has no row {row}; its rows are 1 to {table.rows:,}")
    index = np.array([row - 1 for row in rows])
    X = model.inputs.transform(table, index, np.dtype(np.float64), unknown="error")
    T = model.targets.transform(table, index, np.dtype(np.float64))
    inputs = [tuple(_inputs(model, table, row, x)) for row, x in zip(index, X, strict=True)]
    targets = [tuple(_targets(model, table, row, t)) for row, t in zip(index, T, strict=True)]
    return X, T, Columns(tuple(inputs), tuple(targets))


def _inputs(model: Model, table: Table, row: int, x: NDArray[np.float64]) -> Iterator[Cell]:
    """Yield the cells of one row in the order of the network's inputs."""
    numbers = iter(x.tolist())
    for name, categories in zip(model.inputs.names, model.inputs.categories, strict=True):
        value = _value(table[name], row)
        for category in categories or (None,):
            yield Cell(name, value, next(numbers), category)


def _targets(model: Model, table: Table, row: int, t: NDArray[np.float64]) -> Iterator[Cell]:
    """Yield the cells of one row in the order of the outputs; the one of two classes is the 2nd."""
    encoder = model.targets
    if encoder.quantity:
        for name, number in zip(encoder.names, t.tolist(), strict=True):
            yield Cell(name, _value(table[name], row), number)
        return
    if encoder.task == "multilabel":
        for name, (_, second), number in zip(
            encoder.names, encoder.classes_of, t.tolist(), strict=True
        ):
            yield Cell(name, _value(table[name], row), number, second)
        return
    name = encoder.names[0]
    value = encoder.classes[int(encoder.labels(table, np.array([row]))[0])]
    for category, number in zip(encoder.classes[-len(t) :], t.tolist(), strict=True):
        yield Cell(name, value, number, category)


def _value(column: Column, row: int) -> float | str | None:
    if column.missing[row]:
        return None
    value = column.values[row]
    return float(value) if column.kind == "numeric" else column.categories[int(value)]
