"""One column of a text file while it is being read, and the decision what kind it is.

A column is collected as numbers as long as all its cells are numbers or missing, and from the
first other cell on as codes into the distinct texts seen. At the end the share of numbers among
the cells that are not missing decides (see `decide`). A column that began with numbers and ends
as text has lost the spelling of its first cells ("007"): it is read once more as text.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from deltarule.data.table import Column, Kind
from deltarule.data.text.cells import (
    BOOLEAN,
    MISSING_WORDS,
    is_missing,
    number,
    numbers,
    stands_for_missing,
)

if TYPE_CHECKING:
    import polars as pl

_ROUNDING = 1e-6
_CODES, _CODE = 3, re.compile("[A-Z]{2}")

NUMERIC_SHARE = 0.9
"""The least share of numbers, among the cells that are not missing, of a numeric column."""


class Collector:
    """The cells of one column so far. `fixed` is the kind it must have, None if free.

    >>> column = Collector("flag", position=0)
    >>> column.add(["true", "FALSE", ""])
    >>> column.decide(), column.column("boolean").values
    ('boolean', array([ 1,  0, -1], dtype=int32))
    """

    def __init__(
        self,
        name: str,
        position: int,
        fixed: Kind | None = None,
        words: frozenset[str] = MISSING_WORDS,
    ) -> None:
        self.name = name
        self.position = position
        self.fixed = fixed
        self._grouped = fixed is None
        self.words = words
        self.textual = fixed in {"text", "boolean"}
        self._floats: list[NDArray[np.float64]] = []
        self._codes: list[NDArray[np.int32]] = []
        self._texts: dict[str, int] = {}

    def add(self, cells: Sequence[str] | pl.Series) -> None:
        """Take the cells of the next rows; of a series, an empty one is null."""
        if not self.textual:
            values = numbers(cells, self.words)
            if values is not None:
                self._floats.append(values)
                self._grouped = self._grouped and _may_be_grouped(values)
                return
            self.textual = True
        if isinstance(cells, Sequence):
            self._codes.append(self._codes_of(cells))
            return
        import polars as pl

        cells = cells.fill_null("")
        distinct = cells.unique(maintain_order=True)
        places = cells.cast(pl.Enum(distinct)).to_physical().to_numpy()
        self._codes.append(self._codes_of(distinct.to_list())[places])

    def _codes_of(self, cells: Sequence[str]) -> NDArray[np.int32]:
        """Return the codes of texts, of new ones in the order in which they come."""
        texts = self._texts
        codes = (texts.setdefault(cell, len(texts)) for cell in map(str.strip, cells))
        return np.fromiter(codes, np.int32, len(cells))

    def again(self) -> Collector:
        """Return a collector of the same column that keeps the spelling of its cells."""
        return Collector(self.name, self.position, "text", self.words)

    @property
    def numeric(self) -> bool:
        """Say whether there are cells, and all of them numbers or missing."""
        return bool(self._floats) and not self.textual

    @property
    def grouped(self) -> bool:
        """Say whether the numbers may be written with points between thousands, by their values."""
        return self._grouped and any(
            np.any((f != np.floor(f)) & ~np.isnan(f)) for f in self._floats
        )

    @property
    def lossy(self) -> bool:
        """Say whether cells were kept as numbers only, so that their spelling is lost."""
        return any(not np.isnan(f).all() for f in self._floats)

    def decide(self) -> Kind:
        """Return the kind: numeric from a share of `NUMERIC_SHARE` numbers on, else text."""
        if self.fixed == "boolean":
            return "boolean" if self._truth() else "text"
        if self.fixed is not None:
            return self.fixed
        if not self.textual:
            return "numeric"
        counts = np.bincount(np.concatenate(self._codes), minlength=len(self._texts))
        good, other = sum(int(np.sum(~np.isnan(f))) for f in self._floats), 0
        for text, count in zip(self._texts, counts.tolist(), strict=True):
            value = number(text, self.words)
            if value is None:
                other += 0 if stands_for_missing(text) else count
            elif not np.isnan(value):
                good += count
        if 0 < good >= NUMERIC_SHARE * (good + other):
            return "numeric"
        return "boolean" if not good and self._truth() else "text"

    def _truth(self) -> bool:
        return all(is_missing(t, self.words) or t.lower() in BOOLEAN for t in self._texts)

    def not_numbers(self) -> NDArray[np.intp]:
        """Return the rows whose cell is neither a number nor missing, ascending."""
        if not self._codes:
            return np.zeros(0, np.intp)
        bad = np.array([number(text, self.words) is None for text in self._texts])
        first = sum(map(len, self._floats))
        return first + np.flatnonzero(bad[np.concatenate(self._codes)])

    @property
    def marked(self) -> bool:
        """Say whether all cells that are no numbers stand for missing ones."""
        texts = (text for text in self._texts if number(text, self.words) is None)
        return all(map(stands_for_missing, texts))

    @property
    def coded(self) -> bool:
        """Say whether the texts are codes of two capital letters, of which NA is Namibia's."""
        others = [text for text in self._texts if not is_missing(text, self.words)]
        return (
            self.words == MISSING_WORDS
            and "NA" in self._texts
            and len(others) >= _CODES
            and all(map(_CODE.fullmatch, others))
        )

    def column(self, kind: Kind) -> Column:
        """Return the finished column and let go of the cells.

        A numeric one must have no `not_numbers`, any other must not be `lossy`.
        """
        if kind == "numeric":
            values = np.concatenate(self._floats) if self._floats else np.zeros(0)
            self._floats = []
            return Column(self.name, kind, values)
        blank = [np.full(len(f), -1, np.int32) for f in self._floats]
        codes = np.concatenate(self._codes) if self._codes else np.zeros(0, np.int32)
        lower = kind == "boolean" or self.fixed == "boolean"
        names = [_category(text, lower, self.words) for text in self._texts]
        known = {name for name in names if name is not None}
        categories = tuple(sorted(BOOLEAN if kind == "boolean" else known))
        place = {name: i for i, name in enumerate(categories)}
        lookup = np.array([-1 if n is None else place[n] for n in names] or [-1], np.int32)
        values = np.concatenate([*blank, lookup[codes]])
        self._floats, self._codes, self._texts = [], [], {}
        return Column(self.name, kind, values, categories)


def _may_be_grouped(values: NDArray[np.float64]) -> bool:
    """Say whether numbers below 1000 have three decimals or none: `985` and `1.022` may be 1022."""
    first = float(values[0]) * 1000
    if math.isfinite(first) and abs(first - round(first)) > _ROUNDING:  # most columns end here
        return False
    known = np.abs(values[~np.isnan(values)])
    if np.any(known >= 1000):
        return False
    thousandths = known * 1000
    return bool(np.all(np.abs(thousandths - np.round(thousandths)) < _ROUNDING))


def _category(text: str, lower: bool, words: frozenset[str]) -> str | None:
    if is_missing(text, words):
        return None
    return text.lower() if lower and text.lower() in BOOLEAN else text
