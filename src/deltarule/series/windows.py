"""Windows of a series: the values before a time, and those from it on; views, never copies."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from deltarule.core.errors import DataError, UsageError

Array = NDArray[np.float64]


def pairs(z: Array, lags: Sequence[int], ahead: int) -> tuple[Array, Array]:
    """Return inputs (n, lags) and targets (n, ahead) of every window of z, oldest first.

    Row i has the targets z[i + s : i + s + ahead], s being the largest lag, and the inputs
    z[i + s - lag]. Both are views of z; where the lags are not 1, 2, ..., p the inputs are a copy
    of those columns alone.

    >>> X, T = pairs(np.arange(6.0), (1, 2), 1)
    >>> X.tolist(), T.ravel().tolist(), np.shares_memory(X, T)
    ([[1.0, 0.0], [2.0, 1.0], [3.0, 2.0], [4.0, 3.0]], [2.0, 3.0, 4.0, 5.0], True)
    """
    span = max(lags)
    both = sliding_window_view(z, span + ahead)
    return select(both[:, :span], lags), both[:, span:]


def select(windows: Array, lags: Sequence[int]) -> Array:
    """Return the columns of windows (n, span) that are `lags` steps before their end."""
    span = windows.shape[1]
    first, last, step = lags[0], lags[-1], lags[1] - lags[0] if len(lags) > 1 else 1
    if step > 0 and tuple(lags) == tuple(range(first, last + 1, step)):
        end = span - last - step
        return windows[:, span - first : end if end >= 0 else None : -step]
    return windows[:, span - np.asarray(lags)]


def before(z: Array, origins: NDArray[np.intp], span: int) -> Array:
    """Return the `span` values before each origin, (r, span), oldest first.

    >>> before(np.arange(6.0), np.array([3, 6]), 2).tolist()
    [[1.0, 2.0], [4.0, 5.0]]
    """
    return np.asarray(sliding_window_view(z, span)[origins - span])


def as_lags(lags: int | str | Sequence[int]) -> tuple[int, ...]:
    """Return the lags, ascending; a number p stands for 1, 2, ..., p.

    >>> as_lags(3), as_lags([1, 12]), as_lags("1,12")
    ((1, 2, 3), (1, 12), (1, 12))
    """
    if isinstance(lags, str):
        words = lags.split(",")
        if not all(word.strip().isdecimal() for word in words):
            raise UsageError(
                f"lags is a number of steps back, such as 12, or several, such as 1,2,12; "
                f"not {lags!r}"
            )
        lags = int(lags) if len(words) == 1 else [int(word) for word in words]
    given = list(range(1, lags + 1)) if isinstance(lags, int | np.integer) else list(lags)
    found = tuple(sorted({int(lag) for lag in given if not isinstance(lag, bool)}))
    if not found or found[0] < 1 or len(found) < len(given):
        raise UsageError(
            f"lags is a number of steps back, such as 12, or several different ones, such as "
            f"1,2,12; not {lags!r}"
        )
    return found


def check_length(source: str, n: int, lags: Sequence[int], lost: int, rest: int, why: str) -> None:
    """Refuse a series that is too short: how many values are needed, which lags would fit.

    `rest` values are needed beside the largest lag and those that differencing loses, `why`.
    """
    needed = max(lags) + lost + rest
    if n < needed:
        fitting = n - lost - rest
        remedy = (
            f"With these {n} values the largest lag may be {fitting}: `--lags {fitting}`."
            if fitting > 0
            else "Add values, or ask for a shorter horizon and fewer differences."
        )
        raise DataError(
            f"{source}: {n} values are too few for lags up to {max(lags)}: {needed} are needed, "
            f"{why}. {remedy}"
        )
