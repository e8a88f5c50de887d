"""Jacobians of a recurrent layer's steps, and what they do to a change on its way to the end."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from deltarule.explanation.reach import Reach, StepReach
from deltarule.explanation.through_time.terms import Pass, Term
from deltarule.layers import Recurrent
from deltarule.layers.recurrent.local import locals_of

Array = NDArray[np.float64]


def reach(here: Pass, name: str, found: Sequence[Term]) -> Reach:
    """Return how far back a recurrent layer's steps reach, beside a weight's terms.

    Of sequences with lengths, "the end" is each one's own, and the steps are those of the longest.
    """
    layer = here.layer
    assert isinstance(layer, Recurrent)
    J = jacobians(layer, here.p, here.bp.saved[here.l].below)
    ends = np.full(J.shape[1], len(J)) if here.lengths is None else here.lengths
    through = np.broadcast_to(np.eye(J.shape[-1]), J.shape[1:]).copy()
    deltas, T = here.deltas(), int(ends.max())
    rows = []
    for t in range(T, 0, -1):
        there = t <= ends
        later = 0.0 if t == T else deltas[t].state[0]
        arriving = float(np.linalg.norm(here.bp.dE_dy[here.l][:, t - 1] + later))
        values = np.linalg.svd(J[t - 1][there], compute_uv=False)
        to_end = float(np.linalg.norm(through[there], ord=2, axis=(-2, -1)).max())
        value = float(sum(term.value for term in found if term.step == t))
        largest, smallest = float(values[:, 0].max()), float(values[:, -1].min())
        rows.append(StepReach(t, value, arriving, largest, smallest, to_end))
        through[there] = through[there] @ J[t - 1][there]
    return Reach(name, tuple(reversed(rows)))


def jacobians(layer: Recurrent, p: dict[str, Array], below: Array) -> Array:
    """Return d state_t / d state_{t-1}, (T, n, states, states), all parts of the state in a row."""
    found = [[step.state for step in locals_of(layer, p, x)[0]] for x in below]
    return np.swapaxes(np.array(found), 0, 1)
