"""Networks that walk through time, by both engines: stacks of layers, losses and options at random.

1,000 cases instead of a few: `AGREEMENT_CASES=1000 pytest tests/engine/compiled/test_sequences.py`.
"""

from __future__ import annotations

import os
import re
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from compiled import backprop
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jobs_at_random import options
from samples import suitable, targets

import deltarule as dr
from deltarule.activations import ACTIVATIONS
from deltarule.activations.activation import ElementwiseActivation
from deltarule.engine.choice import EngineWarning
from deltarule.engine.compiled.programs import program as programs
from deltarule.engine.compiled.programs.sequences import program as sequences
from deltarule.losses import LOSSES
from deltarule.optim import SGD

CASES = int(os.environ.get("AGREEMENT_CASES", "0"))
LOSS_NAMES = ("half_squared_error", "huber", "binary_cross_entropy", "cross_entropy")
SMOOTH = ("tanh", "sigmoid", "softsign", "softplus")


def search(few):
    return settings(max_examples=CASES or few, suppress_health_check=list(HealthCheck))


@st.composite
def stacks(draw: Any, loss: Any) -> dr.Network:
    """Return one or two layers through time, perhaps one step of them, and dense layers."""
    units = st.integers(1, draw(st.sampled_from([3, 9, 20])))
    smooth = st.sampled_from(SMOOTH)
    steps, features = draw(st.integers(1, 9)), draw(st.integers(1, 6))
    layers: list[Any] = []
    for _ in range(draw(st.integers(1, 2))):
        kind = draw(st.sampled_from(["elman", "jordan", "lstm", "gru", "conv1d", "each_step"]))
        k1 = draw(st.integers(1, steps))
        cut = {"truncate": draw(st.sampled_from([None, None, k1, (k1, k1 + 2)]))}
        if kind == "elman":
            layers.append(dr.Elman(draw(units), draw(smooth), **cut))
        elif kind == "jordan":
            layers.append(dr.Jordan(draw(units), draw(units), draw(smooth), draw(smooth), **cut))
        elif kind == "lstm":
            layers.append(dr.LSTM(draw(units), draw(smooth), draw(smooth), **cut))
        elif kind == "gru":
            layers.append(dr.GRU(draw(units), draw(smooth), draw(smooth), **cut))
        elif kind == "conv1d":
            kernel, dilation = draw(st.integers(1, 4)), draw(st.integers(1, 3))
            layers.append(
                dr.Conv1d(draw(units), kernel, dilation, draw(smooth), draw(st.booleans()))
            )
        else:
            layers.append(dr.EachStep(dr.Dense(draw(units), draw(smooth))))
    outputs = 2 if loss.distribution else draw(st.integers(1, 3))
    fits = [a for a in map(ACTIVATIONS.get, ("softmax", "sigmoid", "identity", "softplus"))
            if suitable(loss, a, outputs)]  # fmt: skip
    output = dr.Dense(outputs, draw(st.sampled_from(fits)), bias=draw(st.booleans()))
    end = draw(st.sampled_from(["last", "flatten", "each_step", "nothing"]))
    if end == "each_step":
        layers.append(dr.EachStep(output))
    elif end != "nothing" or loss.name != "half_squared_error":
        layers.append(dr.Flatten() if end == "flatten" else dr.Last())
        layers += [dr.Dense(draw(units), draw(smooth))] if draw(st.booleans()) else []
        layers.append(output)
    return dr.Network((steps, features), layers)


@st.composite
def jobs(draw: Any) -> tuple[dr.Network, Any, Any, Any, dict[str, Any]]:
    """Return a network, theta, X, T and options."""
    loss = LOSSES.get(draw(st.sampled_from(LOSS_NAMES)))
    net = draw(stacks(loss))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(1, 40))
    theta = rng.normal(size=net.size) / np.sqrt(max(s[-1] for s in net.shapes))
    X, T = rng.normal(size=(n, *net.shapes[0])), targets(rng, loss, (n, *net.shapes[-1]))
    if loss.distribution:
        T = np.eye(2)[rng.integers(0, 2, (n, *net.shapes[-1][:-1]))]
    more = draw(options(rng, n, loss)) | {"loss": loss}
    more.pop("class_weight", None)
    return net, theta, X, T, more


