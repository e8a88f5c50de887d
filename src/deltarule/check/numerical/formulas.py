"""Difference formulas: where E is taken, with which weights, and how long the step should be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deltarule.check.numerical.around import Around
from deltarule.core.arrays import Array
from deltarule.core.errors import unknown_name

COMPLEX = "complex"


@dataclass(frozen=True)
class Formula:
    """A difference: dE/dx = 1/h sum_i weights_i E(x + points_i h), off by O(h^order).

    Source: Fornberg (1988), Generation of finite difference formulas on arbitrarily spaced
    grids, Math. Comp. 51.

    >>> FORMULAS["central"].points, FORMULAS["central"].weights
    ((1.0, -1.0), (0.5, -0.5))
    """

    name: str
    points: tuple[float, ...]
    weights: tuple[float, ...]
    order: int

    def steps(self, sizes: Array, noise: float) -> Array:
        """Return h = size * noise^(1 / (order + 1)), where truncation and rounding balance.

        `noise` is the relative rounding of E. Steps are powers of 2, so that x + h and x - h
        are exact and h is the step that was really made.
        """
        wanted = sizes * noise ** (1.0 / (self.order + 1))
        return np.asarray(2.0 ** np.round(np.log2(wanted)))

    def slopes(self, around: Around, entries: Array, steps: Array) -> Array:
        """Return dE/dx of the entries."""
        return self.from_values(around.here[entries], self.values(around, entries, steps), steps)

    def values(self, around: Around, entries: Array, steps: Array) -> Array:
        """Return E at every point but x itself, (entries, points)."""
        points = np.array([p for p in self.points if p])
        moves = np.multiply.outer(steps, points)
        return around.moved(np.repeat(entries, len(points)), moves.ravel()).reshape(moves.shape)

    def from_values(self, here: Array, values: Array, steps: Array) -> Array:
        """Return dE/dx from what `values` found; E(x) is taken off first, which costs nothing."""
        weights = np.array([w for p, w in zip(self.points, self.weights, strict=True) if p])
        return np.asarray((values - here[:, None]) @ weights / steps)

    def rounding(self, noise: float, steps: Array) -> Array:
        """Return how far rounding of E can move the result."""
        return np.asarray(sum(map(abs, self.weights)) * noise / steps)


_FORMULAS = (
    Formula("forward", (0.0, 1.0), (-1.0, 1.0), 1),
    Formula("central", (1.0, -1.0), (0.5, -0.5), 2),
    Formula("five_point", (2.0, 1.0, -1.0, -2.0), (-1 / 12, 2 / 3, -2 / 3, 1 / 12), 4),
    # central differences of h, h/2 and h/4, extrapolated twice (Richardson 1911):
    # (D1 - 20 D2 + 64 D4) / 45
    Formula(
        "richardson",
        (1.0, 0.5, 0.25, -0.25, -0.5, -1.0),
        (1 / 90, -4 / 9, 128 / 45, -128 / 45, 4 / 9, -1 / 90),
        6,
    ),
)

FORMULAS: dict[str, Formula] = {f.name: f for f in _FORMULAS}
"""Every difference formula by name."""

METHODS = ("auto", COMPLEX, *FORMULAS)


def check_method(name: str) -> str:
    """Return the method's name; raises `UsageError` for an unknown one."""
    if name not in METHODS:
        raise unknown_name("method", name, METHODS)
    return name


def complex_slopes(around: Around, entries: Array) -> Array:
    """Return dE/dx = Im E(x + ih) / h, whose error is of the order h^2: nothing, for a tiny h.

    Only for an analytic E. Source: Squire and Trapp (1998), SIAM Review 40.
    """
    h = 2.0**-100 if around.unit < 1e-12 else 2.0**-50
    return np.asarray(around.moved(entries, np.full(len(entries), 1j * h)).imag / h)
