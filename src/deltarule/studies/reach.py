"""How far back in time the gradient reaches, in every run's network."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deltarule.core.namespace import NUMPY
from deltarule.engine.reference import backprop
from deltarule.layers import Recurrent
from deltarule.studies.tasks import Made

_ROWS = 100
"""So many samples are enough for a norm."""

_COUNTS = 1e-2
"""A step is reached where |dE/dstate| is at least so much of what it is at the last step."""

Array = NDArray[np.float64]


def reach_of(made: Made, thetas: NDArray[np.float64]) -> list[float | None]:
    """Return, for every theta, how many steps back from the last the gradient still counts.

    It counts at step t where |dE/dstate_t|, over samples and nodes of the first recurrent layer,
    is at least a hundredth of what it is at the last step. None without a recurrent layer.
    """
    layers = made.network.layers
    l = next((l for l, layer in enumerate(layers, 1) if isinstance(layer, Recurrent)), 0)
    return [_reach(arriving(made, theta, l)) if l else None for theta in thetas]


def _reach(norms: Array) -> float:
    there = np.flatnonzero(norms >= _COUNTS * norms[-1])
    return float(len(norms) - 1 - there[0]) if norms[-1] > 0.0 and len(there) else 0.0


def arriving(made: Made, theta: NDArray[np.float64], l: int) -> Array:
    """Return |dE/dstate_t| for t = 1..T: what all later steps, and the layer above, say of it."""
    network, objective = made.network, made.objective
    layer = network.layers[l - 1]
    assert isinstance(layer, Recurrent)
    X, T = (a[:_ROWS].astype(np.float64) for a in (made.parts.X, made.parts.T))
    with np.errstate(all="ignore"):
        bp = backprop(objective, theta.astype(np.float64), X, T)
        rule = objective.rule.at(l, len(network.layers))
        p = network.unpack(theta.astype(np.float64))[l - 1]
        deltas = layer.through_time(p, bp.dE_dy[l], bp.saved[l], rule, NUMPY)
        none = tuple(np.zeros(1) for _ in layer.held)
        norms = []
        for t in range(len(deltas)):
            h, *rest = deltas[t + 1].state if t + 1 < len(deltas) else none
            parts = (bp.dE_dy[l][:, t] + h, *rest)
            norms.append(np.sqrt(sum(np.sum(np.square(part)) for part in parts)))
    return np.asarray(np.nan_to_num(norms), np.float64)