@search(9)
@given(job=jobs(), rule=st.sampled_from(["exact", "hidden=offset:0.1"]))
def test_one_gradient(job, rule):
    """Within 1e-12 of the largest entry, or of the terms that it adds up."""
    net, theta, X, T, more = job
    given = {k: more.get(k) for k in ("loss", "reduction", "l2", "sample_weight")} | {"rule": rule}
    expected, found = (f(net, theta, X, T, **given) for f in (dr.backprop, backprop))
    size = 1 + np.abs(expected.gradient).max()
    assert np.max(np.abs(found.gradient - expected.gradient)) <= 1e-12 * size
    assert abs(found.error - expected.error) <= 1e-12 * (1 + abs(expected.error))


@pytest.mark.parametrize(("dtype", "bound"), [("float64", 1e-9), ("float32", 1e-3)])
@search(3)
@given(job=jobs())
def test_training(dtype, bound, job):
    """theta and history of a few epochs, under plain gradient descent."""
    net, theta, X, T, more = job
    more |= {"optimizer": SGD(0.01), "theta": theta, "dtype": dtype}
    expected = dr.train(net, X, T, engine="reference", **more)
    found = dr.train(net, X, T, engine="compiled", **more)
    assert (found.engine, found.epochs) == ("compiled", expected.epochs)
    assert found.theta.dtype == np.dtype(dtype)
    assert np.max(np.abs(found.theta - expected.theta)) <= bound
    errors = np.abs(found.history["error"] - expected.history["error"])
    assert np.max(errors / (1 + np.abs(expected.history["error"]))) <= bound


def problem(layers, rows=40, steps=7):
    """Return a network, X and T."""
    net, rng = dr.Network((steps, 2), layers), np.random.default_rng(5)
    return net, rng.normal(size=(rows, steps, 2)), rng.normal(size=(rows, *net.shapes[-1]))


DEEP = [dr.LSTM(3), dr.Elman(2), dr.Last(), dr.Dense(2)]


@pytest.mark.parametrize(
    "layers",
    [
        [dr.LSTM(3), dr.Last(), dr.Dense(2)],
        [dr.Last(), dr.Dense(2)],
        [dr.Conv1d(3, 2, 2, "tanh"), dr.GRU(3), dr.EachStep(dr.Dense(2))],
        [dr.Elman(2, truncate=3)],
    ],
    ids=lambda layers: "-".join(layer.name for layer in layers),
)
@pytest.mark.parametrize("batch_size", [1, 7])
def test_sequences_of_different_lengths(layers, batch_size):
    """Weighed and not; a validation set whose lengths are others, and one of equal lengths."""
    net, X, T = problem(layers, rows=24)
    lengths = np.random.default_rng(2).integers(1, 8, 24)
    ragged = dr.Sequences(X, lengths)
    given = {"epochs": 2, "batch_size": batch_size, "optimizer": SGD(0.1)}
    for more in (
        {"validation": (dr.Sequences(X[:9], lengths[5:14]), T[:9])},
        {"validation": (X[:9], T[:9]), "sample_weight": np.linspace(0.0, 2.0, 24)},
    ):
        found = dr.train(net, ragged, T, engine="compiled", **given, **more)
        expected = dr.train(net, ragged, T, engine="reference", **given, **more)
        assert found.engine == "compiled"
        np.testing.assert_allclose(found.theta, expected.theta, atol=1e-12)
        for name, values in expected.history.items():
            np.testing.assert_allclose(found.history[name], values, rtol=1e-12)


