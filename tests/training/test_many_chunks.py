"""Many networks, several epochs per run: as if each epoch had been run on its own."""

from __future__ import annotations

import numpy as np
import pytest
from many import alone, assert_alone, network, samples

import deltarule as dr
from deltarule.engine.compiled.many import trainer as engine
from deltarule.engine.compiled.many.trainer import ManyTrainer

RULES = {
    "none": (),
    "patience": dr.Patience(2, min_delta=1e-3),
    "error": dr.ErrorBelow(0.04),
    "within": dr.AllWithin(0.45),
    "all": (dr.AllWithin(0.45), dr.ErrorBelow(0.05), dr.Patience(3)),
}


def trained(**more):
    settings = {"optimizer": dr.optim.Momentum(0.4), "epochs": 40, "batch_size": 8}
    return dr.train_many(
        network(), *samples(), seeds=range(40), engine="compiled", **{**settings, **more}
    )


def assert_same_bits(many, other):
    np.testing.assert_array_equal(many.theta, other.theta)
    for name in ("epochs", "stopped", "best_epoch"):
        np.testing.assert_array_equal(getattr(many, name), getattr(other, name))
    assert set(many.history) == set(other.history)
    for name, values in many.history.items():
        np.testing.assert_array_equal(values, other.history[name])


@pytest.fixture
def runs(monkeypatch):
    """The epochs of every run."""
    found, run = [], ManyTrainer.run

    def counting(self, task, *arguments):
        found.append(task.epochs)
        return run(self, task, *arguments)

    monkeypatch.setattr(ManyTrainer, "run", counting)
    return found


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("validation", [None, samples(9)])
@pytest.mark.parametrize("stop", RULES)
def test_chunks_do_not_change_a_bit(stop, validation, shuffle, runs, monkeypatch):
    settings = {"stop": RULES[stop], "validation": validation, "shuffle": shuffle}
    stretched = trained(**settings)
    assert max(runs) > 1
    if stop != "none":
        assert len(set(stretched.epochs.tolist())) > 3
    runs.clear()
    monkeypatch.setattr(ManyTrainer, "epochs_at_once", lambda *_: 1)
    assert_same_bits(stretched, trained(**settings))
    assert set(runs) == {1}


def test_little_memory_does_not_change_a_bit(runs, monkeypatch):
    settings = {"stop": RULES["patience"]}
    whole, first = trained(**settings), runs[0]
    runs.clear()
    monkeypatch.setattr(engine, "MOST_BYTES", 2 * 64 * network().size * 8)  # 40 to 64 lanes
    assert_same_bits(whole, trained(**settings))
    assert 1 < runs[0] <= 3 < first


def test_networks_close_ranks_after_a_stretch():
    rates = np.geomspace(1e-3, 3.0, 200)
    settings = {"epochs": 60, "batch_size": None, "stop": (dr.AllWithin(0.4), dr.Patience(20))}
    many = dr.train_many(
        network(), *samples(), lr=rates, optimizer="sgd", engine="compiled", **settings
    )
    for i in range(0, 200, 23):
        run, _ = alone(network(), *samples(), seed=i, optimizer=dr.optim.SGD(rates[i]), **settings)
        assert_alone(many, i, run)


def test_time_is_looked_at_after_every_epoch(runs):
    trained(stop=dr.training.stopping.MaxSeconds(1e9), epochs=5)
    assert runs == [1] * 5


def test_rates_that_change_are_walked_epoch_by_epoch(runs):
    trained(optimizer=dr.optim.SGD(dr.optim.schedules.Step(0.5, 2)), epochs=5)
    assert runs == [1] * 5


@pytest.mark.parametrize("shuffle", [True, False])
def test_who_ends_before_breaking_has_ended(shuffle):
    """The numbers of a network that goes on in vain may do what they like."""
    net = dr.Network(3, [dr.Dense(3, "relu"), dr.Dense(1)])
    settings = {"epochs": 50, "batch_size": 4, "shuffle": shuffle}
    settings["stop"] = dr.ErrorBelow(1e30)
    many = dr.train_many(
        net, *samples(), lr=[0.01, 1e3, 1e200], optimizer="sgd", engine="compiled", **settings
    )
    for i, lr in enumerate((0.01, 1e3, 1e200)):
        run, message = alone(
            net, *samples(), seed=i, optimizer=dr.optim.SGD(lr), engine="reference", **settings
        )
        assert many.stopped[i] == run.stopped
        assert many.epochs[i] == run.epochs
        assert bool(many.messages[i]) == bool(message)
    assert many.stopped[0] == "error_below"
    assert many.stopped[2] == "non_finite"


@pytest.mark.parametrize("weighted", [True, False])
def test_where_a_network_breaks_late_in_a_stretch(weighted, runs):
    """Every epoch of the search has the network's own order."""
    net = dr.Network(3, [dr.Dense(3, "relu"), dr.Dense(1)])
    settings = {"epochs": 60, "batch_size": 4}
    settings["sample_weight"] = np.linspace(0.5, 1.5, 23) if weighted else None
    rates = [2.0, 2.5, 3.0, 4.0]
    many = dr.train_many(net, *samples(), lr=rates, optimizer="sgd", engine="compiled", **settings)
    assert max(runs) > 1
    for i, lr in enumerate(rates):
        run, message = alone(
            net, *samples(), seed=i, optimizer=dr.optim.SGD(lr), engine="reference", **settings
        )
        assert many.epochs[i] == run.epochs
        assert many.stopped[i] == run.stopped
        assert many.messages[i].split(",")[0] == message.split(",")[0]
    assert many.epochs[many.stopped == "non_finite"].max() > 1


def test_progress_when_all_end_before_the_last_epoch():
    many = trained(stop=dr.ErrorBelow(10.0), progress=True)
    assert set(many.epochs.tolist()) == {1}
    assert many.history["error"].shape == (1, 40)
