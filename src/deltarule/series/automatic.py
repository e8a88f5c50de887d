"""Lags that are found: as R's nnetar chooses them (Hyndman and Athanasopoulos, section 12.4).

The order p of a linear autoregression with the least AIC, on the series without its season, by the
Yule-Walker equations; for a seasonal series the season's lag besides.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from deltarule.series.judgement.seasonal import adjusted

Array = NDArray[np.float64]


def automatic_lags(y: Array, season: int) -> tuple[int, ...]:
    """Return 1, ..., p and the season's lag.

    >>> rng = np.random.default_rng(0)
    >>> y = np.zeros(400)
    >>> for t in range(2, 400):
    ...     y[t] = y[t - 1] - 0.7 * y[t - 2] + rng.normal()
    >>> automatic_lags(y, 1)
    (1, 2)
    """
    order = order_by_aic(adjusted(y, season))
    seasonal = (season,) if season > order and len(y) >= 2 * season + order else ()
    return (*range(1, order + 1), *seasonal)


def order_by_aic(y: Array) -> int:
    """Return the p in 1, ..., 10 log10 n at which n log(variance) + 2 p is least.

    The Levinson-Durbin recursion gives the variance of every order: v_p = v_{p-1} (1 - a_pp^2).
    """
    n = len(y)
    d = y - y.mean()
    most = max(1, min(int(10 * math.log10(n)), n // 3))
    c = np.array([d[: n - k] @ d[k:] for k in range(most + 1)]) / n
    a, variance, aic = np.zeros(0), float(c[0]), []
    for p in range(1, most + 1):
        last = float(c[p] - a @ c[p - 1 : 0 : -1]) / variance if variance > 0 else 0.0
        a = np.r_[a - last * a[::-1], last]
        variance *= 1.0 - last**2
        aic.append(n * math.log(variance) + 2 * p if variance > 0 else math.inf)
    return int(np.argmin(aic)) + 1
