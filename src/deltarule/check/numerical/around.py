"""What every numerical derivative needs: E at points near a point."""

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
