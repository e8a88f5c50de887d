"""Random directions in the place of single entries: for gradients too long to check in full."""

from __future__ import annotations

import numpy as np

from deltarule.check.numerical.around import Around, typical_sizes
from deltarule.core.arrays import Array


class Directions(Around):
    """E around a point, along random directions v of independent standard normal numbers.

    An error d of the gradient shows along v as d v, which is normal with deviation |d|. So the
    chance of missing it does not depend on where it is, only on its length.
    """

    def __init__(self, around: Around, x: Array, count: int, seed: int) -> None:
        rng = np.random.default_rng((seed, 1))
        self._around = around
        self.vectors = [rng.normal(size=around.direction_size) for _ in range(count)]
        """The directions, one per entry."""
        reach = float(np.median(typical_sizes(x))) / around.direction_size**0.25
        self.x = np.full(count, reach)
        self.here = np.full(count, around.along(self.vectors[0], np.zeros(1))[0])
        self.unit = around.unit

    def moved(self, entries: Array, steps: Array) -> Array:
        """Return E(x + steps_i v) for v of the direction `entries_i`."""
        found = np.empty(len(entries), np.result_type(steps, np.float64))
        order = np.argsort(entries, kind="stable")
        for mine in np.split(order, np.flatnonzero(np.diff(entries[order])) + 1):
            if len(mine):
                found[mine] = self._around.along(self.vectors[entries[mine[0]]], steps[mine])
        return found

    def along(self, direction: Array, steps: Array) -> Array:
        """Return E along the sum of the directions, weighted by `direction`."""
        v = sum(c * vector for c, vector in zip(direction, self.vectors, strict=True))
        return self._around.along(np.asarray(v), steps)

    def of(self, gradient: Array) -> Array:
        """Return the gradient's slope along every direction."""
        return np.array([gradient @ v for v in self.vectors])
