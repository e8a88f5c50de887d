"""Plain text in large blocks: divided by polars, after a look at all of its bytes.

Without quotes a file is as it looks: a line break ends a row, a separator a cell. Polars divides
such text fast, but fills short rows; so it is asked only where the separators and line breaks of a
block, laid in rows as wide as the header, stand one below the other. The rest is `csv.reader`'s.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

if TYPE_CHECKING:
    import polars as pl

_BYTES = 1 << 24
_NEWLINE = ord("\n")


@dataclass(frozen=True)
class Block:
    """Whole rows of text in UTF-8, each with `width` cells and a line of its own.

    >>> block = Block(b"3,a\\n4,b\\n", 2, ",")
    >>> block.plain, ["4", "b"] in block, block.columns([1])[0].to_list()
    (True, True, ['a', 'b'])
    """

    data: bytes
    width: int
    separator: str

    @property
    def plain(self) -> bool:
        """Whether `csv.reader` would find the same cells, and no row of empty ones."""
        mark = self.separator.encode()
        # it leaves out spaces at the beginning of a cell
        odd = (b'"', b"\r", mark + b" ", b"\n ")
        if any(sign in self.data for sign in odd) or self.data.startswith(b" "):
            return False
        signs = np.frombuffer(self.data, np.uint8)
        newline = signs == _NEWLINE
        ends = np.flatnonzero(newline)
        between = signs[newline | (signs == ord(mark))]
        if len(between) != self.width * len(ends):
            return False
        lengths = np.diff(ends, prepend=-1)  # with the line break; of empty cells it is the width
        apart = between.reshape(-1, self.width)[:, -1] == _NEWLINE
        return bool(apart.all() and lengths.min() > self.width) and bool(
            lengths.max() <= csv.field_size_limit()
        )

    def __contains__(self, row: Sequence[str]) -> bool:
        line = self.separator.join(row).encode() + b"\n"
        return self.data.startswith(line) or b"\n" + line in self.data

    def columns(self, positions: Sequence[int]) -> list[pl.Series]:
        """Return the cells of some columns, in ascending order; an empty cell is null."""
        import polars as pl

        found = pl.read_csv(
            self.data,
            has_header=False,
            columns=list(positions),
            separator=self.separator,
            quote_char=None,
            infer_schema=False,
        )
        return found.get_columns()


@dataclass(frozen=True)
class Rows:
    """The same of rows that `csv.reader` has parsed."""

    rows: list[list[str]]

    def __contains__(self, row: Sequence[str]) -> bool:
        return row in self.rows

    def columns(self, positions: Sequence[int]) -> list[Sequence[str]]:
        """Return the cells of some columns."""
        if len(positions) == len(self.rows[0]):
            return list(zip(*self.rows, strict=True))
        return [[row[i] for row in self.rows] for i in positions]


def blocks(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    r"""Yield the rest of a file in pieces that end in a line break, each with its place.

    A line break is "\n", also where the file has "\r\n".
    """
    place, rest = file.tell(), b""
    while data := file.read(_BYTES):
        rest += data
        end = rest.rfind(b"\n") + 1
        if end:
            yield place, rest[:end].replace(b"\r\n", b"\n")
            place, rest = place + end, rest[end:]
    if rest:
        yield place, rest + b"\n"
