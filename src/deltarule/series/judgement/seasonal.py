"""The season of a series: whether it has one, and its factors by the classical decomposition."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deltarule.series.components import moving_average

Array = NDArray[np.float64]


def seasonal_factors(y: Array, season: int) -> Array:
    """Return a factor per season, with mean 1, of a series that starts in the first.

    The classical decomposition: y over its centred moving average, averaged by season. All are 1
    where there is no season, where two whole seasons are not there, where a value is not
    positive, or where the autocorrelation at the season's lag is within 1.645 standard errors (as
    in M4's and Hyndman's programs).

    >>> seasonal_factors(np.tile([1.0, 3.0], 8), 2)
    array([0.5, 1.5])
    """
    ones = np.ones(max(season, 1))
    if season < 2 or len(y) < 2 * season + 1 or np.any(y <= 0) or not _is_seasonal(y, season):
        return ones
    half = season // 2
    ratio = y[half : len(y) - half] / moving_average(y, season)
    places = np.arange(half, len(y) - half) % season
    factors = np.bincount(places, ratio, season) / np.bincount(places, minlength=season)
    return np.asarray(factors / factors.mean())


def adjusted(y: Array, season: int) -> Array:
    """Return the series without its season."""
    return np.asarray(y / seasonal_factors(y, season)[np.arange(len(y)) % max(season, 1)])


def _is_seasonal(y: Array, season: int) -> bool:
    d = y - y.mean()
    square = float(d @ d)
    if square == 0:
        return False
    r = np.array([d[k:] @ d[:-k] for k in range(1, season + 1)]) / square
    error = np.sqrt((1.0 + 2.0 * np.sum(np.square(r[:-1]))) / len(y))
    return bool(abs(r[-1]) > 1.645 * error)
