"""Networks over sequences elsewhere: whole sequences, and one step from states to states."""

from __future__ import annotations

import importlib.util
import json
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import deltarule as dr
from deltarule import UsageError
from deltarule.data import read_table
from deltarule.exchange import TARGETS
from deltarule.models import Recipe, fit

STEPS = 5
STACKS: dict[str, list[Any]] = {
    "elman": [dr.Elman(3, "relu"), dr.Last(), dr.Dense(2)],
    "gru": [dr.GRU(3), dr.EachStep(dr.Dense(2, "tanh"))],
    "lstm": [dr.LSTM(3), dr.LSTM(2, gate="hard_sigmoid"), dr.Last(), dr.Dense(3, "softmax")],
    "jordan": [dr.Elman(2), dr.Jordan(3, 2, output_activation="tanh")],
    "conv1d": [dr.Conv1d(3, 3, 2, "relu"), dr.Conv1d(2, 2, activation="tanh"), dr.Last()],
    "reach_0": [dr.Conv1d(2, 1), dr.GRU(2), dr.Last(), dr.Dense(1)],
}
HERE = [
    to
    for to in ("numpy", "json", "onnx", "torch")
    if to not in ("onnx", "torch") or importlib.util.find_spec(to)
]


def kept(name: str, tmp_path: Path, dtype: str = "float64") -> Any:
    net = dr.Network((STEPS, 2), STACKS[name])
    theta = net.init(seed=1).astype(dtype)
    options: dict[str, Any] = {}
    if name == "lstm":
        options = {"classes": ["a", "b", "c"], "loss": "cross_entropy"}
    tmp_path.mkdir(exist_ok=True)
    return dr.save(tmp_path / "kept", net, theta, **options)


@pytest.mark.parametrize("to", HERE)
@pytest.mark.parametrize("name", STACKS)
def test_every_layer_is_written(name: str, to: str, tmp_path: Path) -> None:
    made = dr.export(kept(name, tmp_path), to, tmp_path / "written")
    assert made.rows == 1000
    assert made.difference is not None
    assert made.difference < 1e-14


@pytest.mark.parametrize("to", HERE)
def test_in_single_precision(to: str, tmp_path: Path) -> None:
    assert dr.export(kept("gru", tmp_path, "float32"), to, tmp_path / "m").difference < 1e-6


@pytest.mark.parametrize("to", HERE)
@pytest.mark.parametrize("per_step", [False, True])
def test_a_model_that_was_trained_on_a_file(per_step: bool, to: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(3.0, 2.0, size=(30, STEPS, 2))
    T = np.cumsum(X[:, :, :1], axis=1) if per_step else X.mean(axis=(1, 2))[:, None]
    np.savez(tmp_path / "steps.npz", X=X, T=T)
    recipe = Recipe(network="gru:3,dense:1", epochs=2, lr=0.01)
    model = fit(read_table(tmp_path / "steps.npz"), recipe).model
    assert dr.export(model, to, tmp_path / "m").difference < 1e-5


@pytest.mark.parametrize("name", ["lstm", "jordan", "conv1d"])
def test_the_numpy_file_s_step_is_the_stream(name: str, tmp_path: Path) -> None:
    net, x = dr.Network((STEPS, 2), STACKS[name]), np.random.default_rng(0).normal(size=(3, 2))
    theta = net.init(seed=1)
    model = kept(name, tmp_path)
    made = runpy.run_path(str(dr.export(model, "numpy", tmp_path / "m.py").path))
    states, stream = made["start"](1), net.stream(theta)
    for step in x:
        y, states = made["step"](step[None], states)
        assert y[0] == pytest.approx(stream(step), abs=1e-15)


def test_the_json_file_says_one_step(tmp_path: Path) -> None:
    made = dr.export(kept("lstm", tmp_path), "json", tmp_path / "m.json")
    plain = json.loads(made.path.read_text())["over_time"]
    assert plain["states"] == {"h1": 3, "state1_1": 3, "h2": 2, "state2_1": 2}
    kinds = {one["instruction"] for one in plain["instructions"]}
    assert kinds == {"affine", "slice", "formula"}


def test_a_step_that_is_not_ours_is_not_kept(tmp_path: Path) -> None:
    from deltarule.exchange.operations import operations_of
    from deltarule.exchange.trial import Trial

    ops = operations_of(model := kept("gru", tmp_path))
    trial = Trial.of(model, ops)
    text = str(TARGETS["numpy"].write(ops, trial, "m"))
    (tmp_path / "m.py").write_text(text.replace("a1 = x @ W1.T", "a1 = 1.000001 * x @ W1.T"))
    with pytest.raises(dr.NumericError, match="where the model answers"):
        trial.check("m.py", TARGETS["numpy"].answer(tmp_path / "m.py", trial, "m"))


BAD: dict[str, tuple[list[Any], str]] = {
    "flatten": ([dr.GRU(2), dr.Flatten(), dr.Dense(1)], r"\(flatten\) needs all steps at once"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_no_target_has_words_for(case: str, tmp_path: Path) -> None:
    layers, says = BAD[case]
    net = dr.Network((STEPS, 2), layers)
    model = dr.save(tmp_path / "kept", net, net.init())
    with pytest.raises(UsageError, match=says):
        dr.export(model, "numpy", tmp_path / "m")


def test_lengths_and_c_are_refused(tmp_path: Path) -> None:
    for to in ("c", "c_fixed"):
        with pytest.raises(UsageError, match=f"not written in {to} yet: take numpy, "):
            dr.export(kept("gru", tmp_path / to), to, tmp_path / "m.h")
    X = np.random.default_rng(0).normal(size=(20, STEPS, 1))
    np.savez(tmp_path / "s.npz", X=X, T=X[:, 0], lengths=[5, 3] * 10)
    model = fit(read_table(tmp_path / "s.npz"), Recipe(network="gru:2,dense:1", epochs=1)).model
    with pytest.raises(UsageError, match="sequences of different lengths"):
        dr.export(model, "numpy", tmp_path / "m.py")
