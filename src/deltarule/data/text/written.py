"""Columns of text that are numbers, money, percentages or dates: read, or asked about.

A column is what a writing of `writing.py` makes of all its cells. Where two writings read them all
and differ, the file's other columns may tell (a file has one decimal mark); else it is an error
with what either would read and the options that say so, both of which were tried.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from deltarule.core.errors import DataError
from deltarule.data.table import CITED, Column, Locator, option
from deltarule.data.text.cells import number, stands_for_missing
from deltarule.data.text.column import NUMERIC_SHARE
from deltarule.data.text.format import TextFormat
from deltarule.data.text.writing import Writing, readings

_SAMPLE = 100
_UNITS = {"date": " days since 1970", "date and time": " days since 1970", "time": " hours"}
_POINTED = re.compile(r"[+-]?[1-9]\d{0,2}\.\d{3}", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d{1,3}", re.ASCII)
_LARGE = 100

Values = NDArray[np.float64]


@dataclass(frozen=True)
class _Reading:
    writing: Writing
    values: Values
    """What each category is worth; NaN where it is written otherwise."""


def grouped(texts: Sequence[str]) -> bool:
    """Say whether numbers look as if points stood between their thousands: 985 beside 1.022.

    Numbers that are rounded to three decimals are written with all three, and whoever leaves zeros
    out leaves out those at the end, too. So whole numbers below 1000 beside numbers with three
    decimals each are odd where a zero ends one, or where the whole ones are the large ones.

    >>> grouped(["985", "1.022", "1.100"]), grouped(["1", "2", "1.125"]), grouped(["9.985"])
    (True, False, False)
    """
    pointed = [t for t in texts if "." in t]
    whole = [t for t in texts if "." not in t]
    if not (pointed and whole and all(map(_POINTED.fullmatch, pointed))):
        return False
    if not all(map(_WHOLE.fullmatch, whole)):
        return False
    return any(t.endswith("0") for t in pointed) or max(abs(int(t)) for t in whole) >= _LARGE


def recognise(
    texts: Mapping[int, Column],
    plain: Sequence[Column],
    form: TextFormat,
    locate: Locator,
    surely: Collection[int] = (),
) -> dict[int, Writing]:
    """Return how the columns among `texts` are written that are more than names, by position.

    `plain` are the file's columns of plain numbers. In columns that are `surely` something else
    where no writing reads every cell, single cells are no error here.

    Raises `DataError` with the place where that is in doubt, or where nearly all of a column is
    written in one way and some cells are not.
    """
    found: dict[int, Writing] = {}
    doubtful: dict[int, list[_Reading]] = {}
    for i, column in texts.items():
        differing = _differing(_whole(column, form))
        if len(differing) == 1:
            found[i] = differing[0].writing
        elif differing:
            doubtful[i] = differing
        elif i not in surely:
            _refuse_some(column, form, locate)
    if not doubtful:
        return found
    fractions = any(np.any(np.nan_to_num(c.values) % 1.0) for c in plain)
    marks = {"."} if fractions else set()
    for i, writing in found.items():
        if any(writing.decimal in text for text in texts[i].categories) and not writing.pattern:
            marks.add(writing.decimal)
    patterns = {writing.pattern for writing in found.values() if writing.pattern}
    for i, differing in doubtful.items():
        left = [r for r in differing if _fits(r.writing, marks, patterns)]
        if len(left) != 1:
            raise _doubt(texts[i], differing, locate)
        found[i] = left[0].writing
    return found


def _fits(writing: Writing, marks: set[str], patterns: set[str]) -> bool:
    """Say whether the rest of the file is written so: with one decimal mark, one kind of date."""
    if writing.pattern:
        return writing.pattern in patterns
    return marks == {writing.decimal}


def as_written(column: Column, writing: Writing, locate: Locator, used: bool = True) -> Column:
    """Return a column of text as the numbers that its cells are worth.

    Raises `DataError` with the place of a cell that is written otherwise; of a column that is not
    `used` it is returned as it is.
    """
    values = np.append(writing.worth(column.categories), np.nan)
    bad = np.flatnonzero(np.isnan(values[:-1]))
    if len(bad):
        if not used:
            return column
        rows = np.flatnonzero(np.isin(column.values, bad))
        raise _otherwise(column, writing, rows, locate, "as it was in training", _instead(column))
    return Column(column.name, "numeric", values[column.values], written=writing.written)


def without_marks(column: Column, form: TextFormat) -> tuple[Column, str]:
    """Return a column of text with `?` and its like missing, and what they were.

    That is where all its other cells are written in one way; else it is text as it stands.
    """
    marks = {i for i, text in enumerate(column.categories) if stands_for_missing(text)}
    others = tuple(text for i, text in enumerate(column.categories) if i not in marks)
    if not marks or not others:
        return column, ""
    place = {text: i for i, text in enumerate(others)}
    lookup = np.array([*(place.get(text, -1) for text in column.categories), -1], np.int32)
    reduced = replace(column, values=lookup[column.values], categories=others)
    told = form.writings.get(column.name)
    readable = all(told.value(t) is not None for t in others) if told else _whole(reduced, form)
    if not readable:
        return column, ""
    return reduced, ", ".join(repr(column.categories[i]) for i in sorted(marks))


def plainly(texts: Sequence[str], writing: Writing) -> bool:
    """Say whether the cells are worth what they are as plain numbers."""
    return all(number(text) == writing.value(text) for text in texts)


def noted(column: Column, writing: Writing, texts: Sequence[str]) -> str:
    """Return the note on a column that was recognised, with an example."""
    count = int(np.sum(~np.isnan(column.values)))
    example = max(texts, key=len)
    unit = _UNITS.get(writing.written, "")
    return (
        f"column {column.name!r}: {count:,} values read as {writing.said()}; {example!r} is "
        f"{writing.value(example):.10g}{unit}"
    )


def _candidates(column: Column, form: TextFormat) -> list[Writing]:
    return list(readings(column.categories, form.decimal, form.thousands, form.date_format))


def _whole(column: Column, form: TextFormat) -> list[_Reading]:
    """Return the readings of every cell; most writings fail at one of the first."""
    found = []
    for writing in _candidates(column, form):
        if np.isnan(writing.worth(column.categories[:_SAMPLE])).any():
            continue
        values = writing.worth(column.categories)
        if len(values) and not np.isnan(values).any():
            found.append(_Reading(writing, values))
    return found


def _differing(found: list[_Reading]) -> list[_Reading]:
    """Leave out readings that give the values of a plainer one."""
    kept: list[_Reading] = []
    for reading in found:
        if not any(np.array_equal(reading.values, other.values) for other in kept):
            kept.append(reading)
    return kept


def _refuse_some(column: Column, form: TextFormat, locate: Locator) -> None:
    """Raise `DataError` where nearly all cells are written in one way that is no plain number."""
    counts = np.bincount(column.values[column.values >= 0], minlength=len(column.categories))
    if not counts.sum():
        return
    for writing in _candidates(column, form):
        sample = writing.worth(column.categories[:_SAMPLE])
        if np.mean(np.isnan(sample)) > 1 - NUMERIC_SHARE:
            continue
        bad = np.isnan(writing.worth(column.categories))
        if counts[bad].sum() <= (1 - NUMERIC_SHARE) * counts.sum():
            rows = np.flatnonzero(np.isin(column.values, np.flatnonzero(bad)))
            raise _otherwise(column, writing, rows, locate, "as at least 90% of its cells are")


def _otherwise(
    column: Column,
    writing: Writing,
    rows: NDArray[np.intp],
    locate: Locator,
    why: str,
    remedy: str = "",
) -> DataError:
    cited = locate([(int(row), column.name) for row in rows[:CITED]])
    (place, cell), others = cited[0], "; ".join(f"{p} ({c!r})" for p, c in cited[1:])
    more = f" {len(rows)} cells are like this, the next at {others}." if others else ""
    remedy = remedy or f"read the column as text with {option('text', column.name)}"
    return DataError(
        f"{place}: {cell!r} is not written like the {writing.said()} in column {column.name!r}, "
        f"{why}.{more} Correct the cell (leave it empty if the value is unknown), or {remedy}."
    )


def _instead(column: Column) -> str:
    """Return the remedy for a file that is written otherwise than the one of training."""
    if all(number(text) is not None for text in column.categories):
        found = [option("decimal", ".")]
    else:
        found = [_option(reading.writing) for reading in _differing(_whole(column, TextFormat()))]
    ways = " or ".join(found) or "`--decimal`, `--thousands` or `--date-format`"
    return f"say how this file is written with {ways}"


def _doubt(column: Column, differing: list[_Reading], locate: Locator) -> DataError:
    """Return the error for a column with several readings: each with the option that says it."""
    several = np.array([reading.values for reading in differing])
    code = int(np.flatnonzero(np.any(several != several[0], axis=0))[0])
    row = int(np.flatnonzero(column.values == code)[0])
    place, cell = locate([(row, column.name)])[0]
    ways = [
        f"as {_shown(reading.values[code], reading.writing)} with {_option(reading.writing)}"
        for reading in differing
    ]
    return DataError(
        f"{place}: {cell!r} in column {column.name!r} can be read in {len(ways)} ways: "
        f"{', '.join(ways[:-1])}, or {ways[-1]}. Say which, or read the column as text with "
        f"{option('text', column.name)}."
    )


def _option(writing: Writing) -> str:
    if writing.pattern:
        return option("date-format", writing.pattern)
    if writing.thousands.strip():
        return option("thousands", writing.thousands)
    return option("decimal", writing.decimal)


def _shown(value: float, writing: Writing) -> str:
    if writing.pattern and writing.written != "time":
        moment = np.datetime64("1970-01-01") + np.timedelta64(round(value * 86_400), "s")
        return str(moment)[: 10 if writing.written == "date" else 19]
    return f"{value:.10g}"
