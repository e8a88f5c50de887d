"""Which separator a text file has: the one at which its first rows have one width."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from deltarule.data.text.cells import number
from deltarule.data.text.lines import SPACES, blank, parser, table_lines

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar", SPACES: "space"}
"""The separators that are looked for, with their names; `SPACES` is one or more spaces or tabs."""

_ROWS, _CHARACTERS = 100, 1 << 20
_MOSTLY = 0.5
_SHOWN = 4
_COMMA = re.compile(r"(?<![0-9]),|,(?![0-9])")
"""A comma that does not stand between digits."""


def splits_header(path: Path, encoding: str, separator: str) -> bool:
    """Say whether a separator divides a file's first row; then no other one is looked for.

    So a damaged row never makes another reading of the file.
    """
    return len(_first_row(path, encoding, separator)) > 1


def find_separator(path: Path, encoding: str) -> str | None:
    """Return the first separator that splits every one of the first 100 rows into as many cells.

    That is two cells or more, quotes respected. Spaces are part of many texts: they separate only
    where more than half of the cells under the first row are numbers then, and where tabs, which
    are spaces too, leave fewer than half. None where no separator does.
    """
    found = {s: rows for s in SEPARATORS if (rows := _first_rows(path, encoding, s))}
    if SPACES in found:
        if _numbers(found[SPACES]) > _MOSTLY > _numbers(found.get("\t", [])):
            found.pop("\t", None)
        else:
            del found[SPACES]
    return next(iter(found), None)


def among_decimal_commas(path: Path, encoding: str) -> str | None:
    """Return the separator at which the first rows have one width and commas within numbers only.

    A comma divides a first row of such numbers as well, where there is no header. Spaces are left
    out: in `2004-03-01 18:00,5` the comma does not belong to a number.
    """
    for separator in (";", "\t", "|"):
        rows = _first_rows(path, encoding, separator)
        if rows and not any(_COMMA.search(cell) for row in rows for cell in row):
            return separator
    return None


def other_separator(path: Path, encoding: str, separator: str) -> str:
    """Say with which other separator the first rows have one width, and how they begin then.

    Where none does that and `separator` does not divide the first row, name the one that divides
    it most often. Empty if there is nothing to say: a remedy is named only after it was tried.
    """
    other = find_separator(path, encoding)
    if other not in (None, separator):
        row = [cell.strip() for cell in _first_row(path, encoding, other)]
        shown = ", ".join(map(repr, row[:_SHOWN])) + ", ..." * (len(row) > _SHOWN)
        return (
            f"The first rows have one width with a {SEPARATORS[other]}: "
            f"`--separator {_typed(other)}` reads {len(row)} columns, {shown}."
        )
    widths = {s: len(_first_row(path, encoding, s)) for s in SEPARATORS if s != SPACES}
    most = max(widths, key=lambda s: widths[s])
    if widths[most] > 1 and not splits_header(path, encoding, separator):
        return (
            f"With a {SEPARATORS[most]} the first row has {widths[most]} cells, though not every "
            f"one of the first rows: `--separator {_typed(most)}` names the row that does not fit."
        )
    return ""


def _typed(separator: str) -> str:
    return "'\\t'" if separator == "\t" else f"'{separator}'"


def _first_row(path: Path, encoding: str, separator: str) -> list[str]:
    try:
        return next(_rows(path, encoding, separator), [])
    except csv.Error:
        return []


def _first_rows(path: Path, encoding: str, separator: str) -> list[list[str]]:
    """Return the first rows if they have one width and two cells or more, else none."""
    rows: list[list[str]] = []
    characters = 0
    try:
        for found in _rows(path, encoding, separator):
            # a separator may end every row but the header
            more = rows and len(found) == len(rows[0]) + 1 and not found[-1]
            row = found[:-1] if more else found
            if len(row) < 2 or (rows and len(row) != len(rows[0])):
                return []
            rows.append(row)
            characters += sum(map(len, row))
            if len(rows) == _ROWS or characters > _CHARACTERS:
                break
    except csv.Error:
        return []
    return rows


def _rows(path: Path, encoding: str, separator: str) -> Iterator[list[str]]:
    taken = 0
    with path.open(encoding=encoding, newline="") as file:
        _, lines = table_lines(file, separator, lambda: taken)
        for row in parser(lines, separator):
            taken += 1
            if not blank(row, 2):
                yield row


def _numbers(rows: list[list[str]]) -> float:
    """Return the share of numbers among the cells under the first row."""
    cells = [cell for row in rows[1:] or rows for cell in row]
    return sum(number(cell) is not None for cell in cells) / max(1, len(cells))