@pytest.mark.parametrize(
    "steps",
    [
        dr.Steps(3),
        dr.Steps(1, latest_first=True),
        dr.Steps(2, lengths=True),
        dr.Steps(4, True, True),
    ],
    ids=repr,
)
@pytest.mark.parametrize("batch_size", [1, 6])
def test_rows_of_a_table_as_sequences(steps, batch_size):
    """Their lengths may be too large, too small, and not whole: both engines read them alike."""
    rng = np.random.default_rng(3)
    X, T = rng.normal(size=(24, 12 + steps.lengths)), rng.normal(size=(24, 1))
    if steps.lengths:
        X[:, -1] = rng.uniform(-1.0, 9.0, 24)
        X[:6, -1] = [0.5, 1.5, 2.5, 3.5, 40.0, -3.0]
    net = dr.Network(X.shape[1], [steps, dr.LSTM(3), dr.Last(), dr.Dense(1)])
    given = {"epochs": 2, "batch_size": batch_size, "optimizer": SGD(0.1), "validation": (X, T)}
    found = dr.train(net, X, T, engine="compiled", **given)
    expected = dr.train(net, X, T, engine="reference", **given)
    assert found.engine == "compiled"
    np.testing.assert_allclose(found.theta, expected.theta, atol=1e-13)
    for name, values in expected.history.items():
        np.testing.assert_allclose(found.history[name], values, rtol=1e-12)


@pytest.mark.parametrize("optimizer", ["adam", "rprop_minus", "adamw"])
def test_optimisers_penalty_clipping_and_validation(optimizer):
    net, X, T = problem(DEEP)
    given = {"epochs": 6, "batch_size": 16, "optimizer": optimizer, "l2": 0.01, "clip_norm": 0.2,
             "validation": (X[:9], T[:9]), "stop": dr.Patience(50)}  # fmt: skip
    found = dr.train(net, X, T, engine="compiled", **given)
    expected = dr.train(net, X, T, engine="reference", **given)
    np.testing.assert_allclose(found.theta, expected.theta, atol=1e-8)
    for name, values in expected.history.items():
        np.testing.assert_allclose(found.history[name], values, rtol=1e-8)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_any_number_of_threads_gives_the_same_bits(monkeypatch, dtype):
    """And so does the same seed again: 100 observations are 7 or 13 blocks of lanes."""
    net, X, T = problem(DEEP, rows=230)
    monkeypatch.setattr(programs, "PER_THREAD_THROUGH_TIME", 1.0)
    seen, made = [], programs.thread_count
    monkeypatch.setattr(programs, "thread_count", lambda *a: seen.append(made(*a)) or seen[-1])
    programs.program.cache_clear()
    given = {"engine": "compiled", "epochs": 3, "batch_size": 100, "dtype": dtype}
    runs = [dr.train(net, X, T, threads=n, optimizer=SGD(0.1), **given) for n in (1, 1, 2, 3)]
    programs.program.cache_clear()
    assert seen == [1, 2, 3]
    for run in runs[1:]:
        assert run.theta.tobytes() == runs[0].theta.tobytes()
        assert run.history["error"].tobytes() == runs[0].history["error"].tobytes()


def test_a_batch_of_many_blocks_is_a_few_gradients(monkeypatch):
    monkeypatch.setattr(sequences, "MOST_GROUPS", 2)
    programs.program.cache_clear()
    net, X, T = problem(DEEP, rows=75)
    given = {"epochs": 2, "batch_size": None, "optimizer": SGD(0.1)}
    found = dr.train(net, X, T, engine="compiled", **given)
    programs.program.cache_clear()
    expected = dr.train(net, X, T, engine="reference", **given)
    np.testing.assert_allclose(found.theta, expected.theta, atol=1e-13)


