"""How each of many networks ends: stopping rules, numbers that are not finite, Ctrl-C."""

from __future__ import annotations

import os
import signal
import threading
import time
from dataclasses import dataclass

import numpy as np
import pytest
from many import alone, assert_alone, network, samples

import deltarule as dr
from deltarule.training.progress import Bar
from deltarule.training.stopping import StopRule


@dataclass(frozen=True)
class EvenBelow(StopRule):
    """A user's own rule, which sees one network at a time."""

    bound: float = 0.09

    name = "even_below"
    meaning = "below the bound after an even epoch"

    def start(self):
        return (0.0,)

    def observe(self, state, epoch_end):
        assert isinstance(epoch_end.watched, float)
        assert isinstance(epoch_end.largest_miss(), float)
        (epochs,) = state
        return (epochs + 1,), bool(epoch_end.watched < self.bound and epochs % 2 == 1)


@pytest.mark.parametrize("validation", [None, samples(9)])
@pytest.mark.parametrize(
    "stop",
    [
        dr.Patience(2, min_delta=1e-4),
        dr.Patience(2, min_delta=1e-3, reference="improved"),
        dr.ErrorBelow(0.04),
        dr.AllWithin(0.45),
        EvenBelow(0.05),
        (dr.AllWithin(0.45), dr.ErrorBelow(0.05), dr.Patience(3)),
    ],
)
def test_each_stops_by_its_own_rule(stop, validation):
    settings = {"optimizer": dr.optim.SGD(0.7), "epochs": 30, "batch_size": 8, "stop": stop}
    settings["validation"] = validation
    both = [dr.train_many(network(), *samples(), seeds=range(40), engine=engine, **settings)
            for engine in ("compiled", "reference")]  # fmt: skip
    for i in range(0, 40, 3):
        run, _ = alone(network(), *samples(), seed=i, engine="reference", **settings)
        for many in both:
            assert_alone(many, i, run)


def test_ranks_are_closed_around_those_that_ended():
    settings = {"epochs": 60, "batch_size": None, "optimizer": "sgd", "stop": dr.ErrorBelow(0.035)}
    rates = np.geomspace(1e-3, 3.0, 200)
    many = dr.train_many(
        network(), *samples(), seeds=[0] * 200, lr=rates, engine="compiled", **settings
    )
    assert len(set(many.epochs.tolist())) > 5
    for i in range(0, 200, 13):
        del settings["optimizer"]
        settings["optimizer"] = dr.optim.SGD(rates[i])
        run, _ = alone(network(), *samples(), seed=0, engine="reference", **settings)
        assert_alone(many, i, run)


def test_max_seconds_ends_all():
    many = dr.train_many(
        network(),
        *samples(),
        seeds=range(4),
        epochs=10**9,
        stop="max_seconds:0.05",
        engine="compiled",
    )
    assert set(many.stopped.tolist()) == {"max_seconds"}
    assert many.seconds < 5.0


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("batch_size", [1, 4, None])
def test_numbers_that_stop_being_finite_end_one_network(batch_size, shuffle):
    net = dr.Network(3, [dr.Dense(3, "relu"), dr.Dense(1)])
    rates = [0.01, 1e3, 0.02, 5.0, 1e200]
    settings = {"epochs": 200, "batch_size": batch_size, "shuffle": shuffle}
    seeds = [0] * 5 if not shuffle else range(5)
    both = [
        dr.train_many(
            net, *samples(), seeds=seeds, lr=rates, optimizer="sgd", engine=engine, **settings
        )
        for engine in ("compiled", "reference")
    ]
    for many in both:
        assert many.stopped[[0, 2]].tolist() == ["epochs", "epochs"]
        assert many.stopped[1] == many.stopped[4] == "non_finite"
    for i, lr in enumerate(rates):
        run, message = alone(
            net,
            *samples(),
            optimizer=dr.optim.SGD(lr),
            seed=seeds[i],
            engine="reference",
            **settings,
        )
        size = np.abs(run.theta).max()  # at 1e189 a small entry is what rounding has left
        for many in both:
            assert many.epochs[i] == run.epochs
            assert many.stopped[i] == run.stopped
            assert np.isfinite(many.theta[i]).all()
            np.testing.assert_allclose(many.theta[i], run.theta, rtol=1e-6, atol=1e-6 * size)
            # at 1e200 the order of two products decides which update overflows first
            assert many.messages[i].split(",")[0] == message.split(",")[0]
            assert np.isnan(many.history["error"][run.epochs :, i]).all()


def test_message_names_the_place():
    many = dr.train_many(
        network(), *samples(), seeds=range(3), lr=[0.1, 0.1, 1e300], optimizer="sgd",
        l2=1.0, epochs=3, engine="compiled",
    )  # fmt: skip
    assert many.messages[:2] == ("", "")
    assert many.messages[2].startswith("diverged at epoch ")


def test_validation_that_is_not_finite():
    net = dr.Network(1, [dr.Dense(1)])
    X, T = np.ones((4, 1)), np.ones((4, 1))
    held_out = np.full((2, 1), 1e200), np.ones((2, 1))
    settings = {"epochs": 3, "validation": held_out, "optimizer": "sgd"}
    many = dr.train_many(net, X, T, theta=[[0.0, 1.0], [1.0, 0.0]], engine="compiled", **settings)
    for i, theta in enumerate(([0.0, 1.0], [1.0, 0.0])):
        run, message = alone(net, X, T, theta=theta, seed=i, engine="reference", **settings)
        assert many.stopped[i] == run.stopped
        assert many.epochs[i] == run.epochs
        assert message.startswith(many.messages[i])
    assert many.stopped.tolist() == ["epochs", "non_finite"]


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("engine", ["compiled", "reference"])
@pytest.mark.parametrize("rows", [23, 100_000])
def test_ctrl_c_returns_what_is_done(engine, shuffle, rows):
    data, ready = samples(rows), 0.4
    timer = threading.Timer(ready, os.kill, (os.getpid(), signal.SIGINT))
    dr.train_many(network(), *samples(), seeds=range(64), epochs=1, shuffle=shuffle, engine=engine)
    timer.start()
    began = time.monotonic()
    many = dr.train_many(
        network(), *data, seeds=range(64), epochs=10**7, shuffle=shuffle, engine=engine
    )
    assert time.monotonic() - began < ready + 2.0  # a second, and as much again for a busy machine
    assert set(many.stopped.tolist()) == {"interrupted"}
    assert np.isfinite(many.theta).all()
    assert many.history["error"].shape == (many.epochs.max(), 64)
    for i in (0, 63):
        assert np.isfinite(many.history["error"][: many.epochs[i], i]).all()


@pytest.mark.parametrize("size", [4, 60])
def test_progress_counts_every_update(size, monkeypatch):
    ticks, shown = [], []

    class Counting(Bar):
        def tick(self, updates):
            ticks.append(updates)
            super().tick(updates)

        def epoch(self, epoch):
            shown.append(epoch)
            super().epoch(epoch)

    monkeypatch.setattr("deltarule.training.many.Bar", Counting)
    net = dr.Network(3, [dr.Dense(size, "tanh"), dr.Dense(1, "sigmoid")])
    many = dr.train_many(
        net, *samples(), seeds=range(3), epochs=4, batch_size=10, progress=True, engine="compiled"
    )
    assert sum(ticks) == 3 * 4 * 3
    if size == 4:
        assert shown[-1].epoch == 4
        assert shown[-1].error == pytest.approx(many.history["error"][-1].mean())
