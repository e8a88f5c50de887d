"""A table as read: named columns of numbers or of category codes, and where each cell came from."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from deltarule.core.errors import DataError, UsageError, nearest

Kind: TypeAlias = Literal["numeric", "text", "boolean"]

Locator: TypeAlias = Callable[[Sequence[tuple[int, str]]], list[tuple[str, str]]]
"""Turns (row, column name) pairs into places such as `people.csv:17:3`, each with the cell."""

CITED = 5
"""How many cells a message cites."""

_LISTED = 30


@dataclass(frozen=True, eq=False)
class Column:
    """One named column of a table.

    A numeric column holds float64 (float32 where the source is float32), NaN where a value is
    missing. A text or boolean column holds int32 codes into `categories`, -1 where missing;
    the categories are sorted, or in the order that the source gives them.
    """

    name: str
    kind: Kind
    values: NDArray[Any]
    categories: tuple[str, ...] = ()
    written: str = "number"
    """How a numeric column's cells are written: as `"number"`, `"money"`, `"percent"`, `"date"`
    (days since 1970-01-01), `"date and time"` (days, too), or `"time"` (hours since midnight)."""

    def __len__(self) -> int:
        return len(self.values)

    @property
    def missing(self) -> NDArray[np.bool_]:
        """Return, row by row, whether the value is missing; shape (rows,)."""
        result: NDArray[np.bool_] = (
            np.isnan(self.values) if self.kind == "numeric" else self.values < 0
        )
        return result

    def text(self, row: int) -> str:
        """Return a cell as text; nothing for a missing one."""
        value = self.values[row]
        if self.kind == "numeric":
            return "" if np.isnan(value) else label(value)
        return self.categories[int(value)] if value >= 0 else ""


@dataclass(frozen=True)
class Steps:
    """What a table of sequences is: columns for all steps of one feature, then of the next."""

    features: int
    lengths: bool
    """Whether a last input column holds how many steps a row has."""
    per_step: bool
    """Whether there is a target for every step."""


@dataclass(frozen=True, eq=False, repr=False)
class Table:
    """Columns of equal length with the name of their source.

    `targets` and `task` are what the source itself says (bundled and NPZ data); `ordered` marks a
    time series, which is split in order; `splittable=False` marks a problem whose rows are all
    training rows. `steps` says that rows are sequences. `notes` are sentences on what was done
    while reading.

    >>> table = Table("demo", (Column("age", "numeric", np.array([31.0, 40.0])),))
    >>> table.rows, table.names, table["age"].kind
    (2, ('age',), 'numeric')
    >>> table.place(1, "age")
    "demo, row 2, column 'age'"
    """

    source: str
    columns: tuple[Column, ...]
    targets: tuple[str, ...] = ()
    task: str | None = None
    ordered: bool = False
    splittable: bool = True
    notes: tuple[str, ...] = ()
    format: Any = None
    """How a text file was written (`text.format.TextFormat`); None of other files."""
    steps: Steps | None = None
    locate: Locator | None = field(default=None, repr=False)
    derived: bool = False
    """Whether columns have been made of it already, as a model needs them."""

    def __repr__(self) -> str:
        return f"Table({self.source}: {self.rows:,} rows, {len(self.columns):,} columns)"

    @property
    def rows(self) -> int:
        """Return the number of rows."""
        return len(self.columns[0]) if self.columns else 0

    @property
    def names(self) -> tuple[str, ...]:
        """Return the columns' names, in order."""
        return tuple(column.name for column in self.columns)

    @cached_property
    def _by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    def __getitem__(self, name: str) -> Column:
        if name not in self._by_name:
            raise no_such_column(self.source, name, self.names)
        return self._by_name[name]

    def place(self, row: int, name: str) -> str:
        """Return where the cell of column `name` in `row` (counted from 0) stands in the source.

        For a text file this is `file:line:column`: the line on which the row starts and the
        column's position, both counted from 1.
        """
        return self.places([(row, name)])[0]

    def places(self, cells: Sequence[tuple[int, str]]) -> list[str]:
        """Return the places of several cells; a text file is read once for all of them."""
        return [place for place, _ in self.located(cells)]

    def located(self, cells: Sequence[tuple[int, str]]) -> list[tuple[str, str]]:
        """Return the places of several cells, each with the cell where it is known."""
        if self.locate is not None:
            return self.locate(cells)
        return [
            (
                f"{self.source}, row {row + 1}, column {name!r}",
                self[name].text(row) if name in self else "",
            )
            for row, name in cells
        ]

    def take(self, rows: NDArray[np.intp]) -> Table:
        """Return some rows, which know where they stand in the source."""
        columns = tuple(replace(c, values=c.values[rows]) for c in self.columns)
        alone = replace(self, columns=())  # they may be a whole file
        return replace(self, columns=columns, locate=partial(_of_rows, alone, rows))

    def cite(self, name: str, rows: Sequence[int] | NDArray[np.intp]) -> str:
        """Return the first five of the given cells with their places, for a message."""
        first = [(int(row), name) for row in rows[:CITED]]
        if self.locate is None:
            return "; ".join(self.places(first))
        found = self.locate(first)
        return "; ".join(f"{place} ({cell!r})" if cell else place for place, cell in found)


def _of_rows(
    table: Table, rows: NDArray[np.intp], cells: Sequence[tuple[int, str]]
) -> list[tuple[str, str]]:
    """Return where cells stand in the table that their rows were taken of."""
    return table.located([(int(rows[row]), name) for row, name in cells])


def label(value: float) -> str:
    """Return a number as a category's name: whole numbers without a decimal point.

    >>> label(3.0), label(0.25)
    ('3', '0.25')
    """
    value = float(value)
    return str(int(value)) if value.is_integer() else repr(value)


def option(name: str, value: str) -> str:
    """Return an option as one would type it, in backquotes.

    >>> option("drop", "petal length")
    "`--drop 'petal length'`"
    """
    return f"`--{name} {shlex.quote(value)}`"


def listed(names: Sequence[str]) -> str:
    """Return names for a message, at most thirty of them.

    >>> listed(["age", "city"])
    'age, city'
    """
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more


def not_named(what: str, source: str, inside: str, names: Sequence[str]) -> DataError | UsageError:
    """Build the error for a table or a sheet that is not there, or that has to be named."""
    shown = f"its {what}s: {listed(names)}" if names else f"it has no {what}s"
    if inside:
        return DataError(
            f"{source}: there is no {what} {inside!r}{nearest(inside, names)}; {shown}."
        )
    return UsageError(f"{source}: which {what} is meant? Write {source}::NAME; {shown}.")


def no_such_column(source: str, name: str, known: Sequence[str], what: str = "column") -> DataError:
    """Build the error for a column that is not there: it names the nearest and lists all."""
    hint = nearest(name, known) or "."
    return DataError(f"{source}: there is no {what} {name!r}{hint} Its columns: {listed(known)}.")
