"""A series: values at regular times, with what is known beside them; read from anything tabular."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.arguments import array
from deltarule.core.errors import DataError, UsageError, one_of
from deltarule.core.texts import are
from deltarule.data import Table, read_table
from deltarule.data.bundled_series import SERIES, series_table
from deltarule.data.preparation.encode_check import check_missing
from deltarule.data.sources.frames import columns_table
from deltarule.data.table import listed, no_such_column
from deltarule.data.text.format import TextFormat
from deltarule.data.text.written import as_written, noted, recognise
from deltarule.series.calendar import Calendar, calendar_of, rows_of
from deltarule.series.resample import resampled

MISSING = ("error", "previous", "interpolate", "zero")
"""What to do where a value is missing: refuse it, repeat the one before, draw a line, or take 0, as
in sums of what was counted."""

_ROWS = "the rows"


@dataclass(frozen=True, eq=False)
class Series:
    """Values y (n,) at the times of `calendar`.

    `known` are covariates that are known in the future (n + rows to come,), `past` those that are
    known up to the last value (n,), `static` numbers that tell the series of a panel apart, scaled
    over the panel.
    """

    name: str
    values: NDArray[np.float64]
    calendar: Calendar
    source: str = "the series"
    known: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    past: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    static: Mapping[str, float] = field(default_factory=dict)
    time: str = _ROWS
    """The name of the time column."""
    resample: str | None = None
    """How rows were made regular, such as "month:sum"."""
    missing: str = "error"
    """What was done where a value was missing."""
    panel: tuple[str, str] | None = None
    """Of one of several series: the column that tells them apart, and what is in it."""
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.values)

    @property
    def to_come(self) -> int:
        """Rows after the last value, with known covariates alone."""
        return min((len(v) for v in self.known.values()), default=len(self)) - len(self)


def as_table(data: Any, **form: Any) -> Table:
    """Return a table of a bundled series' name, a file, a frame, a dictionary or a table."""
    if isinstance(data, str) and data in SERIES and not Path(data).is_file():
        return series_table(data)
    if isinstance(data, str | Path):
        found = read_table(data, **form)
    else:
        found = data if isinstance(data, Table) else columns_table(data)
    return found if found.format is not None else _with_dates(found, form.get("date_format"))


def _with_dates(table: Table, date_format: str | None) -> Table:
    """Return a table from typed cells, texts that are dates read as those of a text file are."""
    texts = {i: c for i, c in enumerate(table.columns) if c.kind == "text"}
    written = recognise(texts, (), TextFormat(date_format=date_format), table.located, texts)
    dates = {
        i: as_written(texts[i], writing, table.located)
        for i, writing in written.items()
        if writing.written in ("date", "date and time")
    }
    said = [noted(column, written[i], texts[i].categories) for i, column in dates.items()]
    columns = tuple(dates.get(i, c) for i, c in enumerate(table.columns))
    return replace(table, columns=columns, notes=(*table.notes, *said))


def as_series(
    data: Any,
    target: str | None = None,
    time: str | None = None,
    *,
    known: Sequence[str] = (),
    past: Sequence[str] = (),
    missing: str = "error",
    resample: str | None = None,
    **form: Any,
) -> Series:
    """Return the series in `data`, checked: times regular, values there and finite.

    `data` is a bundled series' name, a file, a polars or pandas DataFrame, a dictionary of
    columns, or values (n,) alone. `time` is found where it is the only column of dates; "none"
    takes the rows as they stand. With `known` covariates, rows at the end without a value are the
    future. `resample` makes rows regular first: "month:sum" (see `deltarule.series.resample`).

    Raises `DataError` naming the first cells that cannot be used, `UsageError` for options.

    >>> series = as_series("lynx")
    >>> len(series), series.name, series.calendar.label(0)
    (114, 'trappings', '1821')
    """
    one_of("way to fill missing values", missing, MISSING)
    if isinstance(data, Series):
        return data
    if not has_columns(data):
        return _of_values(array("the series", data), known, past)
    return series_of(
        as_table(data, **form), target, time, known=known, past=past, missing=missing,
        resample=resample,
    )  # fmt: skip


def has_columns(data: Any) -> bool:
    """Whether data are a table, or are read as one; else they are values alone."""
    return isinstance(data, str | Path | Table | Mapping) or hasattr(data, "columns")


def _of_values(values: NDArray[Any], known: Sequence[str], past: Sequence[str]) -> Series:
    if known or past:
        raise UsageError("covariates have names: give a table, such as a dictionary of columns")
    y = np.asarray(values, np.float64)
    if y.ndim != 1 or not len(y):
        raise UsageError(f"a series has the shape (n,), not {y.shape}")
    bad = np.flatnonzero(~np.isfinite(y))
    if len(bad):
        raise DataError(
            f"the series: {len(bad)} of {len(y)} values are missing or not finite, the first at "
            f'position {bad[0] + 1}. Give a table and `missing="previous"`, or leave them out.'
        )
    return Series("y", y, rows_of(len(y)))


