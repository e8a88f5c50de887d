"""One step's own derivatives: how state_t moves with state_{t-1}, with a_t and with v_t."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from deltarule.core.namespace import NUMPY
from deltarule.layers.layer import Parameters
from deltarule.layers.recurrent.recurrent import Deltas, Recurrent, ThroughTime
from deltarule.rules import DeltaRule

Array = NDArray[np.float64]


class Local(NamedTuple):
    """Derivatives of state_t, all its parts in a row, S numbers."""

    state: Array
    """d state_t / d state_{t-1}, (S, S): the step's Jacobian."""
    memory: Array
    """The part of it that does not go through v_t, (S, S): each node's own memory."""
    inward: Array
    """d state_t / d a_t, (S, rows)"""
    recurrent: Array
    """d state_t / d v_t, (S, rows)"""
    further: Parameters
    """d state_t / d w of the cell's further parameters, (S, *shape), by name."""


def locals_of(layer: Recurrent, p: Parameters, x: Array) -> tuple[list[Local], ThroughTime]:
    """Return every step's derivatives for one sample (T, features), and what forward has kept.

    The sample goes forward S times side by side: row i then has an error of 1 in entry i of
    state_t, and the way back makes row i of the derivatives of it.
    """
    size = sum(layer.held)
    _, saved = layer.forward(p, np.repeat(x[None], size, axis=0), NUMPY)
    return [_local(layer, p, kept) for kept in saved.steps], saved


def _local(layer: Recurrent, p: Parameters, kept: Any) -> Local:
    size = sum(layer.held)
    found = _back(layer, p, kept, np.eye(size))
    past = np.concatenate(
        [np.broadcast_to(part, (size, width))
         for part, width in zip(found.state, layer.held, strict=True)],
        axis=1,
    )  # fmt: skip
    state = past.copy()
    state[:, : layer.held[0]] += found.recurrent @ p["U"]
    each = []
    for e in np.eye(size) if found.further else ():  # these are sums over the rows
        each.append(_back(layer, p, kept, np.diag(e)).further)
    further = {name: np.stack([one[name] for one in each]) for name in found.further}
    return Local(state, past, found.inward, found.recurrent, further)


def _back(layer: Recurrent, p: Parameters, kept: Any, errors: Array) -> Deltas:
    parts = tuple(np.split(errors, np.cumsum(layer.held)[:-1], axis=1))
    return layer.step_back(p, parts, kept, DeltaRule().at(1, 1), NUMPY)
