"""Steps as graphs: which sums there are, what is kept of a step for the way back."""

from __future__ import annotations

import pytest

import deltarule as dr
from deltarule.engine.compiled.expressions.steps import recurrent_step
from deltarule.engine.compiled.expressions.tracing import reached

EXACT = dr.DeltaRule().at(1, 2)


@pytest.mark.parametrize(
    ("layer", "sums", "saved", "deltas"),
    [
        (dr.Elman(3), [(0, 0)], 1, 1),
        (dr.LSTM(3), [(k, k) for k in range(4)], 6, 4),
        (dr.GRU(3), [(0, 0), (1, 1), (2, None), (None, 2)], 5, 4),
    ],
)
def test_what_a_step_keeps(layer, sums, saved, deltas):
    """An LSTM's: f; what dE/dh is worth to c and to o; what dE/dc is worth to i, f and g."""
    step = recurrent_step(layer, EXACT)
    assert [(part.inward, part.recurrent) for part in step.sums] == sums
    assert (len(step.saved), len(step.deltas)) == (saved, deltas)
    upstream = set(step.dE_dstate)
    for term in step.saved:
        assert not reached([term]) & upstream
    for term in (*step.deltas, *(c for c in step.carried if c is not None)):
        assert reached([term]) & upstream


def test_further_entries_have_a_delta_that_is_there_already():
    """c of a GRU stands beside U_n h, so its gradient is that sum's delta."""
    step = recurrent_step(dr.GRU(2), EXACT)
    assert step.further_deltas == {"c": step.recurrent[2]}
