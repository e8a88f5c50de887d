"""Whether a file's first row looks like the rows under it: the evidence, not the verdict."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from deltarule.data.text.cells import is_missing, number
from deltarule.data.text.column import NUMERIC_SHARE
from deltarule.data.text.rows import CsvFile

_ROWS, _CHARACTERS = 4096, 1 << 20
"""So many rows under the first one are looked at, and fewer where they are wide."""
_ALIKE = 100
"""In so many of them a cell of the same form is looked for."""
_RUN = 3
"""From so many on, numbers that rise by one are names: 0, 1, 2 or 2001, 2002, 2003."""
_NUMBER = re.compile(r"[+-]?[0-9]([0-9.,:/-]*[0-9])?")


@dataclass(frozen=True)
class Below:
    """Lines and columns of the rows under a file's first row; copies of that row are left out."""

    lines: Sequence[int]
    columns: Sequence[Sequence[str]]

    def like(self, cells: Sequence[str]) -> tuple[list[str], bool]:
        """Return in which way a first row looks like data, and whether its numbers are a run.

        It does where a cell has the form of those under it, or stands among them again. Numbers
        that rise by one are names, unless those under them rise so too. A word may be the name of
        its column and a value in it (homeless or housed): where other words stand over numbers,
        which names alone do, it counts for nothing that one stands again.

        >>> Below([2, 3], [("52", "38"), ("no", "yes")]).like(["34", "yes"])
        (["'34' stands over '52'", "'yes' stands again in its column on line 3"], False)
        >>> Below([2, 3], [("5", "2"), ("0", "6"), ("7", "7")]).like(["2001", "2002", "2003"])
        ([], True)
        """
        pairs = list(zip(cells, self.columns, strict=True)) if self.lines else []
        alike = [(cell, column) for cell, column in pairs if _same_form(cell, column)]
        numbers = [(cell, column[0]) for cell, column in alike if number(cell) is not None]
        run = _rises([top for top, _ in numbers]) and not _rises([under for _, under in numbers])
        if run:
            alike = [(cell, column) for cell, column in alike if number(cell) is None]
        named = self.words_over_numbers(cells)
        found = [f"{cell!r} stands over {_example(cell, column)!r}" for cell, column in alike]
        again = [
            f"{cell!r} stands again in its column on line {self.lines[column.index(cell)]}"
            for cell, column in pairs
            if number(cell) is None and cell in column and not named
        ]
        return found[:1] + again[-1:], run

    def words_over_numbers(self, cells: Sequence[str]) -> list[int]:
        """Return the positions of words in a first row that stand over nothing but numbers.

        >>> Below([2, 3], [("52", "38"), ("no", "yes")]).words_over_numbers(["age", "rich"])
        [0]
        """
        return [
            i
            for i, (cell, column) in enumerate(zip(cells, self.columns, strict=False))
            if number(cell) is None and any(map(str.isalpha, cell)) and _numbers(column[:_ALIKE])
        ]


def rows_below(file: CsvFile) -> Below:
    """Return the rows under the first one, as far as they are looked at."""
    lines: list[int] = []
    rows: list[list[str]] = []
    characters = 0
    numbered = file.numbered()
    first = _stripped(next(numbered)[1])
    for line, row in islice(numbered, _ROWS):
        cells = _stripped(row)
        if len(cells) == len(first) and cells != first:
            lines.append(line)
            rows.append(cells)
        characters += sum(map(len, cells))
        if characters > _CHARACTERS:
            break
    return Below(lines, list(zip(*rows, strict=True)))


def _stripped(row: Sequence[str]) -> list[str]:
    return [cell.strip() for cell in row]


def form_of(cell: str) -> str | None:
    """Return a cell with 0 for every number, date or time in it; None if it has none.

    >>> [form_of(c) for c in ("-3.5", "1e9", "2004-03-01", "$1,234.50", "c1", "NA", "inf")]
    ['0', '0', '0', '$0', 'c0', None, None]
    """
    form, count = _NUMBER.subn("0", cell)
    if not count:
        return None
    return "0" if number(cell) is not None else form


def _same_form(cell: str, column: Sequence[str]) -> bool:
    form = form_of(cell)
    if form is None:
        return False
    known = [other for other in column[:_ALIKE] if not is_missing(other)]
    alike = sum(form_of(other) == form for other in known)
    return 0 < alike >= NUMERIC_SHARE * len(known)


def _example(cell: str, column: Sequence[str]) -> str:
    return next(other for other in column if form_of(other) == form_of(cell))


def _numbers(column: Sequence[str]) -> bool:
    known = [cell for cell in column if not is_missing(cell)]
    return bool(known) and all(number(cell) is not None for cell in known)


def _rises(cells: Sequence[str]) -> bool:
    """Say whether cells are whole numbers that rise by one, three or more of them."""
    values = [value for cell in cells if (value := number(cell)) is not None]
    run = [values[0] + i for i in range(len(cells))] if values else []
    return len(run) >= _RUN and values == run and values[0].is_integer()
