"""How much of E is rounding: estimated from E itself."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from deltarule.core.arrays import Array

_POINTS = 7
_TRIES = 12
_FAR = 1e-3
_OFF = 1.37
"""From one spacing to another one that has no simple ratio to it."""


def estimate_noise(values: Callable[[Array], Array], here: float, unit: float) -> float:
    """Return the standard deviation of the rounding in E, at least that of rounding E once.

    Of a smooth function at seven points close together, the k-th differences vanish quickly with
    k; those of rounding do not: their mean square, times (k!)^2 / (2k)!, is its variance.

    Args:
        values: E at x + t v for several t.
        here: E at x.
        unit: the rounding unit of E's type.

    Source: More and Wild (2011), Estimating computational noise, SIAM J. Sci. Comput. 33.

    >>> rough = lambda t: np.round(1.0 + t, 6)
    >>> 1e-7 < estimate_noise(rough, 1.0, 2.2e-16) < 1e-6
    True
    """
    least = 0.5 * unit * abs(here)
    spacing, levels, flat = 64.0 * unit, [least], False
    places = np.arange(1 - _POINTS // 2, 2 + _POINTS // 2)
    for _ in range(_TRIES):
        found = np.asarray(values(spacing * places))
        if not np.all(np.isfinite(found)):
            break
        changes = np.diff(found)
        if flat and np.any(changes):  # a stair, whose rounding deviates by 0.29 of it
            levels.append(0.29 * float(np.min(np.abs(changes[changes != 0]))))
        flat = not np.any(changes)
        level = _level(found)
        if np.count_nonzero(changes) <= _POINTS // 2:
            spacing *= 32.0  # the steps drown in the rounding of x, or of E
        elif level is None:
            spacing /= 5.0  # E bends more than it is rounded
        else:
            # steps that hit the grid of a rounded number inside E each time do not see it
            return max(level, _level(np.asarray(values(_OFF * spacing * places))) or 0.0, *levels)
        if spacing > _FAR:
            break
    return max(4.0 * least, *levels)


def _level(values: Array) -> float | None:
    """Return the level at which the difference table settles, or None where it does not."""
    column, levels, alternates = values, [], []
    for k in range(1, _POINTS - 1):
        column = np.diff(column)
        share = math.factorial(k) ** 2 / math.factorial(2 * k)
        levels.append(math.sqrt(share * float(np.mean(column * column))))
        alternates.append(bool(np.any(column > 0) and np.any(column < 0)))
    for k in range(len(levels) - 2):
        three = levels[k : k + 3]
        if alternates[k] and max(three) <= 4.0 * min(three):
            return levels[k]
    return None
