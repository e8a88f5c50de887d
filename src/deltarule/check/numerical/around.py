"""What every numerical derivative needs: E at points near a point, or along random directions."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from deltarule.core.arrays import Array


class Around(ABC):
    """E around the point x.

    An entry is one derivative that is wanted: dE/dx_i, or with several outputs dE_r/dx_i. All
    arrays have one value per entry.
    """

    x: Array
    """The number that an entry moves."""
    here: Array
    """E at the point, as the entry sees it."""
    unit: float
    """The rounding unit in which E is computed: 2.2e-16 for float64."""

    @property
    def size(self) -> int:
        """The number of entries."""
        return int(self.x.size)

    @abstractmethod
    def moved(self, entries: Array, steps: Array) -> Array:
        """Return E(x + steps_i e_{entries_i}) for every i; complex steps give complex E."""

    @abstractmethod
    def along(self, direction: Array, steps: Array) -> Array:
        """Return E(x + steps_i direction) for every i; one number each, whatever E returns."""

    @property
    def direction_size(self) -> int:
        """The number of coordinates of x, for `along`."""
        return self.size


def typical_sizes(x: Array) -> Array:
    """Return the size of every coordinate that a step is measured by.

    It is |x_i|, but at least the median of the others that are not 0: a weight that happens to
    be 1e-12 among weights near 1 matters to E as they do. Where all are 0 it is 1.

    >>> typical_sizes(np.array([0.0, 2.0, -4.0, 2.0]))
    array([2., 2., 4., 2.])
    """
    sizes = np.abs(x).astype(np.float64)
    used = sizes[sizes > 0]
    return np.maximum(sizes, np.median(used) if used.size else 1.0)


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
