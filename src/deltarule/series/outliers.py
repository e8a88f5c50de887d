"""Single values far from their neighbours: said, since a network learns them like any other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deltarule.series.series import Series

_BESIDE = 2
"""Neighbours on each side, whose median stands for what was to be expected."""

_FAR = 30.0
"""From how many times the usual distance on a value is named. Heavy tails, cycles and steps
have come to less than 20."""


def outliers(values: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the places of values whose distance from their neighbours' median is unheard of.

        |y_t - median(y_{t-2}, y_{t-1}, y_{t+1}, y_{t+2})| > 30 median_t |...|

    Hampel's identifier, with a bound that names what is no part of the series rather than what is
    rare in it. A series where most distances are 0 has none.

    >>> outliers(np.array([1.0, 2.0, 1.5, 90.0, 1.0, 2.5, 1.0, 2.0]))
    array([3])
    """
    if len(values) < 2 * _BESIDE + 1:
        return np.zeros(0, np.intp)
    padded = np.pad(values, _BESIDE, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * _BESIDE + 1)
    apart = np.abs(values - np.median(np.delete(windows, _BESIDE, axis=1), axis=1))
    usual = float(np.median(apart))
    return np.flatnonzero(apart > _FAR * usual) if usual else np.zeros(0, np.intp)


def told_outliers(series: Series) -> list[str]:
    """Return a note on the values that are far from their neighbours; none where none is."""
    places = outliers(series.values)
    if not len(places):
        return []
    named = [f"{series.values[k]:.6g} at {series.calendar.label(int(k))}" for k in places[:3]]
    more = f" and {len(places) - 3} more" if len(places) > 3 else ""
    return [
        f"{', '.join(named)}{more}: more than {_FAR:g} times as far from the values around as "
        "these usually are, and learnt like any other. What is a mistake is better left empty, "
        "with `--missing interpolate`"
    ]
