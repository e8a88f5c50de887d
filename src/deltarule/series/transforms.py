"""What is done to the values before the network sees them, and undone to what it says.

Value by value first (none, log, Box-Cox), less a line and a season, then differences of any lags,
then scaling:

    s_0 = g(y) - c(t)      s_k[t] = s_{k-1}[t] - s_{k-1}[t - d_k]      z = (s_K - offset) / scale

c, offset and scale are of the training part alone. A forecast goes back the same way: differences
are added to the values before it, and those forecast before it.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.errors import DataError, UsageError
from deltarule.core.registry import Record, Registry, plain_fields
from deltarule.data.preparation.scale import Scaler
from deltarule.series.components import Components
from deltarule.series.windows import before

Array = NDArray[np.float64]

PLAIN = "the series as it is"
"""What is said of a series that is scaled alone."""
_NOTHING = 1e-10
"""A rest whose deviation is below this share of the series' is rounding."""


class Pointwise(Record):
    """A transform of single values, g and its inverse."""

    least: float = -np.inf
    """Values have to be above this."""

    @abstractmethod
    def forward(self, y: Array) -> Array:
        """Return g(y)."""

    @abstractmethod
    def inverse(self, s: Array) -> Array:
        """Return y with g(y) = s."""


TRANSFORMS: Registry[Pointwise] = Registry("transform", Pointwise)
"""Transforms of values by name."""


@TRANSFORMS.register
@dataclass(frozen=True)
class Plain(Pointwise):
    """g(y) = y."""

    name = "none"

    def forward(self, y: Array) -> Array:
        """Return y."""
        return y

    def inverse(self, s: Array) -> Array:
        """Return s."""
        return s


@TRANSFORMS.register
@dataclass(frozen=True)
class Log(Pointwise):
    """g(y) = log y, for values above 0. A mean of logarithms goes back to a median of values."""

    name = "log"
    least = 0.0

    def forward(self, y: Array) -> Array:
        """Return log y."""
        return np.log(y)

    def inverse(self, s: Array) -> Array:
        """Return e^s."""
        return np.exp(s)


@TRANSFORMS.register
@dataclass(frozen=True)
class BoxCox(Pointwise):
    """g(y) = (y^p - 1) / p for a power p > 0 and values from 0 on (Box and Cox 1964).

    What lies below g(0) = -1/p goes back to 0.
    """

    power: float = 0.5

    name = "box_cox"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.0 < self.power <= 2.0:
            raise UsageError(
                f"box_cox: power has to lie above 0 and at most at 2, not {self.power}; for power "
                "0 take log"
            )

    def forward(self, y: Array) -> Array:
        """Return (y^p - 1) / p."""
        return (np.power(y, self.power) - 1.0) / self.power

    def inverse(self, s: Array) -> Array:
        """Return (1 + p s)^(1/p)."""
        return np.power(np.maximum(1.0 + self.power * s, 0.0), 1.0 / self.power)


@dataclass(frozen=True, eq=False)
class Transform:
    """g, line and season, the lags of the differences, and the scaling of what is left.

    >>> y = np.array([1.0, 2.0, 8.0, 16.0, 64.0])
    >>> t = Transform.fit(y, TRANSFORMS.get("log"), (1,))
    >>> stages = t.stages(y)
    >>> t.scaled(stages).round(6)
    array([nan, -1.,  1., -1.,  1.])
    >>> t.inverse(np.array([[-1.0, 1.0]]), stages, np.array([5])).round(6)
    array([[128., 512.]])
    """

    pointwise: Pointwise
    differences: tuple[int, ...]
    offset: float
    scale: float
    components: Components = field(default_factory=Components)

    @classmethod
    def fit(
        cls,
        y: Array,
        pointwise: Pointwise,
        differences: Sequence[int],
        *,
        line: bool = False,
        season: str = "none",
        period: int = 1,
    ) -> Transform:
        """Take components, offset and scale from values y, the training part.

        Raises `DataError` for values that g does not take, and where nothing varies.
        """
        s = pointwise.forward(y)
        components = Components.fit(s, line=line, season=season, period=period)
        if components.said and np.ptp(s) > 0:
            rest = s - components(np.arange(len(s)))
            if np.std(rest) < _NOTHING * np.std(s):
                raise DataError(
                    f"the series {' and '.join(components.said)} is nothing in the training part: "
                    "there is nothing to learn. Leave `--detrend` and `--deseason` out."
                )
        plain = cls(pointwise, tuple(differences), 0.0, 1.0, components)
        left = plain.stages(y)[-1][plain.lost :]
        if not len(left):
            raise DataError(
                f"{len(y)} values are too few for differences of {plain.lost} steps in all"
            )
        scaler = Scaler.fit("standard", [left])
        if scaler.constant[0]:
            what = "the series" if not differences else "the differenced series"
            raise DataError(
                f"{what} is constant in the training part ({left[0]:.6g} in all {len(left)} "
                "values): there is nothing to learn, and every forecast is that value."
            )
        offset, scale = float(scaler.offset[0]), float(scaler.scale[0])
        return cls(pointwise, tuple(differences), offset, scale, components)

    @property
    def lost(self) -> int:
        """Values at the beginning that have no difference."""
        return sum(self.differences)

    def stages(self, y: Array) -> list[Array]:
        """Return s_0, ..., s_K, each as long as y, NaN where it is not defined."""
        stages = [self.pointwise.forward(y) - self.components(np.arange(len(y)))]
        for lag in self.differences:
            last = stages[-1]
            differenced = np.full_like(last, np.nan)
            differenced[lag:] = last[lag:] - last[:-lag] if lag < len(last) else np.nan
            stages.append(differenced)
        return stages

    def scaled(self, stages: Sequence[Array]) -> Array:
        """Return z, as long as the series."""
        return np.asarray((stages[-1] - self.offset) / self.scale)

    def levels(self, z: Array, stages: Sequence[Array], origins: NDArray[np.intp]) -> Array:
        """Return forecasts z (r, H), made of what is before each origin, as values of s_0."""
        s = z * self.scale + self.offset
        for lag, earlier in zip(reversed(self.differences), reversed(stages[:-1]), strict=True):
            behind = np.concatenate([before(earlier, origins, lag), s], axis=1)
            for h in range(s.shape[1]):
                behind[:, lag + h] += behind[:, h]
            s = behind[:, lag:]
        return s

    def inverse(self, z: Array, stages: Sequence[Array], origins: NDArray[np.intp]) -> Array:
        """Return forecasts z (r, H) in the series' own units."""
        times = origins[:, None] + np.arange(z.shape[1])
        return self.pointwise.inverse(self.levels(z, stages, origins) + self.components(times))

    @property
    def said(self) -> str:
        """What is done, in words."""
        said = [] if self.pointwise.name == "none" else [self.pointwise.name]
        said += self.components.said + [f"difference {lag}" for lag in self.differences]
        return ", then ".join(said) or PLAIN

    def to_dict(self) -> dict[str, Any]:
        """Return plain values but the season of the components, ready for JSON."""
        return plain_fields(self)

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any], season: Array) -> Transform:
        """Return what `to_dict` described, with the season of its components."""
        return cls(
            TRANSFORMS.get(plain["pointwise"]),
            tuple(map(int, plain["differences"])),
            float(plain["offset"]),
            float(plain["scale"]),
            Components.from_dict(plain["components"], season),
        )
