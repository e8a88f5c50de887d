"""Scaling by column: (value - offset) / scale, with statistics of the training rows.

- `standard`: offset = mean, scale = standard deviation of the population
- `minmax`: offset = minimum, scale = maximum - minimum, so that training values lie in [0, 1]
- `none`: offset 0, scale 1

A column that is constant in the training rows has scale 1 and is 0 in every row, later ones too:
its weights never learn, so a new value must not reach them. `none` leaves it as it is. Constant is
also a column whose deviation is that of rounding alone, below min(n, 32) eps |mean| (0.3 beside
0.30000000000000004): scaled by it, any new value would be astronomically far away.

The statistics are two-pass in float64, whatever the dtype of the data, on values divided by a
power of two, so that neither a large mean nor a large or tiny unit spoils them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.errors import one_of

_STEPS, _EXACT = 32, 2.0**53

Statistic = Callable[[NDArray[np.float64]], tuple[float, float]]


def mean(values: NDArray[Any]) -> float:
    """Return the mean of at least one finite value, without overflow.

    >>> mean(np.array([1e308, 1.5e308]))
    1.25e+308
    """
    return _standard(np.asarray(values, np.float64))[0]


def _standard(values: NDArray[np.float64]) -> tuple[float, float]:
    exponent = int(np.frexp(np.max(np.abs(values)))[1])
    unit = np.ldexp(values, -exponent)
    middle = unit.mean()
    unit -= middle
    rest = unit.mean()
    deviation = np.sqrt(np.mean(np.square(unit - rest)))
    return float(np.ldexp(middle + rest, exponent)), float(np.ldexp(deviation, exponent))


def _minmax(values: NDArray[np.float64]) -> tuple[float, float]:
    least, most = float(values.min()), float(values.max())
    return least, most - least


def _none(values: NDArray[np.float64]) -> tuple[float, float]:
    return 0.0, 1.0


def _only_rounding(column: NDArray[Any], values: NDArray[np.float64]) -> bool:
    """Say whether the values differ by no more than rounding: deviation <= min(n, 32) eps |mean|.

    n rounded steps (a running sum, say) are n eps from one another at most; eps is that of the
    type in which the values came. The bound on n keeps small differences of many rows, such as
    1e9 + a/1000. Whole numbers up to 2^53 are exact: their differences are meant.
    """
    if np.all(values == values[0]):
        return True
    if np.all((values == np.floor(values)) & (np.abs(values) < _EXACT)):
        return False
    dtype = np.asarray(column).dtype
    eps = np.finfo(dtype if dtype.kind == "f" else np.float64).eps
    middle, deviation = _standard(values)
    return bool(deviation <= min(len(values), _STEPS) * eps * abs(middle))


SCALERS: dict[str, Statistic] = {"standard": _standard, "minmax": _minmax, "none": _none}
"""The scalers by name; each gives a column's offset and scale."""


@dataclass(frozen=True, eq=False)
class Scaler:
    """Fitted scaling of k columns; `offset`, `scale` and `constant` have the shape (k,).

    >>> scaler = Scaler.fit("standard", [np.array([1.0, 3.0]), np.array([5.0, 5.0])])
    >>> scaler.transform(np.array([[1.0, 5.0], [4.0, 6.0]])).tolist()
    [[-1.0, 0.0], [2.0, 0.0]]
    """

    name: str
    offset: NDArray[np.float64]
    scale: NDArray[np.float64]
    constant: NDArray[np.bool_]

    @classmethod
    def fit(cls, name: str, columns: Iterable[NDArray[Any]]) -> Scaler:
        """Take the statistics of columns of finite values, at least one value in each.

        A spread beyond the largest number makes an infinite scale; who knows the columns' names
        refuses it (`check_spread`).

        Raises `UsageError` for an unknown scaler.
        """
        one_of("scaler", name, SCALERS)
        offsets, scales, constants = [], [], []
        for column in columns:
            values = np.asarray(column, np.float64)
            constant = name != "none" and _only_rounding(column, values)
            offset, scale = (float(values[0]), 1.0) if constant else SCALERS[name](values)
            if scale == 0:  # the spread is below the smallest number
                constant, scale = True, 1.0
            offsets.append(offset)
            scales.append(scale)
            constants.append(constant)
        return cls(name, np.array(offsets), np.array(scales), np.array(constants, np.bool_))

    def repeated(self, times: int, plain: int) -> Scaler:
        """Return every column's scaling `times` times side by side, then `plain` unscaled columns.

        So all steps of a sequence's feature are scaled alike.
        """

        def spread(a: NDArray[Any], rest: float) -> NDArray[Any]:
            return np.concatenate([np.repeat(a, times), np.full(plain, rest, a.dtype)])

        offset, scale = spread(self.offset, 0.0), spread(self.scale, 1.0)
        return Scaler(self.name, offset, scale, spread(self.constant, False))

    def tiled(self, times: int) -> Scaler:
        """Return the scaling of all columns, `times` times one after the other.

        So every value of a row is scaled alike at all steps.
        """
        offset, scale = np.tile(self.offset, times), np.tile(self.scale, times)
        return Scaler(self.name, offset, scale, np.tile(self.constant, times))

    def transform(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Return the scaled values, shape (n, k) as `values`, in float64."""
        scaled = np.asarray(values, np.float64) - self.offset
        scaled /= self.scale
        scaled[:, self.constant] = 0.0
        return scaled

    def inverse(self, scaled: NDArray[Any]) -> NDArray[np.float64]:
        """Return values in their original units, shape (n, k); constants at their constant."""
        values = np.where(self.constant, 0.0, np.asarray(scaled, np.float64))
        values *= self.scale
        values += self.offset
        return values
