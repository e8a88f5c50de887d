"""Columns made of other columns before they are encoded: parts of dates, ordered categories.

A model keeps the `Derived` records and makes the same columns of every table that it sees.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.errors import DataError, UsageError
from deltarule.core.registry import plain_fields
from deltarule.data.table import Column, Kind, Locator, Table, listed, no_such_column
from deltarule.data.text.writing import damaged

DATES = ("days", "parts")
"""What becomes of dates: days since 1970 alone, or their parts as well."""

_DATED = ("date", "date and time")
_CYCLES = (("month", 365.2425), ("weekday", 7.0), ("hour", 1.0))
"""What goes round, and in how many days: the time of the year, of the week, of the day."""


@dataclass(frozen=True)
class Derived:
    """What is made of the column `name`.

    With an `order` of its categories it becomes their number, 0, 1, 2, ... Without one it is a
    date, and beside it stand `name.year` and sine and cosine of the time of the year, of the week
    and, where there is a `clock`, of the day.

    >>> Derived("day").names
    ('day.year', 'day.month_sin', 'day.month_cos', 'day.weekday_sin', 'day.weekday_cos')
    """

    name: str
    order: tuple[str, ...] = ()
    clock: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the columns that are made beside it."""
        if self.order:
            return ()
        cycles = [name for name, _ in _CYCLES[: 3 if self.clock else 2]]
        waves = (f"{self.name}.{cycle}_{wave}" for cycle in cycles for wave in ("sin", "cos"))
        return f"{self.name}.year", *waves

    @property
    def kind(self) -> Kind:
        """Return the kind of the column it is made of."""
        return "text" if self.order else "numeric"

    def columns(self, table: Table) -> tuple[Column, ...]:
        """Return the column, as it is from now on, and those beside it."""
        column = table[self.name]
        if self.order:
            return (_numbered(table, column, self.order),)
        days = np.asarray(column.values, np.float64)
        known = ~np.isnan(days)
        date = np.where(known, days, 0.0).astype("datetime64[D]")
        year = date.astype("datetime64[Y]")
        # from the first of January, and from Monday: 1970 began with a Thursday
        since = {"month": days - year.astype("datetime64[D]").astype(float), "weekday": days + 3.0}
        values = [np.where(known, year.astype(float) + 1970.0, np.nan)]
        for cycle, length in _CYCLES[: 3 if self.clock else 2]:
            angle = 2 * np.pi * (since.get(cycle, days) % length) / length
            values += [np.sin(angle), np.cos(angle)]
        made = zip(self.names, values, strict=True)
        return column, *(Column(name, "numeric", some) for name, some in made)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return plain_fields(self)


def derived_from(plain: Any) -> tuple[Derived, ...]:
    """Rebuild the records from a list of `to_dict`. Raises `FileError` for damage."""
    try:
        found = [Derived(p["name"], tuple(map(str, p["order"])), bool(p["clock"])) for p in plain]
    except (TypeError, LookupError):
        raise damaged(f"what is derived from the columns is not described: {plain!r}") from None
    return tuple(found)


def planned(
    table: Table, inputs: Iterable[str], dates: str, ordinal: Mapping[str, Sequence[str]]
) -> tuple[Derived, ...]:
    """Return what is to be made of the `inputs` of a table.

    Raises `UsageError` for an ordinal column that is none, or with a category twice.
    """
    inputs = list(inputs)
    found = []
    for name, order in ordinal.items():
        if name not in inputs:
            raise no_such_column(table.source, name, inputs, "input column")
        if table[name].kind == "numeric":
            raise UsageError(
                f"{table.source}: column {name!r} holds numbers, which have an order. Leave out "
                "`--ordinal` for it, or read it as text with `--text`."
            )
        if len(set(order)) < max(2, len(order)):
            raise UsageError(
                f"the order of {name!r} is two categories or more, each once, such as "
                f"{name}=S,M,L, not {listed(list(order))}"
            )
        found.append(Derived(name, tuple(order)))
    if dates == "parts":
        columns = (table[name] for name in inputs if table[name].written in _DATED)
        found += [Derived(c.name, clock=c.written == "date and time") for c in columns]
    for record in found:
        taken = next((name for name in record.names if name in table), None)
        if taken is not None:
            raise UsageError(
                f"{table.source}: there is a column {taken!r} already, which `--dates parts` would "
                f"make of {record.name!r}. Give it another name, or leave it out with `--drop`."
            )
    return tuple(found)


def derive(table: Table, records: Sequence[Derived]) -> Table:
    """Return the table with what is made of its columns; a table that has it already, as it is.

    >>> sizes = Column("size", "text", np.array([0, 1, 0]), ("L", "S"))
    >>> derive(Table("demo", (sizes,)), [Derived("size", ("S", "M", "L"))])["size"].values
    array([2., 0., 2.])
    """
    if table.derived or not records:
        return table
    made = {record.name: record.columns(table) for record in records}
    columns = [c for column in table.columns for c in made.get(column.name, (column,))]
    source = {name: record.name for record in records for name in record.names}
    locate = None if table.locate is None else partial(_made_of, table.locate, source)
    return replace(table, columns=tuple(columns), locate=locate, derived=True)


def _made_of(
    locate: Locator, source: Mapping[str, str], cells: Sequence[tuple[int, str]]
) -> list[tuple[str, str]]:
    """Return where the cells stand that derived ones were made of."""
    return locate([(row, source.get(name, name)) for row, name in cells])


def _numbered(table: Table, column: Column, order: Sequence[str]) -> Column:
    """Return the categories' numbers in their order. Raises `DataError` for others."""
    place = {category: float(i) for i, category in enumerate(order)}
    values = np.array([*(place.get(c, -1.0) for c in column.categories), np.nan])[column.values]
    strange = np.flatnonzero(values < 0)
    if len(strange):
        row = int(strange[0])
        category = column.text(row)
        raise DataError(
            f"{table.place(row, column.name)}: {category!r} has no place in the order of "
            f"{column.name!r}: {listed(list(order))}. Correct the cell, or give the whole order "
            f"with `--ordinal {column.name}=...`."
        )
    numbers: NDArray[np.float64] = values
    return Column(column.name, "numeric", numbers)
