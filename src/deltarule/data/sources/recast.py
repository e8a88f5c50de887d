"""Another kind for a column that a typed source (Parquet, NPZ) has read already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from deltarule.core.errors import DataError
from deltarule.data.options import Options
from deltarule.data.table import Column, Table, label
from deltarule.data.text.cells import BOOLEAN, number
from deltarule.data.text.writing import Writing


def recast(table: Table, options: Options, writings: Mapping[str, Writing] | None = None) -> Table:
    """Give every column the kind that `options` say, where it has another.

    Numbers become texts without a decimal point if they are whole; texts become numbers as in a
    CSV file, by the column's writing of training in `writings`. Raises `DataError` with the
    place of a text that is not a number.
    """
    columns = tuple(_recast(table, column, options, writings or {}) for column in table.columns)
    return replace(table, columns=columns)


def _recast(
    table: Table, column: Column, options: Options, writings: Mapping[str, Writing]
) -> Column:
    kind = options.kind(column.name)
    if kind is None or kind == column.kind:
        return column
    if kind == "numeric":
        return _numbers(table, column, writings.get(column.name))
    column = _texts(column) if column.kind == "numeric" else replace(column, kind="text")
    if kind == "boolean" and set(column.categories) <= set(BOOLEAN):
        names = np.array([BOOLEAN.index(c) for c in column.categories] + [-1], np.int32)
        return Column(column.name, "boolean", names[column.values], BOOLEAN)
    return column


def _texts(column: Column) -> Column:
    values, codes = np.unique(column.values[~column.missing], return_inverse=True)
    labels = [label(v) for v in values]
    names = tuple(sorted(labels))
    place = {text: i for i, text in enumerate(names)}
    ranks = np.array([place[text] for text in labels] or [-1], np.int32)
    result = np.full(len(column), -1, np.int32)
    result[~column.missing] = ranks[codes]
    return Column(column.name, "text", result, names)


def _numbers(table: Table, column: Column, writing: Writing | None) -> Column:
    worth = writing.value if writing else number
    parsed = [worth(text) for text in column.categories]
    bad = [i for i, value in enumerate(parsed) if value is None]
    rows = np.flatnonzero(np.isin(column.values, bad))
    if len(rows):
        row = int(rows[0])
        raise DataError(
            f"{table.place(row, column.name)}: {column.text(row)!r} is not a "
            f"number, and column {column.name!r} must be numeric, as it was in training. Correct "
            "the cell (leave it empty if the value is unknown)."
        )
    values = np.array([np.nan if v is None else v for v in parsed] + [np.nan])
    return Column(column.name, "numeric", values[column.values])
