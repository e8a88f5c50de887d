"""scikit-learn's networks: the regressor's factor k, the classifier's right gradient."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.neural_network import MLPClassifier, MLPRegressor

import deltarule as dr
from deltarule.core.errors import UsageError

ACTIVATIONS = ["identity", "logistic", "tanh", "relu"]


def same_objective(check: dr.GradientCheck) -> None:
    """Our network and objective have the derivative of their loss."""
    o: Any = check.ours
    own = dr.backprop(o.net, o.theta, o.X, o.T, **o.options).gradient
    assert np.max(np.abs(own - check.expected)) <= 1e-7 * np.max(np.abs(own))
    assert np.array_equal(o.gradient, check.got)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("k", [1, 2, 3])
def test_the_regressor_is_off_by_the_number_of_outputs(activation: str, k: int, rng) -> None:
    X, y = rng.normal(size=(30, 4)), rng.normal(size=(30, k))
    mlp = MLPRegressor(hidden_layer_sizes=(5, 3), activation=activation, alpha=0.1, random_state=0)
    check = dr.check_sklearn(mlp, X, y[:, 0] if k == 1 else y)
    assert check.passed == (k == 1)
    same_objective(check)
    assert not hasattr(mlp, "coefs_"), "the estimator itself is left alone"
    if k > 1:  # in a bias there is no penalty: the factor is k
        b = (
            check.ours.net.unpack(check.got)[-1]["b"]
            / check.ours.net.unpack(check.expected)[-1]["b"]
        )
        assert b == pytest.approx(np.full(k, float(k)), rel=1e-6)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_classifier_is_right(activation: str, classes: int, rng) -> None:
    X, y = rng.normal(size=(30, 4)), np.arange(30) % classes
    mlp = MLPClassifier(
        hidden_layer_sizes=(5,), activation=activation, alpha=0.1, solver="lbfgs", max_iter=5,
        random_state=0,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mlp.fit(X, np.array(["a", "b", "c"])[y])
    check = dr.check_sklearn(mlp, X, np.array(["a", "b", "c"])[y])
    assert check.passed
    same_objective(check)


def test_poisson_and_weights(rng) -> None:
    X, y = rng.normal(size=(30, 3)), rng.poisson(2.0, (30, 2)).astype(float)
    if "loss" not in MLPRegressor().get_params():
        pytest.skip("this scikit-learn has no loss='poisson'")
    mlp = MLPRegressor(hidden_layer_sizes=(4,), loss="poisson", random_state=0)
    check = dr.check_sklearn(mlp, X, y, sample_weight=rng.uniform(0.5, 2.0, 30))
    assert check.passed
    same_objective(check)


def test_another_estimator() -> None:
    with pytest.raises(UsageError, match="LinearRegression has no _validate_input"):
        dr.check_sklearn(LinearRegression(), [[1.0]], [1.0])


@pytest.mark.parametrize("classes", [2, 3])
def test_rows_that_the_loss_clips_and_the_gradient_does_not(classes: int, rng) -> None:
    X = rng.uniform(0, 300, size=(30, 3))
    y = (X[:, 0] // (300 / classes)).astype(int)
    mlp = MLPClassifier((4,), random_state=0, max_iter=20, alpha=0.01)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mlp.fit(X, y)
    check = dr.check_sklearn(mlp, X, y)
    assert check.passed, check
    assert check.diagnosis is not None
    assert check.diagnosis.verdict == "correct"
    p = mlp.predict_proba(X)
    rows = np.flatnonzero(((p < 2**-52) | (p > 1 - 2**-52)).any(axis=1))
    assert len(rows) > 0
    note = next(note for note in check.notes if "clips p" in note)
    assert f"in {len(rows)} rows ({rows[0] + 1}" in note
