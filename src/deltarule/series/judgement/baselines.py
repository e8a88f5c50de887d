"""Forecasts without a network, which a network has to beat.

Each takes the series up to a time for its parameters, and then forecasts from any origins, using
the values before each origin alone:

- persistence: the last value (the naive forecast)
- seasonal_naive: the value of the same season before
- drift: the line through the first value and the last
- ses: simple exponential smoothing, level_t = level_{t-1} + alpha (y_t - level_{t-1})
- theta: the theta method (Assimakopoulos and Nikolopoulos 2000) as Hyndman and Billah (2003) write
  it: SES with half the slope of the trend; seasonal series are adjusted by multiplying first
- ar: a linear autoregression on the network's own lags, with intercept, by least squares; on as
  many of them as leave two values for each weight
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from deltarule.series.judgement.seasonal import seasonal_factors
from deltarule.series.windows import before, pairs

_STILL, _ALL = 1e-9, 1.0 - 1e-15
"""alpha below which the level does not move, and the largest one that has a logarithm."""

Array = NDArray[np.float64]
Forecasts = Callable[[Array, NDArray[np.intp], int], Array]
"""Takes y, origins (r,) and a horizon H; returns (r, H)."""


def persistence(y: Array, season: int) -> Forecasts:
    """Return the last value's forecasts."""
    return lambda y, origins, H: np.repeat(y[origins - 1, None], H, axis=1)


def seasonal_naive(y: Array, season: int) -> Forecasts:
    """Return the forecasts of the season before; those of the last value before there is one."""

    def forecasts(y: Array, origins: NDArray[np.intp], H: int) -> Array:
        found = np.repeat(y[origins - 1, None], H, axis=1)
        whole = origins >= season
        if np.any(whole):
            found[whole] = before(y, origins[whole], season)[:, np.arange(H) % season]
        return found

    return forecasts


def drift(y: Array, season: int) -> Forecasts:
    """Return the forecasts of the line from the first value to the last."""

    def forecasts(y: Array, origins: NDArray[np.intp], H: int) -> Array:
        slope = (y[origins - 1] - y[0]) / np.maximum(origins - 1, 1)
        return np.asarray(y[origins - 1, None] + slope[:, None] * np.arange(1, H + 1))

    return forecasts


def ses(y: Array, season: int) -> Forecasts:
    """Return the forecasts of simple exponential smoothing; alpha and the first level by SSE."""
    alpha, first = _smoothing(y)

    def forecasts(y: Array, origins: NDArray[np.intp], H: int) -> Array:
        levels = _levels(y, alpha, first)
        return np.repeat(levels[origins, None], H, axis=1)

    return forecasts


def theta(y: Array, season: int) -> Forecasts:
    """Return the forecasts of the theta method."""
    factors = seasonal_factors(y, season)
    adjusted = y / factors[np.arange(len(y)) % len(factors)]
    alpha, first = _smoothing(adjusted)
    slope = float(np.polyfit(np.arange(len(y)), adjusted, 1)[0]) / 2.0 if len(y) > 1 else 0.0

    def forecasts(y: Array, origins: NDArray[np.intp], H: int) -> Array:
        times = np.arange(len(y) + H) % len(factors)
        levels = _levels(y / factors[times[: len(y)]], alpha, first)[origins, None]
        seen = origins[:, None]
        decay = seen if alpha < _STILL else -np.expm1(seen * np.log1p(-min(alpha, _ALL))) / alpha
        f = levels + slope * (np.arange(H) + decay)
        return np.asarray(f * factors[times[origins[:, None] + np.arange(H)]])

    return forecasts


BASELINES: dict[str, Callable[[Array, int], Forecasts]] = {
    "persistence": persistence,
    "seasonal_naive": seasonal_naive,
    "drift": drift,
    "ses": ses,
    "theta": theta,
}
"""The baselines that need no lags, by name; each takes y up to a time and the season."""


def ar(y: Array, lags: Sequence[int]) -> Forecasts:
    """Return the forecasts of a linear autoregression on lags, or on the first of them.

    >>> y = 0.5 ** np.arange(20.0)
    >>> ar(y, (1,))(y, np.array([5]), 2).round(9)
    array([[0.03125 , 0.015625]])
    """
    lags = usable(len(y), lags)
    w = least_squares(y, lags)
    span = max(lags)

    def forecasts(y: Array, origins: NDArray[np.intp], H: int) -> Array:
        values = np.empty((len(origins), span + H))
        values[:, :span] = before(y, origins, span)
        for h in range(H):
            values[:, span + h] = values[:, span + h - np.asarray(lags)] @ w[:-1] + w[-1]
        return values[:, span:]

    return forecasts


def usable(n: int, lags: Sequence[int]) -> tuple[int, ...]:
    """Return the lags, or as many of the first as leave two of n values for each weight.

    With fewer, least squares goes through all values and forecasts anything.

    >>> usable(300, range(1, 13)) == tuple(range(1, 13)), usable(9, (1, 2, 3, 4))
    (True, (1, 2))
    """
    count = len(lags)
    while count > 1 and n - lags[count - 1] < 2 * (count + 1):
        count -= 1
    return tuple(lags[:count])


def ar_name(lags: Sequence[int]) -> str:
    """Return AR(12), or AR with its lags where some are left out."""
    p = len(lags)
    return f"AR({p})" if max(lags) == p else f"AR on lags {','.join(map(str, lags))}"


def least_squares(y: Array, lags: Sequence[int]) -> Array:
    """Return the weights of y_t on its lags, latest first, and then the intercept."""
    X, T = pairs(y, lags, 1)
    design = np.hstack([X, np.ones((len(X), 1))])
    return np.asarray(np.linalg.lstsq(design, T[:, 0], rcond=None)[0])


def _levels(y: Array, alpha: float, first: float) -> Array:
    """Return the level before every value, and after the last, (n + 1,)."""
    from scipy.signal import lfilter

    start = (1.0 - alpha) * first
    found, _ = lfilter([alpha], [1.0, alpha - 1.0], y, zi=[start])
    return np.concatenate([[first], found])


def _smoothing(y: Array) -> tuple[float, float]:
    """Return alpha in [0, 1] and the first level that make the squared errors least.

    For a given alpha the errors are linear in the first level, so that one has a closed form:
    error_t = e_t - (1 - alpha)^t first, e_t being the errors from level 0.
    """
    from scipy.optimize import minimize_scalar

    powers = np.arange(len(y))

    def fitted(alpha: float) -> tuple[float, float]:
        e = y - _levels(y, alpha, 0.0)[:-1]
        share = (1.0 - alpha) ** powers
        first = float(e @ share / (share @ share))
        return float(np.sum(np.square(e - share * first))), first

    grid = np.linspace(0.0, 1.0, 41)
    best = int(np.argmin([fitted(a)[0] for a in grid]))
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, 40)]
    found = minimize_scalar(lambda a: fitted(a)[0], bounds=(low, high), method="bounded")
    alpha = float(found.x) if found.fun < fitted(grid[best])[0] else float(grid[best])
    return alpha, fitted(alpha)[1]
