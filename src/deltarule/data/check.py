"""Checks on every table, whatever it was read from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from deltarule.core.errors import DataError
from deltarule.core.texts import are, some
from deltarule.data.options import Options
from deltarule.data.table import CITED, Column, Table, listed, option

_MARKS = (9.0, 99.0, 99.9, 200.0, 999.0, 999.9, 9999.0, 99999.0)
"""Numbers that instruments and surveys write, often negative, where there is no value."""

_MANY = 100
_PART = 2


def without_empty(table: Table, options: Options) -> Table:
    """Leave out the columns that have no value in any row, but for those that are asked for.

    Separators at the end of every row make such columns.
    """
    asked = {*options.targets, *options.text, *options.kinds, *table.targets}
    empty = [c.name for c in table.columns if c.name not in asked and c.missing.all()]
    if not empty or len(empty) == len(table.columns):
        return table
    kept = tuple(column for column in table.columns if column.name not in set(empty))
    columns = "column" if len(empty) == 1 else "columns"
    note = f"left out, without a value in any row: {columns} {listed(list(map(repr, empty)))}"
    notes = () if options.kinds else (note,)
    return replace(table, columns=kept, notes=(*table.notes, *notes))


def marks(table: Table) -> list[str]:
    """Return notes on numbers that may stand for missing values: -200 far from all the others.

    >>> values = np.array([2.1, 5.8, -200.0, 1.0])
    >>> marks(Table("air", (Column("CO", "numeric", values),)))[0]
    "column 'CO': -200 in 1 cell, far from the others (1 to 5.8). Where ... say `--na=-200`"
    """
    notes = []
    for column in table.columns:
        if column.kind != "numeric":
            continue
        ends = np.fmin.reduce(column.values), np.fmax.reduce(column.values)
        for mark in (end for end in ends if abs(end) in _MARKS):
            others = column.values[(column.values != mark) & ~column.missing]
            if not len(others):
                continue
            low, high = others.min(), others.max()
            if max(low - mark, mark - high) > 2 * (high - low) > 0:
                count = int(np.sum(column.values == mark))
                notes.append(
                    f"column {column.name!r}: {mark:g} in {some(count, 'cell')}, far from the "
                    f"others ({low:g} to {high:g}). Where it stands for a missing "
                    f"value, say `--na={mark:g}`"
                )
    return notes


def check_finite(table: Table, allowed: Callable[[str], bool]) -> None:
    """Refuse infinite numbers: the first five with their places, and how many there are.

    `allowed` says which columns may have them, because nobody uses these columns.
    """
    for column in table.columns:
        if column.kind == "numeric" and not allowed(column.name):
            rows = np.flatnonzero(np.isinf(column.values))
            if len(rows):
                first = "the first at" if len(rows) > CITED else "at"
                raise DataError(
                    f"{table.source}: {are(len(rows), 'cell')} infinite in column {column.name!r}, "
                    f"{first} {table.cite(column.name, rows)}. Correct them, or leave them empty "
                    "if the values are unknown."
                )


def check_identifiers(table: Table, allowed: Callable[[str], bool]) -> None:
    """Refuse text columns that look like identifiers, with nearly every row a text of its own.

    That is: more than 100 categories, and more than half as many as rows. One-hot encoding would
    make a column of each, and nothing could be learnt from it. `allowed` says which columns are
    taken all the same.
    """
    for column in table.columns:
        many = len(column.categories)
        if many > _MANY and many * _PART > len(column) and not allowed(column.name):
            raise _identifiers(table, column)


def _identifiers(table: Table, column: Column) -> DataError:
    return DataError(
        f"{table.source}: text column {column.name!r} has {len(column.categories)} different "
        f"texts in {len(column)} rows, like a name or a number plate; each would become an input "
        f"of its own. Leave the column out with {option('drop', column.name)}, carry it into "
        f"predictions with {option('id', column.name)}, or keep it with "
        f"{option('text', column.name)}."
    )
