"""The times of a series: one step from each value to the next, found in a column and checked.

Times are counted in whole steps from the first. A step is a number (years as numbers, positions),
some months, or some seconds; a column of dates is monthly where all its days are the same day of
the month, or all the last one.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.errors import DataError, UsageError
from deltarule.core.texts import are
from deltarule.data.preparation.encode_check import check_missing
from deltarule.data.table import CITED, Column, Table, label

_DAY, _DATED = 86_400, ("date", "date and time")
_SEASONS = {"months": {1: 12, 3: 4}, "seconds": {_DAY: 7, _DAY // 24: 24}}
"""Steps in a season, by unit and step: months and quarters of a year, days of a week, hours."""
_CLOSE = 1e-9


@dataclass(frozen=True)
class Calendar:
    """Times first, first + step, first + 2 step, ...; `count` of them are known.

    `unit` is "steps" (plain numbers), "months" (since 1970-01) or "seconds" (since 1970-01-01);
    `day` is the day of the month, 0 for the last.

    >>> years = Calendar("steps", 1700, 1, 309)
    >>> years.label(221), years.index("1921"), years.label(309)
    ('1921', 221, '2009')
    >>> Calendar("months", -252, 1, 144).label(13)
    '1950-02'
    """

    unit: str
    first: float
    step: float
    count: int
    day: int = 1

    @property
    def season(self) -> int:
        """Steps in a season as such times usually have it; 1 for none."""
        return _SEASONS.get(self.unit, {}).get(round(self.step), 1)

    @property
    def phase(self) -> int:
        """The place of the first time in its season: months and quarters after January."""
        return round(self.first % 12 / self.step) if self.unit == "months" else 0

    @property
    def name(self) -> str:
        """What a step is, in words."""
        if self.unit == "months":
            return {1: "month", 3: "quarter", 12: "year"}.get(
                round(self.step), f"{self.step:g} months"
            )
        if self.unit == "seconds":
            named = {_DAY: "day", 7 * _DAY: "week", _DAY // 24: "hour", 60: "minute"}
            return named.get(round(self.step), f"{self.step:g} seconds")
        return "step" if self.step == 1 else f"step of {self.step:g}"

    def label(self, index: int) -> str:
        """Return the time of a position, also before the first and after the last."""
        time = self.first + index * self.step
        if self.unit == "steps":
            return label(round(time, 9))
        if self.unit == "months":
            return self._date(round(time))
        moment = str(np.datetime64(round(time), "s")).replace("T", " ")
        if self.step % _DAY == 0 and self.first % _DAY == 0:
            return moment[:10]
        return moment.removesuffix(":00") if self.step % 60 == 0 else moment

    def _date(self, month: int) -> str:
        start = np.datetime64(month, "M")
        if self.day == 1:
            return str(start)
        after = (start + 1).astype("M8[D]") - 1
        return str(after if self.day == 0 else start.astype("M8[D]") + (self.day - 1))

    def index(self, text: str) -> int:
        """Return the position of the first time that is not before `text`.

        Raises `UsageError` for what is no time of this kind.
        """
        return int(np.ceil((self._parse(text) - self.first) / self.step - _CLOSE))

    def _parse(self, text: str) -> float:
        try:
            if self.unit == "steps":
                return float(text)
            moment = np.datetime64(str(text).strip().replace(" ", "T"))
            if np.isnat(moment):
                raise ValueError
        except ValueError:
            raise UsageError(
                f"{text!r} is no time of this series, which runs from {self.label(0)} to "
                f"{self.label(self.count - 1)}: write it as these are."
            ) from None
        if self.unit == "months":
            return float(moment.astype("M8[M]").astype(int))
        return float(moment.astype("M8[s]").astype(int))

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        return asdict(self)

    def of(self, count: int) -> Calendar:
        """Return the same times, `count` of them."""
        return replace(self, count=count)


def calendar_of(
    table: Table, column: Column, *, fill: bool = False
) -> tuple[Calendar, NDArray[np.intp]]:
    """Return the calendar of a column and every row's position in it, 0, 1, 2, ...

    With `fill` the positions may leave some out.

    Raises `DataError` for a column that is no time, is not sorted, holds a time twice, or is
    irregular; the first offenders are named.
    """
    if column.kind != "numeric":
        raise DataError(
            f"{table.source}: the time column {column.name!r} is {column.kind}. Its cells have to "
            "be numbers, dates or times, all written in one way (`--date-format`), all with a time "
            f"zone or none{_otherwise(table, column)}."
        )
    rows = np.arange(table.rows)
    check_missing(table, [column.name], rows, "Every row needs its time.")
    unit, times, day = _times(column)
    steps = np.diff(times)
    _check_sorted(table, column, steps)
    step = _usual(steps) if len(steps) else 1.0
    positions = (times - times[0]) / step if len(times) else times
    whole = np.round(positions)
    off = np.abs(positions - whole) > 1e-6
    calendar = Calendar(unit, float(times[0]) if len(times) else 0.0, step, len(times), day)
    if off.any() or (not fill and len(times) and whole[-1] != len(times) - 1):
        raise _irregular(
            table, column, calendar, np.flatnonzero(np.abs(steps - step) > 1e-6 * step)
        )
    index = whole.astype(np.intp)
    return calendar.of(int(index[-1]) + 1 if len(index) else 0), index


def _otherwise(table: Table, column: Column) -> str:
    """Return the first cell that is not written as the one in the first row is."""
    if column.kind != "text":
        return ""
    shapes = [re.sub(r"\d", "0", text) for text in column.categories]
    known = [(row, shapes[code]) for row, code in enumerate(column.values.tolist()) if code >= 0]
    other = [row for row, shape in known if shape != known[0][1]]
    return f"; the first row's is not written as {table.cite(column.name, other[:1])}" * bool(other)


def rows_of(count: int) -> Calendar:
    """Return the calendar of rows that have no times: 1, 2, 3, ..."""
    return Calendar("steps", 1, 1, count)


def _times(column: Column) -> tuple[str, NDArray[np.float64], int]:
    values = np.asarray(column.values, np.float64)
    if column.written not in _DATED:
        return "steps", values, 1
    if np.all(values == np.floor(values)):
        days = values.astype("M8[D]")
        months = days.astype("M8[M]")
        of_month = (days - months.astype("M8[D]")).astype(int) + 1
        last = days + 1 == (months + 1).astype("M8[D]")
        same, ends = bool(np.all(of_month == of_month[:1])), bool(last.all())
        if (same or ends) and len(values) > 1:
            return "months", months.astype(int).astype(np.float64), int(of_month[0]) if same else 0
    return "seconds", np.round(values * _DAY, 3), 1


def _usual(steps: NDArray[np.float64]) -> float:
    """Return the commonest step; of several, the smallest."""
    values, counts = np.unique(np.round(steps, 9), return_counts=True)
    return float(values[np.argmax(counts)])


def _check_sorted(table: Table, column: Column, steps: NDArray[np.float64]) -> None:
    back, twice = np.flatnonzero(steps < 0), np.flatnonzero(steps == 0)
    if len(back):
        raise DataError(
            f"{table.source}: the times in {column.name!r} are not sorted: "
            f"{are(len(back), 'row')} before the row above, the first at "
            f"{table.cite(column.name, back[:CITED] + 1)}. Sort the rows by {column.name!r}; where "
            "they are several series, name the column that tells them apart with `--series`."
        )
    if len(twice):
        dated = column.written in ("date", "date and time")
        regular = ", or make them regular with `--resample`" if dated else ""
        raise DataError(
            f"{table.source}: {are(len(twice), 'row')} in {column.name!r} at the time of the "
            f"row above, the first at {table.cite(column.name, twice[:CITED] + 1)}. Leave one row "
            f"for each time{regular}; where they are several series, name the column "
            "that tells them apart with `--series`. Where clocks were put back, write the "
            "times in UTC."
        )


def _irregular(
    table: Table, column: Column, calendar: Calendar, after: NDArray[np.intp]
) -> DataError:
    found = "; ".join(
        f"{table.place(int(row) + 1, column.name)} ({_gap(column, int(row), calendar)})"
        for row in after[:CITED]
    )
    times = "once" if len(after) == 1 else f"{len(after):,} times"
    return DataError(
        f"{table.source}: the times in {column.name!r} are irregular: the usual step is one "
        f"{calendar.name}, and it is another one {times}, first at {found}. Add "
        "the rows that are missing, or have them filled with `--missing previous` or "
        "`--missing interpolate` where every time is a whole number of steps from the first; times "
        "of a clock that is put forward and back are regular in UTC."
    )


def _gap(column: Column, row: int, calendar: Calendar) -> str:
    _, times, _ = _times(column)
    before, now = ((t - calendar.first) / calendar.step for t in times[row : row + 2])
    if before == round(before) and now == round(now):
        missing = round(now - before) - 1
        first = calendar.label(round(before) + 1)
        return f"{first} is missing" if missing == 1 else f"{missing} missing from {first} on"
    return f"{now - before:.4g} steps after the row above"
