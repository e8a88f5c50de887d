"""`why_small` names what was made small; `saturation` and `step_validity` by hand arithmetic."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from explain_cases import case, weights
from together import together

import deltarule as dr

TWO = dr.Network(2, [dr.Dense(2, "sigmoid"), dr.Dense(1)])
W1, W2 = [[0.5, -0.4], [0.3, 0.6]], [[0.8, -0.7]]


def theta(**changes):
    """Return ordinary parameters of 2-2-1, some of them changed."""
    given = {"W1": W1, "b1": [0.1, -0.1], "W2": W2, "b2": [0.0], **changes}
    return TWO.pack([(given["W1"], given["b1"]), (given["W2"], given["b2"])])


ONE, WANTED = [[1.0, 1.0]], [[3.0]]


def test_an_ordinary_gradient_is_not_small():
    why = dr.why_small(TWO, theta(), ONE, WANTED, weight=(2, 1, 1))
    assert (why.verdict, why.main) == ("not_small", None)


@pytest.mark.parametrize(
    ("verdict", "name", "changes", "X", "T"),
    [
        ("saturated", "f'(net[1,1])", {"b1": [15.0, 0.0]}, ONE, WANTED),
        ("small_weight", "w[2,1,1]", {"W2": [[1e-6, -0.7]]}, ONE, WANTED),
        ("small_input", "y[0,1]", {}, [[1e-5, 1.0]], WANTED),
        ("zero_input", "y[0,1]", {}, [[0.0, 1.0]], WANTED),
    ],
)
def test_the_factor_that_was_made_small_is_named(verdict, name, changes, X, T):
    why = dr.why_small(TWO, theta(**changes), X, T, weight=(1, 1, 1))
    assert (why.verdict, why.main.name) == (verdict, name)
    assert name in why.sentence


def test_a_finished_error():
    y = TWO(theta(), ONE)
    why = dr.why_small(TWO, theta(), ONE, y + 1e-7, weight=(1, 2, 1))
    assert (why.verdict, why.main.name) == ("finished_error", "dE/dy[2,1]")


def test_a_dead_relu_is_named_with_the_observations_that_it_is_dead_for():
    net = dr.Network(1, [dr.Dense(1, "relu"), dr.Dense(1)])
    dead = net.pack([([[1.0]], [-5.0]), ([[1.0]], [0.0])])
    X, T = [[1.0], [2.0], [3.0]], [[1.0], [1.0], [1.0]]
    why = dr.why_small(net, dead, X, T, weight=(1, 1, 1))
    assert (why.verdict, why.main.name, why.value) == ("dead_relu", "f'(net[1,1])", 0.0)
    assert "for all of 3 observations" in why.sentence
    assert why.log10 == -math.inf
    assert json.loads(json.dumps(why.to_dict(), allow_nan=False))["log10"] is None
    # behind a zero input the relu is still found, where it alone is dead
    some = dr.why_small(net, dead, [[1.0], [0.0]], T[:2], weight=(1, 1, 1))
    assert some.verdict == "dead_relu"


def test_observations_that_cancel():
    net = dr.Network(1, [dr.Dense(1, bias=False)])
    X, T = [[1.0], [1.0]], [[2.0 + 1e-9], [0.0]]
    why = dr.why_small(net, [1.0], X, T, weight=(1, 1, 1))
    assert why.verdict == "observation_cancellation"
    assert why.value == pytest.approx(-1e-9, rel=1e-6)


def test_paths_that_cancel():
    net = dr.Network(1, [dr.Dense(1), dr.Dense(2), dr.Dense(1)])
    p = net.pack([([[1.0]], [0.0]), ([[1.0], [1.0]], [0.0, 0.0]), ([[1.0, -1.0 + 1e-8]], [0.0])])
    why = dr.why_small(net, p, [[1.0]], [[3.0]], weight=(1, 1, 1))
    assert why.verdict == "path_cancellation"


def test_many_layers_of_healthy_sigmoids():
    net = dr.Network(1, [dr.Dense(3, "sigmoid")] * 8 + [dr.Dense(1)])
    rng = np.random.default_rng(0)
    why = dr.why_small(net, rng.normal(size=net.size), [[1.0]], [[2.0]], weight=(1, 1, 1))
    assert why.verdict == "many_factors"
    assert abs(why.value) < 1e-3
    assert all(cause.shortfall > -1 for cause in why.causes)


@together("seed", range(60))
def test_the_causes_add_up_to_the_logarithm(seed):
    rng = np.random.default_rng(seed)
    net, theta, X, T, keywords = case(rng)
    place = weights(net)[rng.integers(len(weights(net)))]
    why = dr.why_small(net, theta, X, T, weight=place, **keywords)
    assert why.value == dr.explain(net, theta, X, T, weight=place, **keywords).value
    total = math.fsum(cause.log10 for cause in why.causes)
    data_is_zero = any(c.number == 0 for c in why.causes)
    if data_is_zero:
        assert total == -math.inf
    else:
        assert total == pytest.approx(why.log10, abs=1e-9)
    # the path it follows is the largest of its observation
    paths = dr.explain(net, theta, X, T, weight=place, limit=10_000, **keywords).paths
    sizes = {(p.observation, p.nodes): abs(p.product) for p in paths}
    best = max((v for (i, _), v in sizes.items() if i == why.observation), default=0.0)
    assert sizes[why.observation, why.nodes] == pytest.approx(best, rel=1e-9)


def test_saturation_counts_what_is_flat_and_what_is_dead():
    net = dr.Network(1, [dr.Dense(3, "sigmoid"), dr.Dense(3, "relu"), dr.Dense(2, "softmax")])
    p = net.pack([
        ([[0.0], [100.0], [0.0]], [0.0, 0.0, 50.0]),
        ([[0.0] * 3] * 3, [1.0, -1.0, 1.0]),
        ([[0.0] * 3] * 2, [0.0, 0.0]),
    ])  # fmt: skip
    found = dr.saturation(net, p, [[1.0], [0.0]])
    first, second, third = found.layers
    assert first.saturated == 3 / 6  # node 2 at x = 1, node 3 at both
    assert first.saturated_nodes == (3,)
    assert first.dead_nodes == ()
    assert (second.dead_nodes, second.dead, second.saturated) == ((2,), 1 / 3, 1 / 3)
    assert (third.saturated, third.largest) == (0.0, 0.25)
    assert third.slopes.tolist() == [[0.25, 0.25]] * 2
    assert json.loads(json.dumps(found.to_dict()))["layers"][1]["dead_nodes"] == [2]


def test_steps_on_a_parabola():
    """E = 1/2 h (w - w*)^2: actual/promised = 1 - eta h / 2, whatever the distance."""
    net = dr.Network(1, [dr.Dense(1, bias=False)])
    for x, w in ((1.0, 3.0), (2.0, -7.0)):
        found = dr.step_validity(net, [w], [[x]], [[x * 1.5]])
        h = x * x
        assert found.reliable == pytest.approx(0.2 / h, rel=1e-9)
        assert found.turns == pytest.approx(2.0 / h, rel=1e-9)
        assert found.lowest == pytest.approx(1.0 / h, rel=0.13)  # one of ten steps per decade
        ratio = found.actual / found.promised
        assert np.abs(ratio - (1 - found.steps * h / 2)).max() <= 1e-9 * np.abs(ratio).max()
        loose = dr.step_validity(net, [w], [[x]], [[x * 1.5]], tolerance=0.25)
        assert loose.reliable == pytest.approx(0.5 / h, rel=1e-9)


def test_steps_begin_where_the_promise_still_holds():
    """Most of E cannot be learnt, so that the step that promises to end it is far too long.

    E = 1/2 (1000 w)^2 + 1/2 10^8 at w = 0.01: the promise is off by 10% at 0.2 / 10^6.
    """
    net = dr.Network(1, [dr.Dense(1, bias=False)])
    found = dr.step_validity(net, [0.01], [[1000.0], [0.0]], [[0.0], [1e4]])
    centre = found.error / 1e8  # E / g^2
    assert found.steps[0] == pytest.approx(1e-7 * centre, rel=1e-9)
    assert found.steps[-1] == pytest.approx(1e4 * centre, rel=1e-9)
    assert found.reliable == pytest.approx(0.2e-6, rel=1e-5)
    assert found.turns == pytest.approx(2e-6, rel=1e-5)


def test_the_promise_is_the_gradient_s_and_steps_are_training_s():
    net = dr.Network(2, [dr.Dense(3, "tanh", train_bias=False), dr.Dense(1)])
    theta, X, T = net.init(seed=1), [[0.3, -1.0], [1.0, 0.5]], [[1.0], [0.0]]
    steps = [1e-3, 0.05, 0.2]
    found = dr.step_validity(net, theta, X, T, reduction="mean", l2=0.1, steps=steps)
    for eta, change in zip(steps, found.actual, strict=True):
        run = dr.train(net, X, T, theta=theta, l2=0.1, optimizer=dr.optim.SGD(eta), epochs=1,
                       batch_size=None)  # fmt: skip
        after = dr.backprop(net, run.theta, X, T, l2=0.1).error
        assert change == pytest.approx(after - found.error, rel=1e-9)
    assert found.promised[0] == pytest.approx(found.actual[0], rel=1e-2)


def test_a_gradient_of_zero_and_steps_that_cannot_be():
    net = dr.Network(1, [dr.Dense(1, bias=False)])
    with pytest.raises(dr.NumericError, match="promises nothing"):
        dr.step_validity(net, [1.0], [[1.0]], [[1.0]])
    for steps in ([1.0], [2.0, 1.0], [0.0, 1.0], [[1.0, 2.0]], [1.0, math.inf]):
        with pytest.raises(dr.UsageError, match="positive, increasing"):
            dr.step_validity(net, [2.0], [[1.0]], [[1.0]], steps=steps)


@pytest.mark.parametrize("layers", [1, 3])
def test_pictures_are_drawn(tmp_path, layers):
    net = dr.Network(2, [dr.Dense(4, "relu")] * (layers - 1) + [dr.Dense(2, "softmax")])
    X, T = np.random.default_rng(0).normal(size=(30, 2)), np.eye(2)[[0, 1] * 15]
    theta = net.init(seed=0)
    dr.saturation(net, theta, X).plot(tmp_path / "saturation.png")
    dr.step_validity(net, theta, X, T, loss="cross_entropy").plot(tmp_path / "steps.png")
    for name in ("saturation.png", "steps.png"):
        assert (tmp_path / name).read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
        assert (tmp_path / name).stat().st_size > 10_000
