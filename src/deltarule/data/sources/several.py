"""Several tables one below the other as one, such as the files that `part-*.csv` stands for."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import accumulate

import numpy as np

from deltarule.core.errors import DataError
from deltarule.data.options import Options
from deltarule.data.table import Column, Table, listed
from deltarule.data.text.format import TextFormat

Read = Callable[[str, Options, TextFormat | None], Table]


def read_several(source: str, names: Sequence[str], read: Read, options: Options) -> Table:
    """Read files of the same columns as one table; each is written like the first.

    A column that is text in one of them is text in all. Raises `DataError` naming the file for
    columns that others do not have.
    """
    first = read(names[0], options, None)
    tables = [first, *(read(name, options, first.format) for name in names[1:])]
    for name, table in zip(names[1:], tables[1:], strict=True):
        odd = [c for c in (*first.names, *table.names) if (c in first) != (c in table)]
        if odd:
            lacking, has = (name, names[0]) if odd[0] in first else (names[0], name)
            raise DataError(
                f"{lacking}: there is no column {odd[0]!r}, which {has} has. "
                "Several files are one table where they have the same columns."
            )
    differing = [c for c in first.names if len({table[c].kind for table in tables}) > 1]
    if differing:
        options = replace(options, text=dict.fromkeys([*options.text, *differing]))
        tables = [read(name, options, first.format) for name in names]
    columns = tuple(_joined([table[c] for table in tables]) for c in first.names)
    notes = [f"{len(names)} files one below the other: {listed(names)}", *first.notes]
    ends = tuple(accumulate(table.rows for table in tables))
    return replace(
        first,
        source=source,
        columns=columns,
        notes=tuple(notes),
        locate=partial(_located, tables, ends),
    )


def _joined(columns: Sequence[Column]) -> Column:
    """Return the values one below the other, codes in the order of all the categories."""
    if columns[0].kind == "numeric":
        return replace(columns[0], values=np.concatenate([c.values for c in columns]))
    names = tuple(sorted({name for column in columns for name in column.categories}))
    place = {name: i for i, name in enumerate(names)}
    lookups = [np.array([*(place[n] for n in c.categories), -1], np.int32) for c in columns]
    codes = [lookup[c.values] for lookup, c in zip(lookups, columns, strict=True)]
    return replace(columns[0], values=np.concatenate(codes), categories=names)


def _located(
    tables: Sequence[Table], ends: Sequence[int], cells: Sequence[tuple[int, str]]
) -> list[tuple[str, str]]:
    """Return the places of cells: each table says where its own stand."""
    found = []
    for row, name in cells:
        i = bisect_right(ends, row)
        found += tables[i].located([(row - (ends[i] - tables[i].rows), name)])
    return found
