"""Models over sequences: kept from Python, trained from files, asked step by step."""

from __future__ import annotations

import numpy as np
import pytest

import deltarule as dr
from deltarule import DataError, UsageError
from deltarule.data import read_table
from deltarule.models import Recipe, fit

RNG = np.random.default_rng(3)
X = RNG.normal(size=(6, 5, 2))
STACKS = {
    "gru": [dr.GRU(3), dr.Last(), dr.Dense(2)],
    "lstm": [dr.LSTM(3), dr.EachStep(dr.Dense(2, "tanh"))],
    "jordan": [dr.Elman(2), dr.Jordan(3, 2)],
    "conv1d": [dr.Conv1d(3, 2, 2, "relu"), dr.Flatten(), dr.Dense(2)],
}


@pytest.mark.parametrize("name", STACKS)
def test_a_network_over_sequences_is_kept(name, tmp_path):
    net = dr.Network((5, 2), STACKS[name])
    theta = net.init(seed=1)
    dr.save(tmp_path / "kept", net, theta)
    model = dr.load(tmp_path / "kept")
    whole = net(theta, X)
    assert np.array_equal(model.theta, theta)
    assert np.array_equal(model.predict(X), whole.reshape(len(X), -1))
    rows = X.transpose(0, 2, 1).reshape(len(X), -1)
    assert np.array_equal(model.predict(rows), whole.reshape(len(X), -1))


@pytest.mark.parametrize("name", ["gru", "lstm", "jordan"])
def test_a_kept_network_is_asked_step_by_step(name, tmp_path):
    net = dr.Network((5, 2), STACKS[name])
    theta = net.init(seed=1)
    dr.save(tmp_path / "kept", net, theta)
    stream = dr.load(tmp_path / "kept").stream(samples=len(X))
    said = [stream(X[:, t]) for t in range(5)]
    whole = net(theta, X)
    last = whole if whole.ndim == 2 else whole[:, -1]
    assert said[-1] == pytest.approx(last, abs=1e-15)


def test_a_run_is_kept_with_its_history(tmp_path):
    net = dr.Network((5, 2), STACKS["gru"])
    run = dr.train(net, X, np.zeros((6, 2)), epochs=2)
    dr.save(tmp_path / "kept", run)
    assert np.array_equal(dr.load(tmp_path / "kept").predict(X), net(run.theta, X))


def test_other_rules_and_shapes_are_refused(tmp_path):
    net = dr.Network((5, 2), STACKS["gru"])
    with pytest.raises(UsageError, match="with the exact rule, not hidden=constant"):
        dr.save(tmp_path / "kept", net, net.init(), rule="hidden=constant")


def trained(tmp_path, per_step):
    T = np.cumsum(X[:, :, :1], axis=1)
    T = T + 0.1 * RNG.normal(size=(6, 5, 1)) if per_step else T[:, -1]
    np.savez(tmp_path / "steps.npz", X=10.0 + 3.0 * X, T=-5.0 + 20.0 * T)
    recipe = Recipe(network="gru:3,dense:1", epochs=3, dtype="float64", validation=0.0, test=0.0)
    return fit(read_table(tmp_path / "steps.npz"), recipe).model


@pytest.mark.parametrize("per_step", [False, True])
def test_a_trained_model_is_asked_in_the_units_of_its_data(tmp_path, per_step):
    model, raw = trained(tmp_path, per_step), 10.0 + 3.0 * X
    whole = model.predict(raw).reshape(6, -1)
    for i in (0, 3):
        stream = model.stream()
        said = [stream(step) for step in raw[i]]
        expected = whole[i] if per_step else whole[i, -1:]
        assert said[-len(expected) :] == pytest.approx(expected, rel=1e-13)
    stream = model.stream()
    for step in np.concatenate([raw[0], raw[1], raw[2]]):  # as long as one likes
        assert np.isfinite(stream(step))
    assert stream.network.steps == 15


def test_all_steps_of_a_target_are_scaled_alike(tmp_path):
    scaler = trained(tmp_path, True).targets.scaler
    assert np.ptp(scaler.offset) == np.ptp(scaler.scale) == 0.0


def test_what_cannot_be_asked_step_by_step(tmp_path):
    iris = fit(read_table("iris"), Recipe(hidden=(3,), epochs=1)).model
    with pytest.raises(UsageError, match="rows of a table, which have no steps"):
        iris.stream()
    model = trained(tmp_path, False)
    with pytest.raises(DataError, match="step 1 has a number that is not finite"):
        model.stream()([1.0, np.nan])
    with pytest.raises(UsageError, match=r"needs \(2,\)"):
        model.stream()([1.0])
    with pytest.raises(DataError, match="sequence 1 has 4 steps, and those of training 5 each"):
        model.predict(X[:, :4])
    with pytest.raises(DataError, match="its steps have 1 features, and those of training 2"):
        model.predict(X[:, :, :1])
