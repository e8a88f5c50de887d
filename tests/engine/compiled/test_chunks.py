"""Several epochs in one call give what epoch by epoch gives, to the last bit."""

from __future__ import annotations

import importlib

import numpy as np
import pytest
from jobs import network, regression

import deltarule as dr
from deltarule.training import chunk as chunks

WIDE = dr.Network(3, [dr.Dense(40, "tanh"), dr.Dense(2)])
SETTINGS = {
    "plain": {},
    "online": {"batch_size": 1},
    "whole": {"batch_size": None},
    "in order": {"shuffle": False},
    "schedule": {"optimizer": dr.optim.Adam(dr.optim.Cosine(0.01, total=40.0))},
    "plateau": {"optimizer": dr.optim.SGD(dr.optim.Plateau(0.05, patience=2, min_delta=0.5))},
    "patience": {"stop": dr.Patience(3), "optimizer": dr.optim.SGD(1.2), "batch_size": None},
    "patience not reached": {"stop": dr.Patience(1000)},
    "restless": {"stop": dr.Patience(4), "optimizer": dr.optim.SGD(0.4), "batch_size": 1},
    "improved": {"stop": dr.Patience(3, min_delta=0.01, reference="improved")},
    "error below": {"stop": "error_below:0.2", "optimizer": dr.optim.Adam(0.02)},
    "two rules": {"stop": [dr.Patience(5), dr.ErrorBelow(0.2)], "optimizer": dr.optim.Adam(0.05)},
    "all within": {"stop": dr.AllWithin(0.9), "optimizer": dr.optim.Adam(0.02)},
    "validation": {"validation": True, "stop": dr.Patience(5)},
    "weights": {"sample_weight": np.linspace(0.0, 2.0, 23), "l2": 0.1, "reduction": "sum"},
}


@pytest.mark.parametrize("net", [network(), WIDE], ids=["small", "wide"])
@pytest.mark.parametrize("name", SETTINGS)
def test_epoch_by_epoch_and_all_at_once(name, net):
    """A callback has every epoch done by itself."""
    X, T = regression()
    given = {"epochs": 40, "batch_size": 5, "optimizer": dr.optim.Adam(0.01)} | SETTINGS[name]
    if given.pop("validation", False):
        given["validation"] = (X[:7], T[:7])
    found = dr.train(net, X, T, engine="compiled", **given)
    expected = dr.train(net, X, T, engine="compiled", callbacks=lambda seen: None, **given)
    assert (found.epochs, found.stopped) == (expected.epochs, expected.stopped)
    assert found.best_epoch == expected.best_epoch
    assert found.theta.tobytes() == expected.theta.tobytes()
    assert found.state.theta.tobytes() == expected.state.theta.tobytes()
    for kept, values in expected.history.items():
        assert found.history[kept].tobytes() == values.tobytes(), kept
    for a, b in zip(found.state.slots, expected.state.slots, strict=True):
        assert a.tobytes() == b.tobytes()
    assert found.state.step == expected.state.step
    assert found.state.stopping == expected.state.stopping
    assert found.state.schedule == expected.state.schedule
    assert found.state.best_error == expected.state.best_error


def test_stretches_are_really_taken(monkeypatch):
    calls = []
    original = chunks.chunk

    def note(job, state, *rest):
        found = original(job, state, *rest)
        calls.append(0 if found is None else found.epoch - state.epoch)
        return found

    module = importlib.import_module("deltarule.training.train")
    monkeypatch.setattr(module, "chunk", note)
    X, T = regression()
    run = dr.train(network(), X, T, engine="compiled", epochs=200, batch_size=5)
    assert run.epochs == 200
    assert max(calls) > 1


def test_settings_stop_where_they_say():
    """The cases above are not all runs to the end."""
    X, T = regression()
    stopped = set()
    for name in ("patience", "error below", "two rules", "restless"):
        given = {"epochs": 40, "batch_size": 5, "optimizer": dr.optim.Adam(0.01)} | SETTINGS[name]
        stopped.add(dr.train(network(), X, T, engine="compiled", **given).stopped)
    assert {"patience", "error_below"} <= stopped
