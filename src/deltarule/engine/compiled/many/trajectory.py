"""What a chunk has led to, and where the networks were on the way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deltarule.core.arrays import Array
from deltarule.engine.compiled.many.search import Break


@dataclass(frozen=True)
class Trajectory:
    """What a chunk has led to; `networks` (k,) names those that took part."""

    networks: Array
    done: Array
    """(k,): how many epochs each has done."""
    sums: Array
    """(groups, epochs, 2, lanes): per epoch sum of s_i e_i, and of (batch weight) * penalty."""
    breaks: tuple[Break, ...]
    before: Array
    """theta before the chunk, (groups, size, lanes)."""
    trail: Array | None = None
    """theta after every epoch, (groups, epochs, size, lanes), where it was to be kept."""

    def in_columns(self, values: Array) -> Array:
        """Return values (groups, epochs, lanes) with a network per column, (epochs, k)."""
        return values.swapaxes(0, 1).reshape(values.shape[1], -1)[:, : len(self.networks)]

    def theta(self, places: Array, epochs: Array) -> Array:
        """Return theta of the networks at some places among the k, after so many epochs."""
        groups, lanes = np.divmod(places, self.before.shape[-1])
        found = self.before[groups, :, lanes]
        later = epochs > 0
        if self.trail is not None and later.any():
            found[later] = self.trail[groups[later], epochs[later] - 1, :, lanes[later]]
        return found
