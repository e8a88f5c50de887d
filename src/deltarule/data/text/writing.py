"""How people write numbers, money, percentages and dates, and what the cells are worth.

A writing reads a cell or it does not; none guesses. The writings that read every cell of a column
are its readings. Where they all agree on every value, that is the column; where they do not
(`1,022` is 1022 with thousands and 1.022 with a decimal comma), somebody has to say which.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.errors import FileError, UsageError

_SPACES = re.compile(r"[\s\u00a0\u2009\u202f]+")
_CODES = (
    "EUR USD GBP CHF JPY CNY INR AUD CAD NZD SEK NOK DKK PLN CZK HUF RUB TRY BRL MXN ZAR KRW SGD "
    "HKD"
)
_CURRENCY = re.compile(rf"[$€£¥₹₽₩₺]|\b(?:{'|'.join(_CODES.split())})\b")
_MARKS = ((".", ""), (".", ","), (",", ""), (",", "."), (".", " "), (",", " "), (".", "'"))
"""Decimal mark and mark between thousands, the plainest first."""

_DAY = {
    r"\d{4}-\d\d-\d\d": "%Y-%m-%d",
    r"\d{4}-\d\d": "%Y-%m",
    r"\d{4}/\d{1,2}/\d{1,2}": "%Y/%m/%d",
    r"\d{4}\.\d{1,2}\.\d{1,2}": "%Y.%m.%d",
    r"\d{1,2}/\d{1,2}/\d{4}": "%d/%m/%Y|%m/%d/%Y",
    r"\d{1,2}\.\d{1,2}\.\d{4}": "%d.%m.%Y",
    r"\d{1,2}-\d{1,2}-\d{4}": "%d-%m-%Y|%m-%d-%Y",
    r"\d{1,2}/\d{1,2}/\d\d": "%d/%m/%y|%m/%d/%y|%y/%m/%d",
    r"\d{1,2}\.\d{1,2}\.\d\d": "%d.%m.%y",
    r"\d{1,2} [A-Za-z]{3,9} \d{4}": "%d %b %Y|%d %B %Y",
    r"\d{1,2}-[A-Za-z]{3}-\d{4}": "%d-%b-%Y",
    r"\d{1,2}-[A-Za-z]{3}-\d\d": "%d-%b-%y",
    r"[A-Za-z]{3,9} \d{1,2}, \d{4}": "%b %d, %Y|%B %d, %Y",
    r"[A-Za-z]{3,9} \d{4}": "%b %Y|%B %Y",
}
_CLOCK = {
    "": "",
    r"\d{1,2}:\d\d": "%H:%M",
    r"\d{1,2}:\d\d:\d\d": "%H:%M:%S",
    r"\d{1,2}:\d\d:\d\d\.\d{1,6}": "%H:%M:%S.%f",
    r"\d{1,2}\.\d\d\.\d\d": "%H.%M.%S",
    r"\d{1,2}:\d\d [AaPp][Mm]": "%I:%M %p",
    r"\d{1,2}:\d\d:\d\d [AaPp][Mm]": "%I:%M:%S %p",
}
_FORMATS = [
    (re.compile(day + (between if clock else "") + clock, re.ASCII), formats, between, time)
    for day, formats in {"": "", **_DAY}.items()
    for clock, time in _CLOCK.items()
    for between in ((" ", "T") if day and clock else ("",))
    if day or clock
]
_DECIMALS, _THOUSANDS = (".", ","), (",", ".", " ", "'")
_NO_DAY = datetime.datetime(1900, 1, 1)
"""What `strptime` reads where nothing is said of day or time."""
_EPOCH = datetime.datetime(1970, 1, 1)
_DAY_SECONDS = 86_400


def damaged(what: str) -> FileError:
    """Build the error for parts of a model that do not fit together."""
    return FileError(
        f"the stored data transforms are damaged: {what}. Train the model again, or restore the "
        "folder from a copy."
    )


@dataclass(frozen=True)
class Writing:
    """How the cells of a column are written.

    Args:
        written: as `Column.written` has it.
        decimal, thousands: the marks in a number; nothing between thousands is `""`.
        unit: the currency, or `%`.
        pattern: of a date or a time, as `datetime.strptime` takes it; `"ISO"` with an offset.

    >>> Writing("money", ",", ".", "EUR").value("1.234,50 EUR")
    1234.5
    >>> Writing("date", pattern="%d/%m/%Y").value("02/01/1970")
    1.0
    """

    written: str
    decimal: str = "."
    thousands: str = ""
    unit: str = ""
    pattern: str = ""

    def value(self, cell: str) -> float | None:
        """Return what a cell is worth, None where it is written otherwise."""
        text = _SPACES.sub(" ", cell.strip())
        if self.pattern:
            return self._moment(text)
        if self.written == "percent":
            return self._number(text[:-1].rstrip()) if text.endswith("%") else None
        if self.written == "money":
            return self._money(text)
        return self._number(text)

    def worth(self, texts: Iterable[str]) -> NDArray[np.float64]:
        """Return what cells are worth, NaN where one is written otherwise."""
        return np.array([np.nan if (v := self.value(t)) is None else v for t in texts], np.float64)

    def to_dict(self) -> dict[str, str]:
        """Return the fields as plain JSON values."""
        return asdict(self)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        mark = re.escape(self.thousands)
        whole = rf"\d{{1,3}}(?:{mark}\d{{3}})+|\d+" if mark else r"\d+"
        point = re.escape(self.decimal)
        number = rf"([+-]?)((?:{whole})(?:{point}\d*)?|{point}\d+)((?:[eE][+-]?\d+)?)"
        return re.compile(number, re.ASCII)

    def _number(self, text: str) -> float | None:
        found = self._pattern.fullmatch(text.replace("\u2212", "-"))
        if not found:
            return None
        sign, digits, power = found.groups()
        if self.thousands:
            digits = digits.replace(self.thousands, "")
        return float(sign + digits.replace(self.decimal, ".") + power)

    def _money(self, text: str) -> float | None:
        """A currency before or after the number, a minus before either, or (..) for it."""
        less = text.startswith("(") and text.endswith(")")
        text = text[1:-1] if less else text
        rest, count = _CURRENCY.subn("", text)
        if count > 1 or (count and _currency(text) != self.unit):
            return None
        value = self._number(rest.strip().replace("- ", "-").replace("+ ", "+"))
        return -value if less and value is not None else value

    def _moment(self, text: str) -> float | None:
        try:
            if self.pattern == "ISO":
                moment = datetime.datetime.fromisoformat(text)
                if moment.tzinfo is None:
                    return None
                moment = moment.astimezone(datetime.UTC).replace(tzinfo=None)
            else:
                moment = datetime.datetime.strptime(text, self.pattern)
        except (ValueError, OverflowError):
            return None
        if self.written == "time":
            day = datetime.datetime(1900, 1, 1)
            return (moment - day).total_seconds() / 3600.0
        return (moment - _EPOCH).total_seconds() / _DAY_SECONDS

    def said(self) -> str:
        """Return how it is written, for a note."""
        if self.pattern:
            return f"{self.written} ({'ISO, in UTC' if self.pattern == 'ISO' else self.pattern})"
        marks = f"decimal {self.decimal!r}" if self.decimal != "." else ""
        if self.thousands:
            marks += f"{', ' if marks else ''}thousands {self.thousands!r}"
        inside = ", ".join(part for part in (self.unit, marks) if part)
        plural = {"number": "numbers"}.get(self.written, self.written)
        return f"{plural} ({inside})" if inside else plural


def check_marks(decimal: str | None, thousands: str | None, pattern: str | None) -> None:
    """Refuse marks that are none, and a format that no date has. Raises `UsageError`."""
    if decimal not in (None, *_DECIMALS):
        raise UsageError(f"a decimal mark is . or , and not {decimal!r}")
    if thousands not in (None, *_THOUSANDS) or (thousands == decimal and decimal is not None):
        raise UsageError(
            "a mark between thousands is , or . or ' or a space, and not the decimal mark; given: "
            f"{thousands!r}"
        )
    if pattern is None:
        return
    try:
        day = datetime.datetime(2004, 3, 13, 14, 15, 16)
        good = datetime.datetime.strptime(day.strftime(pattern), pattern) != _NO_DAY
    except ValueError:
        good = False
    if not good:
        raise UsageError(
            f"{pattern!r} is no format of dates or times; such are %d/%m/%Y, %Y-%m-%d %H:%M, %H:%M"
        )


def writing_from(plain: Any) -> Writing:
    """Rebuild a writing from `to_dict`. Raises `FileError` for damage."""
    known = {field.name for field in fields(Writing)}
    fits = isinstance(plain, Mapping) and set(plain) <= known and "written" in plain
    if not fits or not all(isinstance(v, str) for v in plain.values()):
        raise damaged(f"how a column's cells are written is not described: {plain!r}")
    return Writing(**plain)


def readings(
    texts: Collection[str], decimal: str | None, thousands: str | None, pattern: str | None
) -> Iterator[Writing]:
    """Yield the writings that might read these cells, the plainest first, as far as was told.

    What they read is for the caller to see; the first cell decides which are worth a try.
    """
    first = next(iter(texts), "")
    told = None if pattern is None else _dated(pattern)
    if told is not None and told.value(first) is not None:
        yield told
    else:
        yield from map(_dated, _patterns(_SPACES.sub(" ", first.strip())))
    marks = [
        (point, mark)
        for point, mark in _MARKS
        if decimal in (None, point) and thousands in (None, mark, mark or None)
    ]
    if decimal is not None or thousands is not None:
        point = decimal or ("," if thousands == "." else ".")
        marks = [(point, thousands or ""), *(m for m in marks if m[0] == point and not thousands)]
    units = sorted({_currency(text) for text in texts} - {""})
    for point, mark in dict.fromkeys(marks):
        if first.rstrip().endswith("%"):
            yield Writing("percent", point, mark, "%")
        elif units:
            yield Writing("money", point, mark, units[0])
        else:
            yield Writing("number", point, mark)


def _currency(text: str) -> str:
    found = _CURRENCY.search(text)
    return found.group() if found else ""


def _dated(pattern: str) -> Writing:
    return Writing(_kind(pattern), pattern=pattern)


def _kind(pattern: str) -> str:
    if pattern == "ISO":
        return "date and time"
    day, clock = (any(f"%{c}" in pattern for c in some) for some in ("YymdbBj", "HIM"))
    return "date and time" if day and clock else "date" if day else "time"


@lru_cache(maxsize=256)
def _patterns(first: str) -> tuple[str, ...]:
    """Return the patterns of dates and times that might read a cell."""
    if re.fullmatch(r"\d{4}-\d\d-\d\d[T ][\d:.]+(Z|[+-]\d\d:?\d\d)", first):
        return ("ISO",)
    found: list[str] = []
    for shape, formats, between, time in _FORMATS:
        if shape.fullmatch(first):
            found += [one + (between if one else "") + time for one in formats.split("|")]
    return tuple(found)
