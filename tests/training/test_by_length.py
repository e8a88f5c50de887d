"""Batches of sequences of like lengths: the same rows, the same engines, less work."""

from __future__ import annotations

import numpy as np
import pytest

import deltarule as dr
from deltarule import UsageError
from deltarule.data import read_table
from deltarule.engine import Objective
from deltarule.engine.samples import as_samples
from deltarule.models import Recipe, fit
from deltarule.optim import SGD, Clipping
from deltarule.training.job import BY_LENGTH, Job

RNG = np.random.default_rng(0)
LENGTHS = RNG.integers(1, 13, size=25)
X = dr.Sequences(RNG.normal(size=(25, 12, 2)), LENGTHS)
T = RNG.normal(size=(25, 1))
ENDS = dr.Network((12, 2), [dr.LSTM(3), dr.Last(), dr.Dense(1)])
STEPS = dr.Network((12, 2), [dr.Conv1d(2, 3, 2), dr.Jordan(3, 2), dr.EachStep(dr.Dense(1))])


def job(size: int) -> Job:
    objective = Objective.of(ENDS, "half_squared_error", "mean", "exact", 0.0)
    samples = as_samples(ENDS, objective.loss, X, T, None, np.float64)
    return Job(objective, SGD(), Clipping(), samples, None, 5, size, BY_LENGTH, 3, ())


@pytest.mark.parametrize("size", [1, 4, 24])
def test_every_row_once_in_batches_of_like_lengths(size):
    j = job(size)
    seen = set()
    for epoch in range(4):
        (order,) = j.orders(epoch, 1)
        assert sorted(order) == list(range(25))
        whole = 25 // size * size
        ends = LENGTHS[order[:whole]].reshape(-1, size)
        ends = ends[np.argsort(ends.min(axis=1), kind="stable")]
        low, high = ends.min(axis=1), ends.max(axis=1)
        assert sum(high - low) <= 12  # batches lie beside one another
        seen.add(tuple(order))
    assert len(seen) == 4


@pytest.mark.parametrize(("net", "T"), [(ENDS, T), (STEPS, RNG.normal(size=(25, 12, 1)))])
def test_both_engines_do_the_same(net, T):
    options = {"epochs": 2, "batch_size": 4, "shuffle": "by_length", "optimizer": SGD(0.01)}
    one = dr.train(net, X, T, engine="reference", **options)
    two = dr.train(net, X, T, engine="compiled", **options)
    assert two.engine == "compiled"
    assert one.theta == pytest.approx(two.theta, abs=1e-12)
    assert one.history["error"] == pytest.approx(two.history["error"], rel=1e-12)


def test_what_is_behind_the_longest_of_a_batch_is_not_looked_at():
    """With one row a batch, a training is that of the sequences one by one."""
    options = {"batch_size": 1, "shuffle": False, "optimizer": SGD(0.1), "engine": "reference"}
    theta = ENDS.init(seed=0)
    run = dr.train(ENDS, X, T, theta=theta, epochs=1, **options)
    for i, length in enumerate(LENGTHS):
        short = dr.Network((int(length), 2), ENDS.layers)
        x = X.values[i, :length][None]
        theta = theta - 0.1 * dr.backprop(short, theta, x, T[i][None]).gradient
    assert run.theta == pytest.approx(theta, abs=1e-14)


def test_a_model_from_a_file(tmp_path):
    np.savez(tmp_path / "s.npz", X=X.values, T=T, lengths=LENGTHS)
    recipe = Recipe(network="gru:2,dense:1", epochs=2, batch_size=4, by_length=True)
    plain = Recipe(network="gru:2,dense:1", epochs=2, batch_size=4)
    table = read_table(tmp_path / "s.npz")
    assert not np.array_equal(fit(table, recipe).model.theta, fit(table, plain).model.theta)


def test_bad_input():
    with pytest.raises(UsageError, match="no sequences of different lengths"):
        dr.train(ENDS, X.values, T, shuffle="by_length")
    with pytest.raises(UsageError, match="shuffle is True, False or 'by_length', not 'lengths'"):
        dr.train(ENDS, X, T, shuffle="lengths")
    with pytest.raises(UsageError, match="by_length goes with a network over sequences"):
        Recipe(by_length=True)
