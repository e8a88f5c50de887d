"""Checks on every table, whatever it was read from."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from deltarule.core.errors import DataError
from deltarule.data.table import CITED, Column, Table, option

__all__ = ["check_finite", "check_identifiers"]

_MANY = 100
_PART = 2


def check_finite(table: Table, allowed: Callable[[str], bool]) -> None:
    """Refuse infinite numbers: the first five with their places, and how many there are.

    `allowed` says which columns may have them, because nobody uses these columns.
    """
    for column in table.columns:
        if column.kind == "numeric" and not allowed(column.name):
            rows = np.flatnonzero(np.isinf(column.values))
            if len(rows):
                some = "the first at" if len(rows) > CITED else "at"
                cells = "1 cell is" if len(rows) == 1 else f"{len(rows)} cells are"
                raise DataError(
                    f"{table.source}: {cells} infinite in column {column.name!r}, {some} "
                    f"{table.cite(column.name, rows)}. Correct them, or leave them empty if the "
                    "values are unknown."
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
        f"of its own. Leave the column out with {option('drop', column.name)}, or keep it "
        f"with {option('text', column.name)}."
    )