@pytest.mark.parametrize("call", [0.0, 1e-4, 10.0])
def test_the_length_of_a_call_changes_nothing(monkeypatch, call):
    net, X, T = problem(DEEP)
    given = {"engine": "compiled", "epochs": 5, "batch_size": 7, "optimizer": "adam"}
    expected = dr.train(net, X, T, callbacks=lambda seen: None, **given)
    monkeypatch.setattr("deltarule.engine.compiled.trainer.CALL_SECONDS", call)
    found = dr.train(net, X, T, **given)
    assert found.theta.tobytes() == expected.theta.tobytes()
    assert found.history["error"].tobytes() == expected.history["error"].tobytes()


@pytest.mark.parametrize("row", [0, 13, 39])
@pytest.mark.parametrize("batch_size", [1, 7, 16])
def test_a_number_that_is_not_finite_is_placed(row, batch_size):
    """Lanes beyond the batch hold a row of the batch itself: no other one is looked at."""
    net, X, T = problem([dr.Elman(3, "identity"), dr.Last(), dr.Dense(2)])
    X[row] = 1e308
    given = {"optimizer": SGD(0.0), "epochs": 2, "batch_size": batch_size, "shuffle": False,
             "theta": np.full(net.size, 0.9)}  # fmt: skip
    said = []
    for engine in ("reference", "compiled"):
        with pytest.raises(dr.NumericError) as caught:
            dr.train(net, X, T, engine=engine, **given)
        assert caught.value.run.engine == engine
        said.append(str(caught.value))
    assert said[0] == said[1]
    assert f"step {row // batch_size + 1} " in said[0]
    assert f"row {row % batch_size + 1} of the batch" in said[0]


@pytest.mark.parametrize(
    ("layers", "rule", "why"),
    [
        ([dr.EachStep(dr.Dense(300, "softmax"))], "exact", "300 outputs"),
        ([dr.Conv1d(3), dr.EachStep(dr.Dense(2))], "feedback=random", "backward weights"),
        ([dr.Conv1d(3), dr.EachStep(dr.Dense(2))], "order=sequential", "sequential"),
        ([dr.Conv1d(3), dr.EachStep(dr.Dense(2))], "choice=largest:2", "choice of weights"),
    ],
)
def test_what_is_not_compiled_is_done_by_the_reference_engine(layers, rule, why):
    net, X, T = problem(layers)
    given = {"epochs": 2, "optimizer": SGD(0.1), "rule": rule}
    expected = dr.train(net, X, T, engine="reference", **given)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        found = dr.train(net, X, T, engine="compiled", **given)
    (message,) = [w for w in told if issubclass(w.category, EngineWarning)]
    assert found.engine == "reference"
    assert re.search(why, str(message.message))
    assert found.theta.tobytes() == expected.theta.tobytes()


@dataclass(frozen=True)
class Cubic(ElementwiseActivation):
    """tanh(net - net^3 / 10): an activation of the user's own."""

    name = "cubic"
    equation = derivative_equation = reference = "the user's"
    probes = (-1.0, 1.0)

    def body(self, xp):
        def f(net):
            return xp.tanh(net - 0.1 * net**3)

        return f, lambda net, y: (1.0 - y * y) * (1.0 - 0.3 * net * net)


@dataclass(frozen=True)
class Bent(Cubic):
    """A function of arrays, which is no formula."""

    name = "bent"

    def body(self, xp):
        return lambda net: np.tanh(net.copy()), lambda net, y: 1.0 - y * y


@pytest.mark.parametrize("layer", [dr.Elman, lambda n, f: dr.EachStep(dr.Dense(n, f))])
@pytest.mark.parametrize("activation", [Cubic(), Bent()], ids=lambda a: a.name)
def test_activations_of_the_users_own(layer, activation):
    net, X, T = problem([layer(3, activation), dr.LSTM(2), dr.Last()])
    given = {"epochs": 2, "optimizer": SGD(0.1)}
    expected = dr.train(net, X, T, engine="reference", **given)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        found = dr.train(net, X, T, engine="compiled", **given)
    assert found.engine == ("reference" if told else "compiled")
    assert [w.category for w in told] == [EngineWarning] * (activation.name == "bent")
    np.testing.assert_allclose(found.theta, expected.theta, atol=1e-13)
