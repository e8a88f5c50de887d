"""A text file as rows of cells, each row with the physical line on which it starts.

`csv.reader` (strict) is the only parser, so there is nothing that could disagree with it: the fast
pass takes rows in chunks and checks every width; a slow pass over the same rows counts lines, and
runs only when an error has to say where.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NoReturn, TextIO

from deltarule.core.errors import DataError

__all__ = ["CsvFile"]

_CHUNK_CELLS = 1 << 18
_CHUNK_ROWS = 16  # at least: every column of a chunk costs a step of Python
_REASONS = {
    "unexpected end": "a quoted cell that starts in this row is not closed. Add the missing quote",
    "expected after": "a closing quote is followed by more text. Write a quote inside a quoted "
    "cell twice, and put the separator right after the closing quote",
    "field larger": "a cell is longer than 131,072 characters, most likely because a quote is not "
    "closed. Add the missing quote",
}


def _blank(row: list[str], width: int) -> bool:
    return not row or (width > 1 and len(row) == 1 and not row[0].strip())


@dataclass(frozen=True)
class CsvFile:
    """Where a text file is, how messages call it, its separator and its encoding.

    A row that holds nothing, or only spaces, is skipped.
    """

    path: Path
    source: str
    separator: str
    encoding: str

    def header(self) -> tuple[int, list[str]]:
        """Return line and cells of the first row that is not blank; no cells if there is none."""
        return next(self.numbered(), (1, []))

    def chunks(self, width: int) -> Iterator[list[list[str]]]:
        """Yield the rows after the header in lists; every row has `width` cells.

        Raises `DataError` with the line for a row of another width or with a quote out of place.
        """
        with self._open() as lines:
            reader = csv.reader(lines, delimiter=self.separator, strict=True, skipinitialspace=True)
            try:
                next(row for row in reader if not _blank(row, 2))
                while rows := list(islice(reader, max(_CHUNK_ROWS, _CHUNK_CELLS // width))):
                    if set(map(len, rows)) != {width}:
                        rows = [row for row in rows if not _blank(row, width)]
                        if any(len(row) != width for row in rows):
                            self._explain(width)
                    if rows:
                        yield rows
            except csv.Error:
                self._explain(width)

    def numbered(self) -> Iterator[tuple[int, list[str]]]:
        """Yield every row that is not blank, the header first, with the line it starts on."""
        with self._open() as lines:
            reader = csv.reader(lines, delimiter=self.separator, strict=True, skipinitialspace=True)
            width, start = 0, 1
            while True:
                try:
                    row = next(reader, None)
                except csv.Error as error:
                    raise self._quote_error(start, str(error)) from None
                if row is None:
                    return
                if not _blank(row, width or 2):
                    width = width or len(row)
                    yield start, row
                start = reader.line_num + 1

    def find(self, rows: Iterable[int]) -> dict[int, tuple[int, list[str]]]:
        """Return line and cells of the given rows (counted from 0 after the header)."""
        wanted, found = set(rows), {}
        for i, numbered in enumerate(islice(self.numbered(), 1, None)):
            if i in wanted:
                found[i] = numbered
                if len(found) == len(wanted):
                    break
        return found

    def _open(self) -> TextIO:
        """Open the file after its byte order mark, which only some of the codecs take away."""
        lines = self.path.open(encoding=self.encoding, newline="")
        if lines.read(1) != "\ufeff":
            lines.seek(0)
        return lines

    def _explain(self, width: int) -> NoReturn:
        """Find the row that the fast pass stumbled over and say what is wrong with it."""
        for line, row in self.numbered():
            if len(row) != width:
                cells = "1 cell" if len(row) == 1 else f"{len(row)} cells"
                raise DataError(
                    f"{self.source}:{line}: the row has {cells} and the header has {width}. Give "
                    "every row one cell per column: leave an unknown value's cell empty, and put "
                    f"a cell that contains {self.separator!r} or a line break in quotes."
                )
        raise DataError(f"{self.source}: the file changed while it was read. Read it again.")

    def _quote_error(self, line: int, reason: str) -> DataError:
        words = next((v for k, v in _REASONS.items() if k in reason), reason)
        return DataError(f"{self.source}:{line}: {words}.")
