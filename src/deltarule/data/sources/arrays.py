"""A table from two arrays, X (rows, inputs) and T (rows,) or (rows, outputs)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.errors import DataError
from deltarule.data.table import Column, Table

_MATRIX = 2


def from_arrays(source: str, x: NDArray[Any], t: NDArray[Any] | None = None) -> Table:
    """Return the table of columns x1, x2, ... (views of X) and the target T, or T1, T2, ...

    T with one column is one target. T whose every row is one-hot, with two columns or more, is
    one class target with the classes "0", "1", ... by column; the notes say so. float32 stays
    float32; other real numbers and truth values become float64.

    Raises `DataError` for a shape or a type of number that is no table.

    >>> from_arrays("demo", np.zeros((3, 2)), np.eye(3)).names
    ('x1', 'x2', 'T')
    """
    x = _real(source, "X", x)
    if x.ndim != _MATRIX or 0 in x.shape:
        raise DataError(
            f"{source}, X: the shape is {x.shape}; X needs two dimensions, rows and inputs, with "
            "at least one of each. Save one column as shape (rows, 1)."
        )
    inputs = [Column(f"x{i + 1}", "numeric", x[:, i]) for i in range(x.shape[1])]
    locate = partial(_located, source, [column.name for column in inputs])
    if t is None:
        return Table(source, tuple(inputs), locate=locate)
    t = _real(source, "T", t)
    if t.ndim not in {1, _MATRIX} or 0 in t.shape or len(t) != len(x):
        raise DataError(
            f"{source}, T: the shape is {t.shape} and X has the shape {x.shape}. T needs one value "
            "or one row of values for each row of X."
        )
    targets, notes = _targets(t.reshape(len(t), -1))
    columns = (*inputs, *targets)
    names = tuple(c.name for c in columns)
    return Table(source, columns, names[len(inputs) :], notes=notes, locate=locate)


def _targets(t: NDArray[Any]) -> tuple[list[Column], tuple[str, ...]]:
    width = t.shape[1]
    if width == 1:
        return [Column("T", "numeric", t[:, 0])], ()
    if np.all((t == 0) | (t == 1)) and np.all(t.sum(axis=1) == 1):
        names = tuple(map(str, range(width)))
        codes = t.argmax(axis=1).astype(np.int32)
        note = f"every row of T is one-hot: it was read as one target of {width} classes, 0 to "
        return [Column("T", "text", codes, names)], (f"{note}{width - 1}",)
    return [Column(f"T{i + 1}", "numeric", t[:, i]) for i in range(width)], ()


def _real(source: str, key: str, array: NDArray[Any]) -> NDArray[Any]:
    if array.dtype.kind not in "biuf":
        raise DataError(
            f"{source}, {key}: the values are of type {array.dtype}, not real numbers. Save "
            "numbers: float64, float32, integers or truth values."
        )
    return array if array.dtype in (np.float32, np.float64) else array.astype(np.float64)


def _located(
    source: str, inputs: Sequence[str], cells: Sequence[tuple[int, str]]
) -> list[tuple[str, str]]:
    """Return where cells stand in X (its first columns are the `inputs`) or in T."""
    found = []
    for row, name in cells:
        number = str(inputs.index(name) + 1) if name in inputs else name[1:]
        column = f", column {number}" if number else ""
        found.append((f"{source}, {'XT'[name not in inputs]}, row {row + 1}{column}", ""))
    return found
