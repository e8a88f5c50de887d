"""Epochs until a run has solved its problem, where not every run does."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deltarule.studies.statistics.intervals import LEVEL, Estimate

Array = NDArray[np.float64]


def survival(epochs: ArrayLike, solved: ArrayLike) -> tuple[Array, Array]:
    """Return the epochs at which runs were solved, and S after each: the share still unsolved.

    Kaplan and Meier (1958): a run that was not solved is known to take longer than its epochs.

    >>> times, S = survival([10, 20, 30, 30], [True, True, True, False])
    >>> times.tolist(), S.round(2).tolist()
    ([10.0, 20.0, 30.0], [0.75, 0.5, 0.25])
    """
    times, left, events = _counts(np.asarray(epochs, float), np.asarray(solved, bool))
    return times, np.asarray(np.cumprod(1.0 - events / left))


def restricted_mean(epochs: ArrayLike, solved: ArrayLike, horizon: float) -> Estimate:
    """Return the mean of min(epochs until solved, horizon), with its interval.

        integral of S from 0 to the horizon

    The variance is Greenwood's (Klein and Moeschberger 2003, 4.5), the quantile Student's. Without
    two different solved runs there is no interval.

    >>> restricted_mean([10, 20, 30, 30], [True, True, False, False], 30).value
    22.5
    """
    from scipy.stats import t

    epochs, solved = np.asarray(epochs, float), np.asarray(solved, bool)
    if not len(epochs):
        return Estimate(None)
    times, left, events = _counts(epochs, solved & (epochs <= horizon))
    left_over = np.cumprod(1.0 - events / left)
    widths = np.diff(np.concatenate([[0.0], times, [horizon]]))
    areas = widths * np.concatenate([[1.0], left_over])
    value, after = float(areas.sum()), np.cumsum(areas[::-1])[::-1][1:]
    d, spread = int(events.sum()), left > events
    weights = events[spread] / (left[spread] * (left[spread] - events[spread]))
    variance = float((after[spread] ** 2 * weights).sum())
    if d < 2 or variance <= 0.0:
        return Estimate(value)
    half = float(t.ppf((1 + LEVEL) / 2, d - 1)) * np.sqrt(variance * d / (d - 1))
    least = float(min(epochs.min(), horizon))  # no mean is outside of what is averaged
    return Estimate(value, max(least, value - float(half)), min(horizon, value + float(half)))


def _counts(epochs: Array, solved: NDArray[np.bool_]) -> tuple[Array, Array, Array]:
    """Return the times of events, how many were unsolved before each, and how many were solved."""
    times, events = np.unique(epochs[solved], return_counts=True)
    order = np.sort(epochs)
    left = len(epochs) - np.searchsorted(order, times, side="left")
    return times, left.astype(float), events.astype(float)
