"""Somebody's own stand-in for f', in both engines."""

from __future__ import annotations

import numpy as np
import pytest

import deltarule as dr

NET = dr.Network(3, [dr.Dense(4, "sigmoid"), dr.Dense(3, "tanh"), dr.Dense(2)])
RNG = np.random.default_rng(5)
X, T = RNG.normal(size=(9, 3)), RNG.normal(size=(9, 2))

SAME = {
    "offset:0.1": lambda net, y, slope: slope + 0.1,
    "floor:0.2": lambda net, y, slope: np.maximum(slope, 0.2),
    "clip:0.1,0.2": lambda net, y, slope: np.clip(slope, 0.1, 0.2),
    "power:0.5": lambda net, y, slope: np.sqrt(slope),
    "constant:0.25": lambda net, y: 0.25,
    "fast_sigmoid:2": lambda net, y: 1.0 / (1.0 + 2.0 * np.abs(net)) ** 2,
    "arctan:2": lambda net, y: 1.0 / (1.0 + np.square(2.0 * net)),
    "triangular:0.4": lambda net, y: np.where(abs(net) < 2.5, 1.0 - 0.4 * abs(net), 0.0),
    "straight_through:1.5": lambda net, y: np.where(np.fabs(net) <= 1.5, np.float64(1.0), 0.0),
}


@pytest.mark.filterwarnings("ignore::deltarule.engine.rule_check.RuleWarning")
@pytest.mark.parametrize("engine", ["reference", "compiled"])
@pytest.mark.parametrize("name", SAME)
def test_a_function_does_what_the_rule_of_that_formula_does(name, engine):
    options = {"epochs": 4, "batch_size": 3, "engine": engine, "theta": NET.init(1)}
    ours = dr.train(NET, X, T, rule=f"hidden={name}", **options)
    theirs = dr.train(NET, X, T, rule=dr.DeltaRule(hidden=SAME[name]), **options)
    assert theirs.engine == engine
    assert np.allclose(ours.theta, theirs.theta, rtol=1e-12, atol=1e-14)


def test_what_cannot_be_traced_runs_in_the_reference_engine_and_says_so():
    def sorted_first(net, y):
        return np.sort(y, axis=0) * 0 + 0.5

    with pytest.warns(UserWarning, match="the reference engine does this job"):
        run = dr.train(NET, X, T, rule=dr.DeltaRule(hidden=sorted_first), engine="compiled",
                       epochs=2)  # fmt: skip
    assert run.engine == "reference"
    same = dr.train(NET, X, T, rule="hidden=constant:0.5", engine="reference", epochs=2)
    assert np.allclose(run.theta, same.theta)


@pytest.mark.parametrize(
    ("function", "match"),
    [
        (
            lambda net, y: np.ones(7),
            r"returned the shape \(7,\) for an array of .* \(9, 3\)",
        ),
        (lambda net, y: "much", "returned 'much', which is no number"),
        (lambda net: net, r"with \(net, y\) or \(net, y, slope\), and takes \(net\)"),
    ],
)
def test_bad_functions_are_refused(function, match):
    with pytest.raises(dr.UsageError, match=match):
        dr.backprop(NET, NET.init(1), X, T, rule=dr.DeltaRule(hidden=function))
    with pytest.raises(dr.UsageError, match="a stand-in for f' is a function"):
        dr.rules.Custom(0.5)


def test_a_function_that_returns_nan_is_found_where_it_happens():
    nan = dr.DeltaRule(hidden=lambda net, y: np.nan * net)
    with pytest.raises(dr.NumericError, match="epoch 1, step 1"):
        dr.train(NET, X, T, rule=nan, epochs=1)


def test_it_is_float32_where_the_run_is_and_has_a_name():
    def half(net, y):
        return np.float64(0.5)

    rule = dr.DeltaRule(hidden=half, layers={2: {"derivative": lambda net, y, slope: slope}})
    run = dr.train(NET, X.astype(np.float32), T, rule=rule, epochs=2)
    assert run.theta.dtype == np.float32
    assert rule.changes().startswith("hidden=half ")
    found = dr.explain(NET, NET.init(1), X[0], T[0], weight=(1, 1, 1), rule=rule)
    assert "half" in str(found)
    assert rule.is_gradient(NET).is_gradient is False
