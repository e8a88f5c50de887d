"""Plain text in large blocks: divided by polars, after a look at all of its bytes.

Without quotes a file is as it looks: a line break ends a row, a separator a cell. Polars divides
such text fast, but fills short rows; so it is asked only where the separators and line breaks of a
block, laid in rows as wide as the header, stand one below the other. The rest is `csv.reader`'s.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

if TYPE_CHECKING:
    import polars as pl

_BYTES = 1 << 23
_LOOK = 1 << 18  # bytes that are looked at together: their masks stay in the cache
_NEWLINE, _SPACE = b"\n "


@dataclass(frozen=True)
class Block:
    """Whole rows of text in UTF-8, each with `width` cells and a line of its own.

    >>> block = Block(b"3,a\\n4,b\\n", 2, ",")
    >>> block.plain, ["4", "b"] in block, block.columns([1], [False])[0].to_list()
    (True, True, ['a', 'b'])
    """

    data: bytes
    width: int
    separator: str

    @property
    def plain(self) -> bool:
        """Whether `csv.reader` would find the same cells, and no row of empty ones."""
        if b'"' in self.data or b"\r" in self.data:
            return False
        signs, seen, last = np.frombuffer(self.data, np.uint8), 0, -1
        if b" " in self.data and signs[0] == _SPACE:
            return False
        for start in range(0, len(signs), _LOOK):
            here = signs[start : start + _LOOK]
            newline = here == _NEWLINE
            both = newline | (here == ord(self.separator))
            after = signs[start + 1 : start + 1 + _LOOK] == _SPACE  # `csv.reader` leaves it out
            if (both[: len(after)] & after).any():
                return False
            places = np.flatnonzero(both)
            ends = places[(self.width - 1 - seen) % self.width :: self.width]
            if np.count_nonzero(newline) != len(ends) or (here[ends] != _NEWLINE).any():
                return False
            seen += len(places)
            if len(ends):
                lengths = np.diff(start + ends, prepend=last)  # of empty cells it is the width
                if lengths.min() <= self.width or lengths.max() > csv.field_size_limit():
                    return False
                last = start + int(ends[-1])
        return seen % self.width == 0

    def __contains__(self, row: Sequence[str]) -> bool:
        line = self.separator.join(row).encode() + b"\n"
        return self.data.startswith(line) or b"\n" + line in self.data

    def columns(self, positions: Sequence[int], numeric: Sequence[bool]) -> list[pl.Series]:
        """Return the cells of some columns, in ascending order; an empty cell is null.

        They are texts, or numbers where it is known that other cells are, and these are too.
        """
        import polars as pl

        numbers = {k for k, known in zip(positions, numeric, strict=True) if known}
        kinds = {str(k): pl.Float64 if k in numbers else pl.String for k in range(self.width)}
        how: dict[str, Any] = {"separator": self.separator, "has_header": False, "schema": kinds}
        try:
            found = pl.read_csv(self.data, columns=list(positions), quote_char=None, **how)
        except pl.exceptions.ComputeError:
            if not numbers:
                raise
            return self.columns(positions, [False] * len(positions))
        return found.get_columns()


@dataclass(frozen=True)
class Rows:
    """The same of rows that `csv.reader` has parsed."""

    rows: list[list[str]]

    def __contains__(self, row: Sequence[str]) -> bool:
        return row in self.rows

    def columns(self, positions: Sequence[int], numeric: Sequence[bool]) -> list[Sequence[str]]:
        """Return the cells of some columns, as texts."""
        if len(positions) == len(self.rows[0]):
            return list(zip(*self.rows, strict=True))
        return [[row[i] for row in self.rows] for i in positions]


def blocks(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    r"""Yield the rest of a file in pieces that end in a line break, each with its place.

    A line break is "\n", also where the file has "\r\n".
    """
    place = file.tell()
    while data := file.read(_BYTES):
        data += file.readline()
        place, before = place + len(data), place
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n")
        yield before, data if data.endswith(b"\n") else data + b"\n"
