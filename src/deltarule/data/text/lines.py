"""The lines of a text file as they go to the parser, and the parser.

What is no part of the table is left out: a byte order mark, a first line `sep=;`, with which Excel
is told the separator, and comments: lines at the beginning that start with `#` and do not have as
many cells as the line under them, or whatever lines start with a mark that is told. They become
blank lines, which are counted. The separator `SPACES` is one or more spaces and tabs.
"""

from __future__ import annotations

import csv
import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _csv import Reader

SPACES = " "

_BATCH, _BATCHES = 1 << 16, 1 << 10
ROW_LIMIT = _BATCH * _BATCHES
"""How many characters of further lines a row may go on over, inside quotes."""

_MARK = "\ufeff"
_ANNOUNCED = re.compile(r'"?sep=([^"\r\n])"?[\r\n]', re.IGNORECASE)
_START = 16
_COMMENT, _COMMENTS = "#", 1000


class LongRowError(csv.Error):
    """A row that goes on over more than `ROW_LIMIT` characters of further lines."""


def announced(path: Path, encoding: str) -> str | None:
    """Return the separator that a file's first line names, as in `sep=;`, None if it does not."""
    with path.open(encoding=encoding, newline="") as file:
        found = _ANNOUNCED.match(file.read(_START).removeprefix(_MARK))
    return found and found[1]


def table_lines(
    file: TextIO,
    separator: str,
    taken: Callable[[], int],
    comment: str | None = None,
    trailing: bool = False,
) -> tuple[int, Iterator[str]]:
    """Return the number of the table's first line in an open file, and the lines from there on.

    `taken` says how many rows were made of the lines so far. Where it does not change for too long
    the lines end in a `LongRowError`: a row in memory may be 16 times as large as in the file.
    Lines that start with `comment` are left blank (None: as the beginning shows); `trailing` leaves
    out the separator at the end of a line.
    """
    start = file.read(_START)
    file.seek(0)
    if start.startswith(_MARK):
        file.read(1)
    found = _ANNOUNCED.match(start.removeprefix(_MARK))
    if found:
        file.readline()
    lines = further_lines(file, taken)
    if comment:
        lines = ("\n" if line.startswith(comment) else line for line in lines)
    elif comment is None:
        lines = chain(_beginning(lines, separator)[0], lines)
    if trailing:
        lines = (line.rstrip("\r\n").removesuffix(separator) + "\n" for line in lines)
    return 2 if found else 1, map(_trimmed, lines) if separator == SPACES else lines


def further_lines(file: TextIO, taken: Callable[[], int]) -> Iterator[str]:
    """Return the lines from here on; `taken` as in `table_lines`."""
    return chain.from_iterable(_batches(file, taken))


def comments(path: Path, encoding: str, separator: str) -> int:
    """Return how many comments stand at the beginning of a file."""
    with path.open(encoding=encoding, newline="") as file:
        _, lines = table_lines(file, separator, lambda: 0, comment="")
        return _beginning(lines, separator)[1]


def _beginning(lines: Iterator[str], separator: str) -> tuple[list[str], int]:
    """Take the first lines up to one without `#`; return them with comments blank, and how many.

    The last one with `#` holds the names where it has as many cells as the line under it; in
    `# x y`, as NumPy writes it, the mark is no name.
    """
    first: list[str] = []
    for line in lines:
        first.append(line)
        if not line.startswith(_COMMENT) or len(first) == _COMMENTS:
            break
    head, below = first[:-1], first[-1:]
    if not head:
        return first, 0
    width, named = _cells(below[0], separator), head[-1].removeprefix("# ")
    if width > 1 and _cells(named, separator) == width:
        return ["\n"] * (len(head) - 1) + [named, *below], len(head) - 1
    return ["\n"] * len(head) + below, len(head)


def _cells(line: str, separator: str) -> int:
    try:
        return len(next(parser([_trimmed(line) if separator == SPACES else line], separator), []))
    except csv.Error:
        return 0


def parser(lines: Iterable[str], separator: str) -> Reader:
    """Return the parser of rows; with `SPACES` its skipping of spaces takes whole runs of them."""
    return csv.reader(lines, delimiter=separator, strict=True, skipinitialspace=True)


def blank(row: list[str], width: int) -> bool:
    """Say whether a row holds nothing: no cell, empty ones, or only spaces for `width` cells."""
    return not row or (width > 1 and (not any(row) or (len(row) == 1 and not row[0].strip())))


def long_cell(text: str, separator: str) -> int:
    """Return which cell of a row (1 for the first) is longer than the parser's limit.

    >>> long_cell("a,b,c" + "c" * 140_000, ",")
    3
    """

    def too_long(end: int) -> bool:
        try:
            next(parser([text[:end]], separator), None)
        except csv.Error as error:
            return "larger" in str(error)
        return False

    end = bisect_left(range(len(text)), True, key=too_long)
    return len(next(csv.reader([text[: end - 1]], delimiter=separator, skipinitialspace=True)))


def _batches(file: TextIO, taken: Callable[[], int]) -> Iterator[list[str]]:
    before, batches = -1, 0
    while batch := file.readlines(_BATCH):
        batches = batches + 1 if taken() == before else 0
        if batches > _BATCHES:
            raise LongRowError("row larger")
        before = taken()
        yield batch


def _trimmed(line: str) -> str:
    return line.replace("\t", " ").rstrip() + "\n"
