"""Does every weight move? A step of coordinate descent moves a few, and those by the true slope.

    dw_i = -eta dE/dw_i for some i alone, such as that of the largest |dE/dw_i| (Gauss-Southwell)

No single gradient shows this: which ones move is another choice at every point.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from deltarule.check.adapter.objective.fit import At
from deltarule.check.adapter.program import Program
from deltarule.check.diagnose import Diagnosis
from deltarule.check.diagnose.diagnosis import Finding
from deltarule.core.errors import DeltaruleError
from deltarule.core.texts import some
from deltarule.engine import backprop

_POINTS = 3


@dataclass(frozen=True)
class Alone:
    """How many of the weights move, and whether they are those of the largest slopes."""

    count: int
    of: int
    largest: bool

    def told(self, rest: Diagnosis) -> Diagnosis:
        """Return the diagnosis with this in the place of what else would explain the numbers."""
        which = ", of the largest |dE/dw|" if self.largest else ", other ones at every point"
        moves = f"{some(self.count, 'weight')} alone move{'s' * (self.count == 1)}"
        does = f"of {self.of} numbers {moves}{which}"
        told = {"moved": self.count}
        layers = tuple(place.layer for place in rest.localised)
        before = max(max(place.residuals) for place in rest.localised)
        finding = Finding("few_weights", layers, told, (), does, "gradient descent moves every "
                          "weight, each by its own dE/dw; what moves is right",
                          "w <- w - eta dE/dw, all weights at once", before, 0.0)  # fmt: skip
        return replace(rest, verdict="explained", mistakes=(finding,), candidates=(), also=(),
                       unseen=(), evidence="", notes=())  # fmt: skip


def moved_alone(program: Program, at: At, loss: Any) -> Alone | None:
    """Return which weights move, where they are few and move as they should; None for all others.

    They have to be others at other points, or a single one, and to leave others of their own array
    where they are: a layer that is not trained is something else.
    """
    theta, X, T = at
    rng, net = np.random.default_rng(0), program.network
    weights = net.layout.mask("penalised")  # biases may not be asked at all
    moved, factors, largest, left = [], [], [], False
    for i in range(_POINTS):
        w = theta * rng.uniform(0.5, 1.5, theta.shape) if program.reading.several else theta
        rows = slice(None) if program.reading.several else slice(i, i + 1)
        try:
            v = program.reading.delivered(w, X[rows], T[rows], program.rates)
            g = np.asarray(backprop(net, w, X[rows], T[rows], loss=loss).gradient)
        except DeltaruleError:
            return None
        if v is None or not 0 < np.count_nonzero(np.nan_to_num(v)) <= max(1, net.size // 4):
            return None
        on = np.flatnonzero(np.nan_to_num(v))
        if not np.all(g[on]):
            return None
        parts = [slice(e.start, e.stop) for e in net.layout.entries]
        left |= any(np.any(v[p]) and np.any((v[p] == 0) & (g[p] != 0)) for p in parts)
        moved.append(tuple(on.tolist()))
        factors += (v[on] / g[on]).tolist()
        rest = np.delete(g if not weights[on].all() else np.where(weights, g, 0.0), on)
        largest.append(bool(np.abs(g[on]).min() >= np.abs(rest).max()))
    even = np.ptp(factors) <= 1e-6 * np.max(np.abs(factors))
    others = len(set(moved)) > 1 or len(moved[0]) == 1
    return Alone(len(moved[0]), net.size, all(largest)) if even and others and left else None
