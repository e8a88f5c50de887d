"""What a cell of text means: missing, a number, a truth value.

- Missing: an empty cell, `NA`, `N/A`, `NaN`, `null` or `None`, in any case.
- A number: what Python's `float` takes, in ASCII and without underscores. `inf` and `1e999` are
  numbers that no network can use; who reads a column refuses them.
- A truth value: `true` or `false`, in any case. `yes` and `no` are ordinary text.
- Anything else is text. Spaces around a cell do not count.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["BOOLEAN", "comma_numbers", "is_missing", "number", "numbers"]

BOOLEAN = ("false", "true")
"""The categories of a boolean column."""

_MISSING = frozenset({"", "na", "n/a", "nan", "null", "none"})
_COMMA_NUMBER = re.compile(r"[+-]?\d{1,3}(,\d{3})*(\.\d+)?|[+-]?\d*,\d+")
_MOSTLY = 0.9


def is_missing(cell: str) -> bool:
    """Say whether a cell stands for a missing value.

    >>> [is_missing(c) for c in ("", "NA", "none", "0")]
    [True, True, True, False]
    """
    return cell.strip().lower() in _MISSING


def number(cell: str) -> float | None:
    """Return the number a cell holds, NaN if it is missing, None if it is neither.

    >>> number(" 1e3 "), number("1_000"), number("3,5")
    (1000.0, None, None)
    """
    cell = cell.strip()
    if cell.lower() in _MISSING:
        return math.nan
    if not cell.isascii() or "_" in cell:
        return None
    try:
        return float(cell)
    except ValueError:
        return None


def numbers(cells: Sequence[str]) -> NDArray[np.float64] | None:
    """Return the numbers of many cells (NaN where missing), or None if a cell is not a number."""
    joined = "".join(cells)
    if joined.isascii() and "_" not in joined:
        try:
            return np.fromiter(map(float, cells), np.float64, len(cells))
        except ValueError:
            pass
    values = np.empty(len(cells))
    for i, cell in enumerate(cells):
        value = number(cell)
        if value is None:
            return None
        values[i] = value
    return values


def comma_numbers(cells: Iterable[str]) -> str | None:
    """Return one of the cells if most of them look like numbers with a comma in them.

    >>> comma_numbers(["3,5", "4,25"])
    '3,5'
    """
    cells = [c for c in cells if not is_missing(c)]
    found = [c for c in cells if "," in c and _COMMA_NUMBER.fullmatch(c)]
    if not found:
        return None
    plain = sum(number(c) is not None for c in cells)
    return found[0] if len(found) + plain >= _MOSTLY * len(cells) else None
