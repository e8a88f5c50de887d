"""Estimates with 95 % intervals; where the runs do not tell how sure one is, there is none."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deltarule.models.judgement.judged import wilson

LEVEL = 0.95
"""How many of the intervals hold the true value, in the long run."""

_RESAMPLES = 1999
_LEAST, _SEVERAL = 2, 10
"""One run says nothing of the others; a skewness needs more than a handful, as a bootstrap does."""


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
    if n < _LEAST:
        return Estimate(successes / n if n else None)
    return Estimate(successes / n, *wilson(successes, n))


def share_difference(differences: ArrayLike) -> Estimate:
    """Return the mean of n differences of two yes or no, each -1, 0 or 1, with its interval.

    That of Agresti and Min (2005): d +- z sqrt((q - d^2) / (n + 2)) with d = sum / (n + 2) and
    q = (1 + how many are not 0) / (n + 2), as if half a pair more had come out in every way.

    >>> found = share_difference([0] * 19 + [-1])
    >>> found.value, round(found.low, 3), round(found.high, 3)
    (-0.05, -0.17, 0.079)
    """
    from scipy.stats import norm

    found: NDArray[np.float64] = np.asarray(differences, float)
    if len(found) < _LEAST:
        return Estimate(float(found.mean()) if len(found) else None)
    n = len(found) + 2
    d, q = found.sum() / n, (1 + np.count_nonzero(found)) / n
    half = norm.ppf(0.5 + LEVEL / 2) * np.sqrt((q - d * d) / n)
    return Estimate(float(found.mean()), max(-1.0, float(d - half)), min(1.0, float(d + half)))


def mean(values: ArrayLike) -> Estimate:
    """Return the mean m with Hall's interval (1992), which skewness does not shift.

    With the standard deviation s and the skewness c of the n values, it is

        m - s g(t),  m - s g(-t),     g(q) = 3/c [(1 + c (q - c / (6 n)))^(1/3) - 1],

    where t sqrt(n) is Student's quantile with n - 1 degrees of freedom, and g(q) = q for c = 0.
    Fewer than ten values have none.

    >>> mean([1.0, 1.0, 1.0])
    Estimate(value=1.0, low=None, high=None)
    >>> found = mean([1.0, 2.0, 2.0, 3.0, 3.0, 3.0, 4.0, 5.0, 9.0, 30.0])
    >>> round(found.value, 1), round(found.low, 1), round(found.high, 1)
    (6.2, 2.3, 25.1)
    """
    return _estimate(values, np.mean, _hall)


def interquartile_mean(values: ArrayLike) -> Estimate:
    """Return the mean of the middle half with a BCa interval (Agarwal et al. 2021).

    A value that is not finite stands at its end of the order; where one is in the middle half,
    there is no mean.
    """
    return _estimate(values, _middle, _bootstrapped)


def _hall(values: NDArray[np.float64]) -> tuple[float, float]:
    from scipy.stats import skew, t

    n, m = len(values), float(values.mean())
    s, c = float(values.std(ddof=1)), float(skew(values, bias=False))
    q = float(t.ppf(0.5 + LEVEL / 2, n - 1)) / np.sqrt(n)

    def g(q: float) -> float:
        return float(np.cbrt(1.0 + c * (q - c / (6 * n))) - 1.0) * 3.0 / c if abs(c) > 1e-9 else q

    return m - s * g(q), m - s * g(-q)


def _middle(values: NDArray[np.float64], axis: int) -> Any:
    from scipy.stats import trim_mean

    return trim_mean(values, 0.25, axis=axis)


def _bootstrapped(values: NDArray[np.float64]) -> tuple[float, float]:
    from scipy.stats import bootstrap

    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that there is no interval: its ends are no numbers
        sampled = bootstrap((values,), _middle, n_resamples=_RESAMPLES, vectorized=True,
                            confidence_level=LEVEL, method="BCa",
                            rng=np.random.default_rng(0))  # fmt: skip
    low, high = sampled.confidence_interval
    return float(low), float(high)


def _estimate(
    values: ArrayLike,
    statistic: Callable[..., Any],
    interval: Callable[[NDArray[np.float64]], tuple[float, float]],
) -> Estimate:
    """Return a statistic of the values, with an interval where they tell one."""
    found: NDArray[np.float64] = np.asarray(values, float)
    if not len(found):
        return Estimate(None)
    with np.errstate(invalid="ignore", over="ignore"):  # what is not finite has no mean
        value = float(statistic(found, axis=-1))
    if not np.isfinite(value):
        return Estimate(None)
    if len(found) < _SEVERAL or not np.isfinite(found).all() or np.ptp(found) == 0.0:
        return Estimate(value)
    ends = interval(found)
    return Estimate(value, *ends) if np.isfinite(ends).all() else Estimate(value)
