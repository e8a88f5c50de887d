"""Moving one parameter at a time, many whole forward passes side by side."""

from __future__ import annotations

from typing import Any

import numpy as np

from deltarule.check.numerical.perturbed import Perturbed
from deltarule.core.arrays import Array

_BLOCK = 1 << 16


class Batched(Perturbed):
    """E of a network for stacks of whole thetas; nothing is taken over from another theta.

    The plain statement of what `Incremental` does with less work.
    """

    def moved(self, entries: Array, steps: Array) -> Array:
        """Return E with theta's entry `entries_i` moved by `steps_i`, for every i."""
        block = max(1, _BLOCK // (self.samples * max(len(y) for y in self.outputs[1:])))
        parts = [slice(s, s + block) for s in range(0, len(entries), block)]
        with np.errstate(all="ignore"):
            found = [self._thetas_moved(entries[p], steps[p]) for p in parts]
        return np.concatenate(found) if found else np.empty(0)

    def _thetas_moved(self, entries: Array, steps: Array) -> Array:
        thetas = np.repeat(self.x[None].astype(np.result_type(steps, self.x)), len(steps), axis=0)
        thetas[np.arange(len(steps)), entries] += steps
        y: Any = self.outputs[0]
        for l in range(1, self.L + 1):
            p = self._views(thetas, l)
            net = p["W"] @ y  # (thetas, n_l, samples)
            if "b" in p:
                net += p["b"][..., None]
            y = self.f[l](net) if l < self.L else net
        net = np.moveaxis(net, 0, 1).reshape(net.shape[1], -1)
        return np.asarray(self.errors(net) + self.penalty(entries, steps))

    def _views(self, thetas: Array, l: int) -> dict[str, Array]:
        """Return layer l's parameters, one more axis in front."""
        return {
            e.parameter.name: thetas[:, e.start : e.stop].reshape(-1, *e.parameter.shape)
            for e in self.layout.entries
            if e.layer == l
        }
