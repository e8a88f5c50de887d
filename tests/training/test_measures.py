"""What the loop measures: validation errors, rates by the fraction of an epoch, time, ties."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from jobs import network, regression

import deltarule as dr
from deltarule.engine import Objective, Samples
from deltarule.optim import Clipping
from deltarule.training.job import Job
from deltarule.training.loop import advance

STILL = dr.optim.SGD(0.0)
CALL_SECONDS = "deltarule.engine.compiled.trainer.CALL_SECONDS"


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_the_validation_error_is_E_of_a_fused_pair_with_weights_and_penalty(engine, reduction):
    X, _ = regression()
    T = np.eye(2)[np.arange(23) % 2]
    weight = np.random.default_rng(2).random(23)
    net = dr.Network(3, [dr.Dense(5, "tanh"), dr.Dense(2, "softmax")])
    theta = net.init(seed=1)
    E = {"loss": "cross_entropy", "reduction": reduction, "l2": 0.7}
    run = engine.train(net, X, T, theta=theta, optimizer=STILL, epochs=1,
                       validation=(X, T, weight), **E)  # fmt: skip
    expected = dr.backprop(net, theta, X, T, sample_weight=weight, **E).error
    assert run.history["validation_error"][0] == pytest.approx(expected, rel=1e-13)


def test_validation_samples_beyond_one_chunk_are_all_counted(engine, monkeypatch):
    monkeypatch.setattr("deltarule.engine.epoch.CHUNK", 4)
    X, T = regression()
    theta = network().init(seed=1)
    run = engine.train(network(), X, T, theta=theta, optimizer=STILL, epochs=1, validation=(X, T))
    expected = dr.backprop(network(), theta, X, T).error
    assert run.history["validation_error"][0] == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_weights_that_add_up_to_less_than_one(engine, reduction):
    X, T = regression()
    weight = np.full(23, 0.01)
    theta = network().init(seed=0)
    E = {"reduction": reduction, "l2": 0.2, "sample_weight": weight}
    run = engine.train(network(), X, T, theta=theta, optimizer=STILL, epochs=1, batch_size=4, **E)
    expected = dr.backprop(network(), theta, X, T, **E).error
    assert run.history["error"][0] == pytest.approx(expected, rel=1e-12)


def test_all_within_looks_at_every_output(engine):
    X, T = regression()
    theta = network().init(seed=0)
    miss = np.max(np.abs(T - network()(theta, X)))
    for tolerance, stopped in ((miss * 0.999, "epochs"), (miss * 1.001, "all_within")):
        run = engine.train(network(), X, T, theta=theta, optimizer=STILL, epochs=2,
                           stop=dr.AllWithin(tolerance))  # fmt: skip
        assert run.stopped == stopped


def test_the_rate_follows_the_fraction_of_the_epoch(engine):
    """Two batches an epoch under a cosine over two epochs: rates at 0, 1/2, 1 and 3/2 epochs."""
    X, T = regression(n=10)
    net = network()
    theta = start = net.init(seed=0)
    rates = [0.05 * (1 + math.cos(math.pi * e / 2)) for e in (0.0, 0.5, 1.0, 1.5)]
    for rate, rows in zip(rates, itertools.cycle((slice(0, 5), slice(5, 10))), strict=False):
        theta = theta - rate * dr.backprop(net, theta, X[rows], T[rows]).gradient
    run = engine.train(net, X, T, theta=start, batch_size=5, epochs=2, shuffle=False,
                       optimizer=dr.optim.SGD(dr.optim.Cosine(0.1, total=2.0)))  # fmt: skip
    np.testing.assert_allclose(run.theta, theta, rtol=0, atol=1e-15)
    assert run.history["lr"] == pytest.approx(rates[1::2], rel=1e-15)


def test_equal_errors_keep_the_first(engine):
    X, T = regression()
    run = engine.train(network(), X, T, optimizer=STILL, epochs=3, validation=(X, T))
    assert run.best_epoch == 1


def job(**changes) -> Job:
    X, T = regression()
    plain = Job(
        objective=Objective.of(network(), "half_squared_error", "mean", "exact", 0.0),
        optimiser=dr.optim.SGD(0.1),
        clipping=Clipping(),
        samples=Samples(X, T),
        validation=None,
        epochs=3,
        batch_size=10,
        shuffle=True,
        seed=0,
        stop=(),
    )
    return replace(plain, **changes)


def test_seconds_add_up_and_stop_the_training(engine):
    """A clock that moves 2 s per look: an epoch's batches take 2, what is measured 2 and 2 more."""
    ticks = itertools.count(100.0, 2.0)
    timed = job(stop=(dr.MaxSeconds(8.5),))
    state = timed.start(network().init(seed=0))
    trainer = engine.trainer(timed)
    passed = []
    while not state.stopped:
        state = advance(timed, state, trainer, lambda _: True, lambda: next(ticks))
        passed.append(state.seconds)
    assert passed == [6.0, 12.0]
    assert state.stopped == "max_seconds"


def test_a_cut_epoch_remembers_where_it_began(engine, monkeypatch):
    """Watching the training error, the best theta is the one before the best epoch."""
    monkeypatch.setattr(CALL_SECONDS, 0.0)  # every update may be the last
    whole = job(stop=(dr.Patience(5),))
    trainer = engine.trainer(whole)
    state = start = whole.start(network().init(seed=0))
    for _ in range(3):
        state = advance(whole, state, trainer, lambda _: True, lambda: 0.0)
    left = iter([True] * 7 + [False])
    part = start
    while part.step < 7:
        part = advance(whole, part, trainer, lambda _: next(left), lambda: 0.0)
    assert part.batch == 1
    assert part.epoch_theta is not None
    part = advance(whole, part, trainer, lambda _: True, lambda: 0.0)
    assert part.epoch_theta is None
    assert part.best_epoch == state.best_epoch == 3
    assert part.best_theta.tobytes() == state.best_theta.tobytes()
