"""Which separator a text file has: the one at which its first rows have one width."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from deltarule.data.cells import number
from deltarule.data.csv_lines import SPACES, blank, parser, table_lines

__all__ = ["SEPARATORS", "find_separator", "other_separator", "splits_header"]

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar", SPACES: "space"}
"""The separators that are looked for, with their names; `SPACES` is one or more spaces or tabs."""

_ROWS, _CHARACTERS = 100, 1 << 20
_MOSTLY = 0.5
_SHOWN = 4


def splits_header(path: Path, encoding: str, separator: str) -> bool:
    """Say whether a separator divides a file's first row; then no other one is looked for.

    So a damaged row never makes another reading of the file.
    """
    try:
        return len(next(_rows(path, encoding, separator), [])) > 1
    except csv.Error:
        return False


def find_separator(path: Path, encoding: str) -> str | None:
    """Return the first separator that splits every one of the first 100 rows into as many cells.

    That is two cells or more, quotes respected. Spaces are part of many texts: they separate only
    where more than half of the cells under the first row are numbers then, and where tabs, which
    are spaces too, leave fewer numbers. None where no separator does.
    """
    found = {s: rows for s in SEPARATORS if (rows := _first_rows(path, encoding, s))}
    if SPACES in found:
        numbers, cells = _numbers(found[SPACES])
        if numbers <= max(_MOSTLY * cells, _numbers(found.get("\t", []))[0]):
            del found[SPACES]
        else:
            found.pop("\t", None)
    return next(iter(found), None)


def other_separator(path: Path, encoding: str, separator: str) -> str:
    """Say with which other separator the first rows have one width, and how they begin then.

    Nothing is said where there is none: a remedy is named only after it was tried.
    """
    other = find_separator(path, encoding)
    if other in (None, separator):
        return ""
    typed = "'\\t'" if other == "\t" else f"'{other}'"
    row = _first_rows(path, encoding, other)[0]
    shown = ", ".join(repr(cell.strip()) for cell in row[:_SHOWN]) + ", ..." * (len(row) > _SHOWN)
    return (
        f" The first rows have one width with a {SEPARATORS[other]}: `--separator {typed}` reads "
        f"{len(row)} columns, {shown}."
    )


def _first_rows(path: Path, encoding: str, separator: str) -> list[list[str]]:
    """Return the first rows if they have one width and two cells or more, else none."""
    rows: list[list[str]] = []
    characters = 0
    try:
        for row in _rows(path, encoding, separator):
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


def _numbers(rows: list[list[str]]) -> tuple[int, int]:
    cells = [cell for row in rows[1:] or rows for cell in row]
    return sum(number(cell) is not None for cell in cells), len(cells)
