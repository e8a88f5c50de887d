"""Rows of a table as a model sees them, for a look inside, and what it says of them, by column."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.arrays import Array
from deltarule.core.errors import UsageError
from deltarule.data.table import Column, Table
from deltarule.data.text.format import TextFormat
from deltarule.explanation.columns import Cell, Columns
from deltarule.models.metrics import class_numbers
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


def answers(
    model: Model,
    table: Table,
    outputs: Array,
    spread: Array | None = None,
    rows: slice = slice(None),
) -> dict[str, Array]:
    """Return the columns for some `rows` of a table whose outputs are given.

    They are the model's ids, `predicted_NAME` for every target (a class as it is written),
    `probability_CLASS` (of a label, `probability_NAME`) and an ensemble's `spread_NAME`.
    """
    y, targets = outputs[rows], model.targets
    found = {}
    for name in model.ids:
        if name in table:
            column = table[name]
            texts = np.array([*column.categories, ""], object)  # as long as each is
            found[name] = texts[column.values[rows]]
    said = _said(model, y)
    found |= {f"predicted_{name}": said[:, k] for k, name in enumerate(targets.names)}
    heads = targets.classes if model.task == "multiclass" else targets.names
    if not targets.quantity:
        chances = targets.names if model.task == "multilabel" else targets.classes
        shares = model.probabilities(y)
        found |= {f"probability_{name}": shares[:, k] for k, name in enumerate(chances)}
    if spread is not None:
        found |= {f"spread_{name}": spread[rows, k] for k, name in enumerate(heads)}
    return found


def _said(model: Model, outputs: Array) -> Array:
    """Return what outputs mean, (n, targets): values, or classes as they are written."""
    if model.targets.quantity:
        return model.targets.inverse(outputs)
    classes = [np.array(names) for names in model.targets.classes_of]
    if model.task == "multilabel":
        several = zip(classes, outputs.T > 0.5, strict=True)
        return np.stack([names[said.astype(int)] for names, said in several], axis=1)
    return classes[0][class_numbers(outputs, model.targets.threshold)][:, None]
