"""A text file as rows of cells, each row with the physical line on which it starts.

`csv.reader` (strict) says what a row is. The fast pass takes rows in chunks, checks every width,
and of a large file it leaves the blocks to `blocks.py` in which polars finds the same cells. A slow
pass over the same rows counts lines, and runs only when an error has to say where.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path
from typing import NoReturn, TextIO

from deltarule.core.errors import DataError
from deltarule.core.texts import some
from deltarule.data.text.blocks import Block, Rows, blocks
from deltarule.data.text.lines import (
    ROW_LIMIT,
    SPACES,
    blank,
    further_lines,
    long_cell,
    parser,
    table_lines,
)
from deltarule.data.text.separator import other_separator

_CHUNK_CELLS = 1 << 18
_CHUNK_ROWS = 16  # at least: every column of a chunk costs a step of Python
_LARGE = 1 << 22  # bytes, from which on the import of polars pays
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

    def chunks(self, width: int, empty: list[int]) -> Iterator[Rows | Block]:
        """Yield the rows of data, many at a time; every row has `width` cells.

        A chunk is valid until the next one is asked for. Rows of empty cells are passed over, and
        their numbers go into `empty`. Raises `DataError` with the line for a
        row of another width or with a quote out of place.
        """
        rows: list[list[str]] = []
        with self.path.open(encoding=self.encoding, newline="") as file:
            start, lines = self._lines(file, rows.__len__)
            reader = parser(lines, self.separator)
            try:
                filled = (row for row in reader if not blank(row, 2))
                first = list(islice(filled, max(1, self.above)))
                above = start + self.before - 1 + reader.line_num
                if not self.headed:
                    yield Rows(first)
                if self._plain_below(above, width):
                    yield from self._blocks(above, width, empty)
                else:
                    yield from self._parsed(reader, rows, width, empty)
            except csv.Error:
                self._explain(width)

    def _plain_below(self, above: int, width: int) -> bool:
        """Say whether the file is large, and may have blocks of plain text below some lines."""
        divided = width > 1 and self.separator != SPACES and self.separator.isascii()
        told = self.comment or self.trailing or self.encoding != "utf-8-sig"
        if told or not divided or self.path.stat().st_size < _LARGE:
            return False
        with self.path.open("rb") as file:
            lines = b"".join(islice(file, above))
        return b"\r" not in lines.replace(b"\r\n", b"")

    def _blocks(self, above: int, width: int, empty: list[int]) -> Iterator[Rows | Block]:
        """Yield the rows below some lines; from the first quote on `csv.reader` parses them."""
        with self.path.open("rb") as file:
            for _ in range(above):
                file.readline()
            for place, data in blocks(file):
                block = Block(data, width, self.separator)
                if block.plain:
                    yield block
                    continue
                text: TextIO = io.StringIO(data.decode(), newline="")
                quoted = b'"' in data  # what it begins may end in another block
                if quoted:
                    file.seek(place)
                    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
                rows: list[list[str]] = []
                reader = parser(further_lines(text, rows.__len__), self.separator)
                yield from self._parsed(reader, rows, width, empty)
                if quoted:
                    return

    def _parsed(
        self, reader: Iterator[list[str]], rows: list[list[str]], width: int, empty: list[int]
    ) -> Iterator[Rows]:
        """Yield the rows of a parser, which sees in the list `rows` how far they have come."""
        while True:
            rows.extend(islice(reader, max(_CHUNK_ROWS, _CHUNK_CELLS // width)))
            if not rows:
                return
            if set(map(len, rows)) != {width} or not all(map(any, rows)):
                empty.append(sum(bool(row) and not any(row) for row in rows))
                rows[:] = [row for row in rows if not blank(row, width)]
                if any(len(row) != width for row in rows):
                    self._explain(width)
            if rows:
                yield Rows(rows)
            rows.clear()

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
                first = "header" if self.headed else "first row"
                remedy = self._other_separator() or (
                    "Give every row one cell per column: leave an unknown value's cell empty, and "
                    f"put a cell that contains {self.separator!r} or a line break in quotes."
                )
                raise DataError(
                    f"{self.source}:{line}: the row has {some(len(row), 'cell')} and the {first} "
                    f"has {width}. {remedy}"
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
