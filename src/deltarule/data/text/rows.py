"""A text file as rows of cells, each row with the physical line on which it starts.

`csv.reader` (strict) is the only parser, so there is nothing that could disagree with it: the fast
pass takes rows in chunks and checks every width; a slow pass over the same rows counts lines, and
runs only when an error has to say where.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, count, islice
from pathlib import Path
from typing import NoReturn, TextIO

from deltarule.core.errors import DataError
from deltarule.data.text.lines import ROW_LIMIT, blank, long_cell, parser, table_lines
from deltarule.data.text.separator import other_separator

_CHUNK_CELLS = 1 << 18
_CHUNK_ROWS = 16  # at least: every column of a chunk costs a step of Python
_REASONS = {
    "unexpected end": (
        "a quoted cell that starts in this row is not closed",
        "Add the missing quote.",
    ),
    "expected after": (
        "a closing quote is followed by more text",
        "Write a quote inside a quoted cell twice, and put the separator right after the closing "
        "quote.",
    ),
    "row larger": (
        f"the row goes on over more than {ROW_LIMIT:,} characters of further lines",
        "Correct the quotes, which are most likely out of place.",
    ),
}
"""What `csv.Error` says, what it is, and what to do where no other separator reads the rows."""


@dataclass(frozen=True)
class CsvFile:
    """Where a text file is, how messages call it, its separator and its encoding.

    If it is not `headed`, its first row is data. A row that holds nothing, or only spaces, is
    skipped. `before` is how many lines stand before the source's own first one. Where there are
    `units`, they stand in the row under the header; `comment` and `trailing` as in `table_lines`.
    """

    path: Path
    source: str
    separator: str
    encoding: str
    headed: bool = True
    before: int = 0
    units: bool = False
    comment: str | None = None
    trailing: bool = False

    def header(self) -> tuple[int, list[str]]:
        """Return line and cells of the first row that is not blank; no cells if there is none."""
        return next(self.numbered(), (1, []))

    def chunks(self, width: int, empty: list[int]) -> Iterator[list[list[str]]]:
        """Yield the rows of data in lists; every row has `width` cells.

        A list is valid until the next one is asked for. Rows of empty cells are passed over, and
        their numbers go into `empty`. Raises `DataError` with the line for a
        row of another width or with a quote out of place.
        """
        rows: list[list[str]] = []
        with self.path.open(encoding=self.encoding, newline="") as file:
            _, lines = self._lines(file, rows.__len__)
            reader = parser(lines, self.separator)
            try:
                filled = (row for row in reader if not blank(row, 2))
                first = list(islice(filled, max(1, self.above)))
                data = reader if self.headed else chain(first, reader)
                while True:
                    rows.extend(islice(data, max(_CHUNK_ROWS, _CHUNK_CELLS // width)))
                    if not rows:
                        return
                    if set(map(len, rows)) != {width} or not all(map(any, rows)):
                        empty.append(sum(bool(row) and not any(row) for row in rows))
                        rows[:] = [row for row in rows if not blank(row, width)]
                        if any(len(row) != width for row in rows):
                            self._explain(width)
                    if rows:
                        yield rows
                    rows.clear()
            except csv.Error:
                self._explain(width)

    def numbered(self) -> Iterator[tuple[int, list[str]]]:
        """Yield every row that is not blank, a header included, with the line it starts on."""
        taken = 0
        with self.path.open(encoding=self.encoding, newline="") as file:
            first, lines = self._lines(file, lambda: taken)
            reader = parser(lines, self.separator)
            width, start = 0, first
            while True:
                try:
                    row = next(reader, None)
                except csv.Error as error:
                    raise self._row_error(start, reader.line_num + first, str(error)) from None
                if row is None:
                    return
                if not blank(row, width or 2):
                    width = width or len(row)
                    yield start, row
                start = reader.line_num + first
                taken += 1

    @property
    def above(self) -> int:
        """Return how many rows stand above the data."""
        return int(self.headed) + int(self.units)

    def _lines(self, file: TextIO, taken: Callable[[], int]) -> tuple[int, Iterator[str]]:
        first, lines = table_lines(file, self.separator, taken, self.comment, self.trailing)
        return first - self.before, lines

    def find(self, rows: Iterable[int]) -> dict[int, tuple[int, list[str]]]:
        """Return line and cells of the given rows of data, counted from 0."""
        wanted, found = set(rows), {}
        for i, numbered in enumerate(islice(self.numbered(), self.above, None)):
            if i in wanted:
                found[i] = numbered
                if len(found) == len(wanted):
                    break
        return found

    def _explain(self, width: int) -> NoReturn:
        """Find the row that the fast pass stumbled over and say what is wrong with it."""
        for line, row in self.numbered():
            if len(row) != width:
                cells = "1 cell" if len(row) == 1 else f"{len(row)} cells"
                first = "header" if self.headed else "first row"
                remedy = self._other_separator() or (
                    "Give every row one cell per column: leave an unknown value's cell empty, and "
                    f"put a cell that contains {self.separator!r} or a line break in quotes."
                )
                raise DataError(
                    f"{self.source}:{line}: the row has {cells} and the {first} has {width}. "
                    f"{remedy}"
                )
        raise DataError(f"{self.source}: the file changed while it was read. Read it again.")

    def _row_error(self, line: int, end: int, reason: str) -> DataError:
        """Say what is wrong with the row on the lines from `line` up to before `end`."""
        place = f"{self.source}:{line}"
        finding, remedy = next((v for k, v in _REASONS.items() if k in reason), (reason, ""))
        if "field larger" in reason:
            with self.path.open(encoding=self.encoding, newline="") as file:
                first, lines = self._lines(file, count().__next__)
                text = "".join(islice(lines, line - first, end - first))
            place += f":{long_cell(text, self.separator)}"
            finding = f"the cell is longer than {csv.field_size_limit():,} characters"
            remedy = "Add the quote that is missing at its end, or shorten the cell."
        return DataError(f"{place}: {finding}. {self._other_separator() or remedy}")

    def _other_separator(self) -> str:
        return other_separator(self.path, self.encoding, self.separator)
