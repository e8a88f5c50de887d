"""Layers without parameters at the beginning are done once, whatever comes behind is compiled."""

from __future__ import annotations

import numpy as np
import pytest
from numeric import assert_close

import deltarule as dr
from deltarule import GRU, Dense, Flatten, Last, Steps

FIRST = [(Steps(2), 10), (Steps(2, latest_first=True), 10), (Steps(2, lengths=True), 11)]


@pytest.mark.parametrize(("first", "inputs"), FIRST, ids=["steps", "latest first", "lengths"])
def test_rows_of_steps_are_trained_as_by_the_reference_engine(first, inputs, rng):
    net = dr.Network(inputs, [first, GRU(3), Last(), Dense(1)])
    X, T = rng.normal(size=(30, inputs)), rng.normal(size=(30, 1))
    X[:, -1] = 1 + np.arange(30) % 5
    weight = rng.uniform(0.5, 2.0, 30)
    options = {"epochs": 4, "batch_size": 8, "sample_weight": weight, "validation": (X[:9], T[:9])}
    slow = dr.train(net, X, T, engine="reference", **options)
    fast = dr.train(net, X, T, engine="compiled", **options)
    assert fast.engine == "compiled"
    assert_close(fast.theta, slow.theta, 1e-11)
    for name in ("error", "validation_error"):
        assert_close(fast.history[name], slow.history[name], 1e-12)
    many = dr.train_many(net, X, T, seeds=[0, 1], engine="compiled", epochs=4, batch_size=8)
    one = dr.train(net, X, T, seed=1, engine="compiled", epochs=4, batch_size=8)
    assert np.array_equal(many.theta[1], one.theta)


def test_a_sequence_in_one_row_is_a_dense_network(rng):
    net = dr.Network((4, 2), [Flatten(), Dense(5, "tanh"), Dense(1)])
    X, T = rng.normal(size=(20, 4, 2)), rng.normal(size=(20, 1))
    fast = dr.train(net, X, T, engine="compiled", epochs=3, batch_size=6)
    assert fast.engine == "compiled"
    slow = dr.train(net, X, T, engine="reference", epochs=3, batch_size=6)
    assert_close(fast.theta, slow.theta, 1e-12)


@pytest.mark.parametrize("engine", ["reference", "compiled"])
def test_what_stops_being_finite_is_placed_in_the_whole_network(engine, rng):
    net = dr.Network(10, [Steps(2), GRU(3, "identity"), Last(), Dense(1)])
    X, T = rng.normal(size=(8, 10)), rng.normal(size=(8, 1))
    with pytest.raises(
        dr.NumericError, match=r"epoch \d+, step 2 .*: y of layer 2, node 1, step"
    ) as caught:
        dr.train(net, X, T, optimizer=dr.optim.SGD(1e150), epochs=5, batch_size=4, engine=engine)
    assert np.isfinite(caught.value.run.theta).all()
