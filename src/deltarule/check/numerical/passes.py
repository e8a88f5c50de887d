"""E of any network with moved parameters: one whole forward pass for every move.

The plain statement of what `Incremental` does with less work, where all layers are dense.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from deltarule.check.numerical.around import Around
from deltarule.core.arrays import Array
from deltarule.core.namespace import NUMPY
from deltarule.engine import Objective, Samples
from deltarule.engine.reference import data_error, penalty


class Passes(Around):
    """E(theta) of a network of any layers, which knows of them only how they pass forward."""

    unit = float(np.finfo(np.float64).eps)

    def __init__(self, objective: Objective, theta: Array, samples: Samples) -> None:
        self.x = theta.astype(np.float64)
        self._objective, self._samples = objective, samples
        self.here = np.broadcast_to(self._error(self.x), self.x.shape)

    def _error(self, theta: Array) -> Any:
        s = self._samples
        with np.errstate(all="ignore"):  # what is not finite is found when E is looked at
            nets, y = self._objective.network.forward(theta, s.X)
            E = data_error(self._objective, nets[-1], y[-1], s.T, s.weight, NUMPY)
            return E + penalty(self._objective, theta, NUMPY)

    def moved(self, entries: Array, steps: Array) -> Array:
        """Return E with theta's entry `entries_i` moved by `steps_i`, for every i."""
        found = np.empty(len(entries), np.result_type(steps, np.float64))
        for i, (entry, step) in enumerate(zip(entries, steps, strict=True)):
            theta = self.x.astype(found.dtype)
            theta[entry] += step
            found[i] = self._error(theta)
        return found

    def along(self, direction: Array, steps: Array) -> Array:
        """Return E(theta + steps_i direction) for every i."""
        return np.array([self._error(self.x + step * direction) for step in steps])
