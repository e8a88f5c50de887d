"""A check that failed names the mistake: in our gradients, in scikit-learn's, in plain arrays."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier, MLPRegressor

import deltarule as dr

NET = dr.Network(3, [dr.Dense(4, "tanh"), dr.Dense(2)])
THETA = NET.init(seed=1)
rng = np.random.default_rng(0)
X, T = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
TRUE = dr.backprop(NET, THETA, X, T).gradient


def without_slope(theta: np.ndarray, X: np.ndarray, T: np.ndarray) -> list:
    """Backpropagation by hand, without f' in the hidden layer."""
    first, second = NET.unpack(theta)
    y = np.tanh(X @ first["W"].T + first["b"])
    delta2 = (y @ second["W"].T + second["b"] - T) / len(X)
    delta1 = delta2 @ second["W"]
    return [(delta1.T @ X, delta1.sum(axis=0)), (delta2.T @ y, delta2.sum(axis=0))]


@pytest.mark.parametrize("options", [{}, {"directions": 3}])
def test_a_gradient_of_our_own_network(options: dict) -> None:
    found = dr.check_gradient(NET, THETA, X, T, gradient=without_slope, **options)
    assert [m.title for m in found.diagnosis.mistakes] == ["missing_derivative in layer 1"]
    assert found.verdict.endswith("; the mistake is missing_derivative in layer 1.")
    assert "diagnosis: explained: 1 mistake" in str(found)
    assert found.to_dict()["diagnosis"]["mistakes"][0]["code"] == "missing_derivative"
    assert found.diagnosis is found.diagnosis, "worked out once"


def test_what_explains_it_equally_is_named_too() -> None:
    found = dr.check_gradient(NET, THETA, X, T, gradient=2 * TRUE)
    assert found.diagnosis.verdict == "ambiguous"
    assert "the mistake is " in found.verdict
    for code in ("missing_half", "accumulated", "outputs_mean"):
        assert f" {code}" in found.verdict
    pair = dr.check_gradient(NET, THETA, X, T, gradient=lambda *a: negative(without_slope(*a)))
    assert "; the mistakes are " in pair.verdict
    assert {m.code for m in pair.diagnosis.mistakes} == {"missing_derivative", "sign"}


def negative(layers: list) -> list:
    return [(-W, -b) for W, b in layers]


def test_no_name_is_guessed() -> None:
    found = dr.check_gradient(NET, THETA, X, T, gradient=TRUE + rng.normal(size=TRUE.size))
    assert found.diagnosis.verdict == "unexplained"
    assert "mistake is" not in found.verdict
    assert "look at layer 2 first" in str(found)


def test_a_right_gradient_is_not_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(ours: object) -> None:
        raise AssertionError("nothing is wrong")

    monkeypatch.setattr("deltarule.check.naming.name_mistake", never)
    found = dr.check_gradient(NET, THETA, X, T)
    assert found.diagnosis.verdict == "correct"
    assert "diagnosis" not in str(found)


def test_a_function_has_no_diagnosis() -> None:
    found = dr.check_function(lambda x: np.sum(x**2), lambda x: x, [1.0, 2.0])
    assert (found.passed, found.diagnosis) == (False, None)
    assert found.to_dict()["diagnosis"] is None


@pytest.mark.parametrize("alpha", [0.0, 0.1])
@pytest.mark.parametrize("activation", ["logistic", "tanh", "relu"])
@pytest.mark.parametrize("k", [1, 2, 3])
def test_the_regressor_averages_over_outputs(k: int, activation: str, alpha: float) -> None:
    y = rng.normal(size=(30, k))
    mlp = MLPRegressor(
        hidden_layer_sizes=(5, 3), activation=activation, alpha=alpha, random_state=0
    )
    found = dr.check_sklearn(mlp, rng.normal(size=(30, 4)), y[:, 0] if k == 1 else y)
    if k == 1:
        assert found.diagnosis.verdict == "correct"
        return
    assert found.diagnosis.verdict == "explained"
    assert [(m.code, m.layers, m.parameters) for m in found.diagnosis.mistakes] == [
        ("outputs_mean", (1, 2, 3), {"outputs": "multiplied"})
    ]
    assert "the mistake is outputs_mean in layers 1, 2, 3" in found.verdict


@pytest.mark.parametrize("classes", [2, 3])
def test_the_classifier_is_correct(classes: int) -> None:
    mlp = MLPClassifier((5,), random_state=0)
    found = dr.check_sklearn(mlp, rng.normal(size=(30, 4)), np.arange(30) % classes)
    assert (found.passed, found.diagnosis.verdict) == (True, "correct")


class Twice(MLPRegressor):
    """A regressor whose gradient is twice its loss's, whatever the outputs."""

    @functools.wraps(MLPRegressor._loss_grad_lbfgs)
    def _loss_grad_lbfgs(self, *arguments, **options):
        loss, gradient = super()._loss_grad_lbfgs(*arguments, **options)
        return loss, 2.0 / self.coefs_[-1].shape[1] * gradient


def test_one_more_output_tells_a_factor_2_from_a_factor_k() -> None:
    mlp = Twice(hidden_layer_sizes=(5,), alpha=0.0, random_state=0)
    found = dr.check_sklearn(mlp, rng.normal(size=(30, 4)), rng.normal(size=(30, 2)))
    assert found.passed is False
    assert found.diagnosis.verdict == "ambiguous"
    codes = {m.code for m in found.diagnosis.candidates}
    assert "outputs_mean" not in codes
    assert {"missing_half", "accumulated"} <= codes
