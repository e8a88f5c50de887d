"""A line and a season: what is taken away from a series as a function of time, and put back.

    c(t) = a + b t + season(t)

fitted to the training part alone; after its end the line goes on, and the last season repeats.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.errors import DataError, UsageError

Array = NDArray[np.float64]

SEASONS = ("none", "classical", "stl")
"""How the season is found: not at all, by means over moving averages, or by loess (STL)."""


@dataclass(frozen=True, eq=False)
class Components:
    """c(t), for positions t of the series.

    >>> y = np.array([1.0, 5.0, 3.0, 7.0, 5.0, 9.0])
    >>> c = Components.fit(y, line=True, season="classical", period=2)
    >>> c(np.arange(8)).round(9)
    array([ 1.,  5.,  3.,  7.,  5.,  9.,  7., 11.])
    """

    line: tuple[float, float] = (0.0, 0.0)
    """a and b."""
    season: Array = field(default_factory=lambda: np.zeros(1))
    """(n,) from t = 0 on; its last `period` values repeat."""
    period: int = 1

    @classmethod
    def fit(cls, s: Array, *, line: bool, season: str, period: int) -> Components:
        """Fit them to values s (n,), the season first.

        Raises `UsageError` where the series has no season, `DataError` where two whole ones are
        not there.
        """
        found = cls()
        if season != "none":
            if period < 2:
                raise UsageError(
                    f"deseason {season}: these times have no season of their own: say how many "
                    "steps it has with `--season`, or leave `--deseason` out"
                )
            if len(s) < 2 * period + 1:
                raise DataError(
                    f"{len(s)} values before the test part are too few to find a season of "
                    f"{period} steps: {2 * period + 1} are needed. Leave `--deseason` out."
                )
            found = cls(season=_SEASONAL[season](s, period), period=period)
        if line and len(s) > 1:
            times = np.arange(len(s))
            b, a = np.polyfit(times, s - found(times), 1)
            found = cls((float(a), float(b)), found.season, found.period)
        return found

    def __call__(self, times: NDArray[np.intp]) -> Array:
        """Return c at positions of any shape."""
        n, a, b = len(self.season), *self.line
        beyond = n - self.period + (times - n) % self.period
        return np.asarray(a + b * times + self.season[np.where(times < n, times, beyond)])

    @property
    def said(self) -> list[str]:
        """What is taken away, in words."""
        found = ["less its season"] if self.period > 1 else []
        return found + (["less its line"] if self.line != (0.0, 0.0) else [])

    def to_dict(self) -> dict[str, Any]:
        """Return plain values but the season, which may be as long as the series."""
        return {"line": list(self.line), "period": self.period}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any], season: Array) -> Components:
        """Return what `to_dict` described, with the season."""
        a, b = map(float, plain["line"])
        return cls((a, b), season, int(plain["period"]))


def moving_average(s: Array, period: int) -> Array:
    """Return the mean over a period around each value that has one, (n - 2 (period // 2),)."""
    ones = np.ones(period)
    window = ones if period % 2 else np.r_[0.5, ones[1:], 0.5]
    return np.convolve(s, window / period, "valid")


def _classical(s: Array, period: int) -> Array:
    """Return a value per season, with mean 0: the mean of s less its moving average."""
    half = period // 2
    rest = s[half : len(s) - half] - moving_average(s, period)
    places = np.arange(half, len(s) - half) % period
    means = np.bincount(places, rest, period) / np.bincount(places, minlength=period)
    return np.asarray(means - means.mean())


def _stl(s: Array, period: int) -> Array:
    """Return the season by loess, which may change slowly (Cleveland et al. 1990), (n,)."""
    try:
        from statsmodels.tsa.seasonal import STL
    except ImportError:
        raise UsageError(
            "deseason stl needs statsmodels: pip install 'deltarule[stl]'; classical needs nothing"
        ) from None
    return np.asarray(STL(s, period=period).fit().seasonal)


_SEASONAL = {"classical": _classical, "stl": _stl}
