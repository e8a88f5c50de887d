"""What is learned in the place of a quantity that is skewed, and the way back.

    log:      z = log y          y = exp z          y > 0
    log1p:    z = log(1 + y)     y = exp(z) - 1     y > -1
    box_cox:  z = (y^p - 1) / p  y = (1 + p z)^(1/p)  y > 0, with 0 <= p <= 1

A power p of 0 is the logarithm, 1 changes nothing but the origin; it is the one under which the
training values are likeliest to be normal (Box and Cox 1964), among those that turn a large
prediction into a finite one. Where 1 + p z falls below 0, there is no y but the least one, 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Power:
    """A transform of quantities (n, k), `powers` (k,) being those of box_cox."""

    forward: Callable[[Array, Array], Array]
    inverse: Callable[[Array, Array], Array]
    above: float
    """What the values lie above."""


def _simple(f: Callable[..., Any], inverse: Callable[..., Any], above: float) -> Power:
    def without(g: Callable[..., Any]) -> Callable[[Array, Array], Array]:
        return lambda values, powers: np.asarray(g(values))

    return Power(without(f), without(inverse), above)


def _inverse(z: Array, powers: Array) -> Array:
    p = np.where(powers > 0, powers, 1.0)
    return np.where(powers > 0, np.maximum(1.0 + p * z, 0.0) ** (1.0 / p), np.exp(z))


def _forward(y: Array, powers: Array) -> Array:
    from scipy.special import boxcox

    return np.asarray(boxcox(y, powers))


TRANSFORMS: dict[str, Power] = {
    "none": _simple(np.asarray, np.asarray, -np.inf),
    "log": _simple(np.log, np.exp, 0.0),
    "log1p": _simple(np.log1p, np.expm1, -1.0),
    "box_cox": Power(_forward, _inverse, 0.0),
}
"""The transforms by name."""


def power_of(values: Array) -> float:
    """Return Box and Cox's power for values above 0, to two digits.

    >>> power_of(np.exp(np.linspace(-2, 2, 50))), power_of(np.linspace(4, 5, 50) ** 2)
    (0.0, 0.37)
    """
    from scipy.optimize import minimize_scalar
    from scipy.stats import boxcox_llf

    if np.ptp(values) == 0:
        return 1.0
    found = minimize_scalar(lambda p: -boxcox_llf(p, values), bounds=(0.0, 1.0), method="bounded")
    return float(round(found.x, 2))
