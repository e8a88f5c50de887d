"""A table of many series, taken apart by the column that names them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.errors import DataError, UsageError, first_few
from deltarule.data.bundled_series import SERIES
from deltarule.data.preparation.encode_check import check_missing
from deltarule.data.table import Table, listed, no_such_column
from deltarule.series.series import Series, as_table, series_of


def several_series(
    data: Any,
    series: str | None = None,
    target: str | None = None,
    time: str | None = None,
    *,
    known: Sequence[str] = (),
    past: Sequence[str] = (),
    static: Sequence[str] = (),
    missing: str = "error",
    resample: str | None = None,
    **form: Any,
) -> dict[str, Series]:
    """Return the series in a table by name, in the order in which they come.

    `static` are columns with one value for each series: numbers, scaled over the series, or
    categories, of which each becomes a number that is 1 or 0.

    >>> m1 = several_series("m1_yearly")
    >>> len(m1), len(m1["YAF2"])
    (181, 28)
    """
    table = as_table(data, **form)
    about = SERIES.get(table.source)
    column = series or (about.panel if about else None)
    if column is None:
        raise UsageError(
            f"{table.source}: which column tells the series apart? Name it with `--series`. The "
            f"columns: {listed(table.names)}."
        )
    names = _names(table, column)
    time = time or (about.time if about else None)
    apart = {column, *static}
    rest = replace(table, columns=tuple(c for c in table.columns if c.name not in apart))
    numbers = _static(table, names, static)
    found = {}
    for name, rows in names.items():
        part = _rows(rest, rows, name)
        one = series_of(
            part, target, time, known=known, past=past, missing=missing, resample=resample
        )
        found[name] = replace(one, static=numbers[name], panel=(column, name))
    return found


def one_of(table: Table, column: str, name: str) -> Table:
    """Return the rows of one series; all rows of a table that does not tell series apart.

    Raises `DataError` where the table has others alone.
    """
    if column not in table:
        return table
    names = _names(table, column)
    if name not in names:
        raise DataError(
            f"{table.source}: column {column!r} has no rows of {name!r}; it has "
            f"{first_few(list(names), 5)}"
        )
    return _rows(table, names[name], name)


def _static(
    table: Table, names: Mapping[str, NDArray[np.intp]], columns: Sequence[str]
) -> dict[str, dict[str, float]]:
    """Return the static numbers of every series. Raises `DataError` for what is not static."""
    found: dict[str, dict[str, float]] = {name: {} for name in names}
    for name in columns:
        if name not in table:
            raise no_such_column(table.source, name, table.names)
        column = table[name]
        check_missing(table, [name], np.arange(table.rows), "Every row needs it.")
        for series, rows in names.items():
            other = rows[column.values[rows] != column.values[rows[0]]]
            if len(other):
                raise DataError(
                    f"{table.source}: {name!r} is not the same in all rows of {series!r}, first at "
                    f"{table.place(int(other[0]), name)}. Give it as `--known` or `--past`."
                )
        values = np.array([column.values[rows[0]] for rows in names.values()])
        if column.kind == "numeric":
            spread = float(values.std()) or 1.0
            parts = {name: (values - values.mean()) / spread}
        else:
            parts = {f"{name}={c}": values == i for i, c in enumerate(column.categories)}
        for part, numbers in parts.items():
            for series, number in zip(names, numbers, strict=True):
                found[series][part] = float(number)
    return found


def is_panel(data: Any) -> bool:
    """Whether data are a bundled panel, by name.

    >>> is_panel("m1_yearly"), is_panel("lynx")
    (True, False)
    """
    about = SERIES.get(data) if isinstance(data, str) and not Path(data).is_file() else None
    return about is not None and about.panel is not None


def _names(table: Table, column: str) -> Mapping[str, NDArray[np.intp]]:
    """Return every series' rows, in the order of the first of each."""
    found = table[column]
    check_missing(table, [column], np.arange(table.rows), "Every row needs its series' name.")
    _, first, codes = np.unique(found.values, return_index=True, return_inverse=True)
    by_code = np.split(np.argsort(codes, kind="stable"), np.cumsum(np.bincount(codes))[:-1])
    return {found.text(int(first[i])): by_code[i] for i in np.argsort(first)}


def _rows(table: Table, rows: NDArray[np.intp], name: str) -> Table:
    """Return some rows of a table, which know their places in it."""
    return replace(table.take(rows), source=f"{table.source}, {name}", notes=())
