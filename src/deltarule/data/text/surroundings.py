"""What stands around a table in a text file: comments, units under the header, last separators."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

from deltarule.data.text.cells import is_missing, stands_for_missing
from deltarule.data.text.column import NUMERIC_SHARE
from deltarule.data.text.first_row import form_of
from deltarule.data.text.lines import SPACES, comments
from deltarule.data.text.rows import CsvFile

_ROWS, _LEAST = 100, 3
_BRACKETS = re.compile(r"[\[(<].*[\])>]|[%°€$£].*")


def without_surroundings(file: CsvFile) -> tuple[CsvFile, list[str]]:
    """Return how a file is read without comments and separators at the ends, and what to say.

    A separator ends every row where the rows have one cell more than the header, an empty one.
    """
    notes = []
    count = comments(file.path, file.encoding, file.separator) if file.comment is None else 0
    if count:
        lines = "line" if count == 1 else f"{count} lines"
        notes.append(f"passed over as a comment: the first {lines}, with '#'")
    rows = [row for _, row in islice(file.numbered(), _ROWS)]
    width = len(rows[0]) if rows else 0
    ends = len(rows) > 1 and all(len(row) == width + 1 and not row[-1] for row in rows[1:])
    if ends and file.separator != SPACES:
        notes.append(f"passed over: the {file.separator!r} at the end of every row")
        file = replace(file, trailing=True)
    return file, notes


def with_units(file: CsvFile) -> tuple[CsvFile, list[str]]:
    """Return a file with a header as one with units in its second row, where it has them.

    That is a row of words that stand over numbers, in two columns or more or in brackets.
    """
    found = list(islice(file.numbered(), _ROWS))
    below = [row for _, row in found[2:] if len(row) == len(found[0][1])]
    if len(below) < _LEAST or len(found[1][1]) != len(found[0][1]):
        return file, []
    line, cells = found[1]
    if any(form_of(cell.strip()) == "0" for cell in cells):
        return file, []
    columns = list(zip(*below, strict=True))
    over = [cell for cell, column in zip(cells, columns, strict=True) if _over(cell, column)]
    if len(over) < 2 and not any(map(_BRACKETS.fullmatch, over)):
        return file, []
    shown = ", ".join(map(repr, over[:_LEAST])) + ", ..." * (len(over) > _LEAST)
    note = f"line {line} holds no data but units or descriptions ({shown}), and is passed over"
    return replace(file, units=True), [note]


def _over(cell: str, column: Sequence[str]) -> bool:
    """Say whether a cell is a word over numbers or dates."""
    known = [other for other in column if not is_missing(other)]
    numbers = sum(form_of(other.strip()) == "0" for other in known)
    word = bool(cell.strip()) and not is_missing(cell) and not stands_for_missing(cell)
    return word and 0 < numbers >= NUMERIC_SHARE * len(known)
