"""What a cell of text means: missing, a number, a truth value.

- Missing: an empty cell, `NA`, `N/A`, `NaN`, `null` or `None`, in any case; or other words.
- A number: what Python's `float` takes, in ASCII and without underscores. `inf` and `1e999` are
  numbers that no network can use; who reads a column refuses them.
- A truth value: `true` or `false`, in any case. `yes` and `no` are ordinary text.
- Anything else is text. Spaces around a cell do not count.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import polars as pl

BOOLEAN = ("false", "true")
"""The categories of a boolean column."""

MISSING_WORDS = frozenset({"", "na", "n/a", "nan", "null", "none"})
"""What stands for a missing value, in lower case, where nothing else was said."""


_MARKS = frozenset(
    {"?", "-", "--", "---", ".", "..", "...", "*", "**", "\\n", "\u2013", "\u2014"}
    | {"#n/a", "#n/d", "n.a.", "n.a", "na.", "n/d", "nd", "n.d.", "k.a.", "k. a.", "s/d"}
    | {"unknown", "missing", "not available", "unavailable", "nil", "void", "#value!", "#div/0!"}
)


def stands_for_missing(cell: str) -> bool:
    """Say whether a cell among numbers stands for one that is missing, though it need not.

    >>> [stands_for_missing(c) for c in ("?", "n.a.", "12b")]
    [True, True, False]
    """
    return cell.strip().lower() in _MARKS


def missing_words(text: str | None) -> frozenset[str]:
    """Return the words for a missing value from a list with commas; an empty cell is always one.

    >>> sorted(missing_words("-200, ?"))
    ['', '-200', '?']
    """
    if text is None:
        return MISSING_WORDS
    return frozenset({"", *(word.strip().lower() for word in text.split(","))})


def is_missing(cell: str, words: frozenset[str] = MISSING_WORDS) -> bool:
    """Say whether a cell stands for a missing value.

    >>> [is_missing(c) for c in ("", "NA", "none", "0")]
    [True, True, True, False]
    """
    return cell.strip().lower() in words


def number(cell: str, words: frozenset[str] = MISSING_WORDS) -> float | None:
    """Return the number a cell holds, NaN if it is missing, None if it is neither.

    >>> number(" 1e3 "), number("1_000"), number("3,5")
    (1000.0, None, None)
    """
    cell = cell.strip()
    if cell.lower() in words:
        return math.nan
    if not cell.isascii() or "_" in cell:
        return None
    try:
        found = float(cell)
    except ValueError:
        return None
    return math.nan if found in _missing_numbers(words) else found


@lru_cache(maxsize=8)
def _missing_numbers(words: frozenset[str]) -> frozenset[float]:
    """Return the words that are numbers: -200 stands for a missing value as -200.0, too."""
    if words == MISSING_WORDS:
        return frozenset()
    values = (number(word, MISSING_WORDS) for word in words - MISSING_WORDS)
    return frozenset(value for value in values if value is not None)


def numbers(
    cells: Sequence[str] | pl.Series, words: frozenset[str] = MISSING_WORDS
) -> NDArray[np.float64] | None:
    """Return the numbers of many cells (NaN where missing), or None if a cell is not a number."""
    if not isinstance(cells, Sequence):
        return _series_numbers(cells, words)
    joined = "".join(cells)
    if joined.isascii() and "_" not in joined:
        try:
            return _without(np.fromiter(map(float, cells), np.float64, len(cells)), words)
        except ValueError:
            pass
    values = np.empty(len(cells))
    for i, cell in enumerate(cells):
        value = number(cell, words)
        if value is None:
            return None
        values[i] = value
    return values


def _series_numbers(cells: pl.Series, words: frozenset[str]) -> NDArray[np.float64] | None:
    """Let polars read what it can, and ask `number` for each text that it cannot."""
    import polars as pl

    if cells.dtype == pl.Float64:
        return _without(cells.to_numpy(), words)
    found = cells.cast(pl.Float64, strict=False)
    unread = found.is_null() & cells.is_not_null()
    values = found.to_numpy()  # an empty cell is null, and so NaN
    if unread.any():
        values = values.copy()
        worth = {}
        for text in cells.filter(unread).unique():
            worth[text] = number(text, words)
            if worth[text] is None:
                return None
        odd = unread.to_numpy()
        values[odd] = [worth[text] for text in cells.filter(unread)]
    return _without(values, words)


def _without(values: NDArray[np.float64], words: frozenset[str]) -> NDArray[np.float64]:
    """Return numbers with NaN for those that stand for a missing value."""
    for word in _missing_numbers(words):
        values = np.where(values == word, np.nan, values)
    return values
