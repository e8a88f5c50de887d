"""How long a line of a text file is, measured while the file goes by, not kept."""

from __future__ import annotations

import csv
from collections.abc import Iterable

from deltarule.core.errors import DataError
from deltarule.core.machine import require_large
from deltarule.data.text.lines import SPACES

COLUMN_BYTES = 800
"""What a column takes beside its values: its name, its cells' collector, its arrays' headers."""

_CHARACTER_BYTES = 4  # the line, its parts and its cells are in memory at the same time
_ESCAPED = 2  # a quote inside a quoted cell takes two characters


class LineLength:
    """The length so far of the line that the text has come to, split at one of the `separators`.

    Raises `DataError` for a line so long that one of its cells must be longer than the parser's
    limit, and `ResourceError` for one that takes more than the memory.
    """

    def __init__(self, source: str, separators: Iterable[str]) -> None:
        self.source, self.separators = source, tuple(separators)
        self.characters, self.cells = 0, 1

    def add(self, text: str, line: int) -> None:
        """Take the next block of text, which begins on the given line."""
        first = text.find("\n")
        self._grow(text if first < 0 else text[:first])
        if first >= 0:  # lines inside a block are not measured: they are short
            self.end(line)
            self._grow(text[text.rfind("\n") + 1 :])

    def end(self, line: int) -> None:
        """Judge the finished line, and begin the next."""
        limit, place = csv.field_size_limit(), f"{self.source}:{line}"
        if self.characters > self.cells * _ESCAPED * (limit + _ESCAPED):
            place += ":1" if self.cells == 1 else ""
            raise DataError(
                f"{place}: the line has {self.characters:,} characters and only {self.cells - 1:,} "
                f"separators, and a cell may have {limit:,} characters. Write a line break after "
                "each row and a separator after each cell (`--separator` if it is another one)."
            )
        require_large(
            place,
            self.characters * _CHARACTER_BYTES + self.cells * COLUMN_BYTES,
            f"reading a line of {self.characters:,} characters, up to {self.cells:,} cells,",
            "Use fewer columns",
        )
        self.characters, self.cells = 0, 1

    def _grow(self, text: str) -> None:
        self.characters += len(text)
        self.cells += max(
            sum(map(text.count, " \t" if s == SPACES else s)) for s in self.separators
        )
