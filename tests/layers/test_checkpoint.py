"""Steps computed again on the way back: the same numbers, in less memory, which grows with T."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from numeric import assert_close

import deltarule as dr
from deltarule.core.namespace import NUMPY
from deltarule.engine.choice import EngineWarning
from deltarule.layers.recurrent.again import Again, Stretch

T = 7
CELLS = [dr.Elman, dr.GRU, dr.LSTM, lambda units, **more: dr.Jordan(units, 2, **more)]
each_cell = pytest.mark.parametrize("cell", CELLS, ids=["elman", "gru", "lstm", "jordan"])


def network(cell, steps=T, **more):
    layers = [cell(3, **more), dr.EachStep(dr.Dense(2)), cell(2, **more), dr.Last(), dr.Dense(1)]
    return dr.Network((steps, 2), layers)


@each_cell
@pytest.mark.parametrize("more", [{}, {"truncate": (2, 3)}], ids=["whole", "cut off"])
def test_the_gradient_is_the_same(cell, more, rng):
    net = network(cell, **more)
    theta, X, targets = net.init(1), rng.normal(size=(4, T, 2)), rng.normal(size=(4, 1))
    for inputs in (X, dr.Sequences(X, [7, 3, 5, 1])):
        true = dr.backprop(net, theta, inputs, targets).gradient
        for k in (1, 2, 3, 6, 7, 9):
            again = network(cell, checkpoint=k, **more)
            assert_close(dr.backprop(again, theta, inputs, targets).gradient, true, 1e-14)


@each_cell
def test_what_looks_into_the_steps_finds_them(cell, rng):
    nets = [
        dr.Network((T, 2), [cell(3, **m), dr.Last(), dr.Dense(1)]) for m in ({}, {"checkpoint": 3})
    ]
    theta, X, targets = nets[0].init(2), rng.normal(size=(2, T, 2)), rng.normal(size=(2, 1))
    v = rng.normal(size=nets[0].size)
    whole, again = (
        (
            dr.explain(net, theta, X, targets, weight="u[1,1,2]").value,
            dr.real_time_gradient(net, theta, X, targets).gradient,
            dr.hessian_vector(net, theta, X, targets, v),
            dr.train(net, X, targets, epochs=3).theta,
        )
        for net in nets
    )
    for one, other in zip(whole, again, strict=True):
        assert_close(np.atleast_1d(other), np.atleast_1d(one), 1e-12)
    g = dr.backprop(nets[0], theta, X, targets).gradient
    assert dr.diagnose(g, nets[1], theta, X, targets).verdict == "correct"


def peak(net, rng):
    """Return the bytes that backpropagation holds at its peak."""
    steps = net.shapes[0][0]
    theta, X, targets = net.init(0), rng.normal(size=(16, steps, 2)), np.zeros((16, 1))
    dr.backprop(net, theta, X[:1], targets[:1])  # what is made once is not counted
    tracemalloc.start()
    try:
        dr.backprop(net, theta, X, targets)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@each_cell
def test_memory_grows_with_the_steps_and_no_faster(cell, rng):
    def held(steps, **more):
        return peak(dr.Network((steps, 2), [cell(16, **more), dr.Last(), dr.Dense(1)]), rng)

    short, long = held(60), held(120)
    assert long < 2.03 * short
    assert held(120, checkpoint=11) < 0.45 * long


def test_the_compiled_engine_says_that_it_keeps_all_steps(rng):
    net = network(dr.GRU, checkpoint=2)
    X, targets = rng.normal(size=(4, T, 2)), rng.normal(size=(4, 1))
    with pytest.warns(EngineWarning, match="computed again on the way back"):
        dr.train(net, X, targets, epochs=1, engine="compiled")
    with pytest.raises(dr.UsageError, match="GRU: checkpoint"):
        dr.GRU(2, checkpoint=0)


@each_cell
def test_the_last_state_is_the_same(cell, rng):
    plain, again = cell(3), cell(3, checkpoint=2)
    p = {q.name: rng.normal(size=q.shape) for q in plain.parameters((T, 2))}
    x = rng.normal(size=(4, T, 2))
    for state in (None, plain.resume(p, x, None, NUMPY)[2]):
        ends = [layer.resume(p, x, state, NUMPY)[2] for layer in (plain, again)]
        for one, other in zip(*ends, strict=True):
            assert_close(other, one, 1e-13)


def test_a_stretch_is_computed_again_once_for_all_its_steps():
    walked = []

    def walk(first, before):
        walked.append(first)
        return Stretch([before, 10 * first], [first, first + 1], [])

    steps = Again(walk, ["a", "b", "c"], every=2, steps=5).all("steps")
    assert [*steps] == [0, 1, 2, 3, 4]
    assert walked == [0, 2, 4]
