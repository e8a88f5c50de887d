"""Estimates with 95 % intervals; where the runs do not tell how sure one is, there is none."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

LEVEL = 0.95
"""How many of the intervals hold the true value, in the long run."""

_RESAMPLES = 1999
_LEAST, _LEAST_RESAMPLED = 2, 10
"""One run says nothing of the others; a bootstrap needs more than a handful."""


@dataclass(frozen=True)
class Estimate:
    """A value and its interval; None where there is none."""

    value: float | None
    low: float | None = None
    high: float | None = None


def share(successes: int, n: int) -> Estimate:
    """Return successes / n with Wilson's interval (1927), which is never outside [0, 1].

    >>> found = share(0, 200)
    >>> found.value, round(found.low, 4), round(found.high, 4)
    (0.0, 0.0, 0.0188)
    """
    from scipy.stats import binomtest

    if n < _LEAST:
        return Estimate(successes / n if n else None)
    found = binomtest(successes, n).proportion_ci(LEVEL, method="wilson")
    return Estimate(successes / n, float(found.low), float(found.high))


def mean(values: ArrayLike) -> Estimate:
    """Return the mean with a bias-corrected, accelerated bootstrap interval (Efron 1987).

    Fewer than ten values have none.

    >>> mean([1.0, 1.0, 1.0])
    Estimate(value=1.0, low=None, high=None)
    """
    return _bootstrapped(values, np.mean)


def interquartile_mean(values: ArrayLike) -> Estimate:
    """Return the mean of the middle half with a BCa interval (Agarwal et al. 2021).

    A value that is not finite stands at its end of the order; where one is in the middle half,
    there is no mean.
    """
    from scipy.stats import trim_mean

    return _bootstrapped(values, lambda a, axis: trim_mean(a, 0.25, axis=axis))


def _bootstrapped(values: ArrayLike, statistic: Callable[..., Any]) -> Estimate:
    from scipy.stats import bootstrap

    found: NDArray[np.float64] = np.asarray(values, float)
    if not len(found):
        return Estimate(None)
    with np.errstate(invalid="ignore", over="ignore"):  # what is not finite has no mean
        value = float(statistic(found, axis=-1))
    if not np.isfinite(value):
        return Estimate(None)
    if len(found) < _LEAST_RESAMPLED or not np.isfinite(found).all() or np.ptp(found) == 0.0:
        return Estimate(value)
    rng = np.random.default_rng(0)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that there is no interval, which is what None says
        sampled = bootstrap((found,), statistic, n_resamples=_RESAMPLES, vectorized=True,
                            confidence_level=LEVEL, method="BCa", rng=rng)  # fmt: skip
    low, high = sampled.confidence_interval
    return Estimate(value, *((float(low), float(high)) if np.isfinite([low, high]).all() else ()))