def series_of(
    table: Table,
    target: str | None = None,
    time: str | None = None,
    *,
    known: Sequence[str] = (),
    past: Sequence[str] = (),
    missing: str = "error",
    resample: str | None = None,
) -> Series:
    """Return the series in a table; see `as_series`."""
    about = SERIES.get(table.source)
    time = _time(table, time or (about.time if about else None))
    if time not in (*table.names, _ROWS):
        raise no_such_column(table.source, time, table.names, "time column")
    names = _target(table, target, time), *known, *past
    for name in names:
        if name not in table:
            raise no_such_column(table.source, name, table.names)
        if table[name].kind != "numeric":
            raise DataError(
                f"{table.source}: column {name!r} is {table[name].kind}, and a series is of numbers"
            )
    if len(set(names)) < len(names):
        raise UsageError("target, known and past covariates are different columns")
    if resample is not None:
        table = resampled(table, time, names, resample)
    calendar, places = _calendar(table, time, missing)
    columns = {n: _spread(table[n].values, places, calendar.count) for n in names}
    n = _last_value(columns[names[0]]) + 1 if known else calendar.count
    notes, used = [*table.notes], {}
    for name, values in columns.items():
        end = calendar.count if name in known else n
        used[name], said = _filled(table, name, values[:end], places, missing)
        notes += said
    return Series(
        name=names[0],
        values=used[names[0]],
        calendar=calendar.of(n),
        source=table.source,
        known={name: used[name] for name in known},
        past={name: used[name] for name in past},
        time=time,
        resample=resample,
        missing=missing,
        notes=tuple(notes),
    )


def _time(table: Table, time: str | None) -> str:
    if time == "none":
        return _ROWS
    if time is not None:
        return time
    dated = [c.name for c in table.columns if c.written in ("date", "date and time")]
    if len(dated) == 1:
        return dated[0]
    raise UsageError(
        f"{table.source}: which column holds the times? Name it with `--time`; `--time none` takes "
        f"the rows as they stand. The columns: {listed(table.names)}."
    )


def _target(table: Table, target: str | None, time: str) -> str:
    if target is not None:
        return target
    names = table.targets or [
        c.name for c in table.columns if c.kind == "numeric" and c.name != time
    ]
    if len(names) == 1:
        return names[0]
    raise UsageError(
        f"{table.source}: which column is to be forecast? Name it with `--target`. The columns: "
        f"{listed(table.names)}."
    )


def _calendar(table: Table, time: str, missing: str) -> tuple[Calendar, NDArray[np.intp]]:
    if time == _ROWS:
        return rows_of(table.rows), np.arange(table.rows)
    return calendar_of(table, table[time], fill=missing != "error")


def _spread(values: NDArray[Any], places: NDArray[np.intp], count: int) -> NDArray[np.float64]:
    spread = np.full(count, np.nan)
    spread[places] = values
    return spread


def _last_value(values: NDArray[np.float64]) -> int:
    there = np.flatnonzero(~np.isnan(values))
    return int(there[-1]) if len(there) else -1


def _filled(
    table: Table, name: str, values: NDArray[np.float64], places: NDArray[np.intp], missing: str
) -> tuple[NDArray[np.float64], list[str]]:
    """Return the values without gaps, and what was done."""
    absent = np.isnan(values)
    if not absent.any():
        return values, []
    if missing == "error":
        rows = np.flatnonzero(places < len(values))
        remedy = (
            "Fill them, or have them filled with `--missing previous`, `interpolate` or `zero`."
        )
        check_missing(table, [name], rows, remedy)
    there, count = np.flatnonzero(~absent), int(absent.sum())
    absent_ones = f"column {name!r}: {are(count, 'value')} missing"
    if missing == "zero":
        how = "it is taken as 0" if count == 1 else "they are taken as 0"
        return np.where(absent, 0.0, values), [f"{absent_ones}; {how}"]
    if not len(there) or there[0] > 0:
        raise DataError(f"{table.source}: column {name!r} has no value at the first time.")
    every = np.arange(len(values))
    if missing == "previous":
        filled = values[np.maximum.accumulate(np.where(absent, 0, every))]
        how = f"the value before {'it' if count == 1 else 'them'} was repeated"
    else:
        filled = np.interp(every, there, values[there])
        put = (
            "it was put on the line between its"
            if count == 1
            else "they were put on the line between their"
        )
        how = f"{put} neighbours, so a forecast from inside such a gap has seen the value after it"
    return filled, [f"{absent_ones}; {how}"]
