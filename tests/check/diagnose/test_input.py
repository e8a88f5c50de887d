"""What is no gradient, or no function, is answered in words."""

from __future__ import annotations

import numpy as np
import pytest

import deltarule as dr
from deltarule.check.numerical.cost import check_diagnosis_cost

NET = dr.Network(2, [dr.Dense(3, "tanh"), dr.Dense(1)])
THETA = NET.init(seed=0)
X, T = np.array([[0.5, -1.0], [0.3, 0.8]]), np.array([[1.0], [0.0]])
TRUE = dr.backprop(NET, THETA, X, T).gradient
LAYERS = [(p["W"], p["b"]) for p in NET.unpack(TRUE)]


def diagnose(gradient, **options):
    return dr.diagnose(gradient, NET, THETA, X, T, **options)


def function(theta, X, T):
    return dr.backprop(NET, theta, X, T).gradient


@pytest.mark.parametrize(
    "gradient",
    [TRUE, list(TRUE), LAYERS, NET.unpack(TRUE), [a for pair in LAYERS for a in pair], function,
     [(W.tolist(), b.tolist()) for W, b in LAYERS], lambda *a: LAYERS],
    ids=["vector", "numbers", "pairs", "names", "arrays", "function", "lists", "function of pairs"],
)  # fmt: skip
def test_every_form_is_read(gradient):
    assert diagnose(gradient).verdict == "correct"


@pytest.mark.parametrize(
    ("gradient", "said"),
    [
        (TRUE[:-1], r"shape \(12,\); this network has 13 parameters, so it needs \(13,\)"),
        (TRUE[None], r"\(1, 13\).*needs \(13,\) \(it fits as one vector: ravel it\)"),
        ([(LAYERS[0][0], LAYERS[0][1])], "has 2 arrays; this network needs dW1, db1, dW2, db2"),
        ([(LAYERS[0][0], LAYERS[0][1][None]), LAYERS[1]],
         r"db of layer 1 has the shape \(1, 3\); needed is \(3,\) \(it fits if raveled\)"),
        ([(np.ones((2, 3)), LAYERS[0][1]), LAYERS[1]],
         r"dW of layer 1 has the shape \(2, 3\); needed is \(3, 2\) \(it fits if transposed\)"),
        ([(np.ones((2, 2)), LAYERS[0][1]), LAYERS[1]], r"\(2, 2\); needed is \(3, 2\)"),
        (np.ones(13, int), "whole numbers"),
        (TRUE + 1j, "complex128"),
        (lambda *a: None, "returns None"),
        (lambda *a: np.ones(13, int), "what the function returns has the dtype int64"),
        (lambda *a: 1.5, r"what the function returns has the shape \(\)"),
        (lambda theta, X, T: theta @ X, r"the function failed: ValueError.*theta \(13,\)"),
        (lambda *a: np.random.default_rng().normal(size=13), "two calls .* random"),
    ],
)  # fmt: skip
def test_what_is_no_gradient(gradient, said):
    with pytest.raises(dr.UsageError, match=said):
        diagnose(gradient)


def test_a_function_that_changes_its_input():
    def updates(theta, X, T):
        g = function(theta, X, T)
        theta -= 0.1 * g
        return g

    with pytest.raises(dr.UsageError, match="changes its argument theta"):
        diagnose(updates)
    assert np.array_equal(function(THETA, X, T), TRUE)


def test_entries_that_are_not_finite_are_named():
    bad = TRUE.copy()
    bad[[0, 12]] = np.nan, -np.inf
    with pytest.raises(dr.DataError, match=r"2 entries .*: w\[1,1,1\] is nan, b\[2,1\] is -inf"):
        diagnose(bad)


def test_a_true_gradient_that_is_not_finite():
    net = dr.Network(1, [dr.Dense(1, "exp")])
    with pytest.raises(dr.NumericError, match=r"true gradient is not finite here \(w\[1,1,1\]"):
        dr.diagnose([1.0, 1.0], net, [900.0, 0.0], [[1.0]], [[0.0]])


def test_a_search_that_would_take_too_long(monkeypatch):
    large = dr.Network(784, [dr.Dense(1000, "relu"), dr.Dense(1000, "relu"), dr.Dense(10)])
    with pytest.raises(dr.ResourceError, match=r"X\[:66\].*directions=10"):
        check_diagnosis_cost(large, 1000)
    check_diagnosis_cost(large, 66)
    found = dr.check_gradient(NET, THETA, X, T, gradient=-TRUE, directions=2)
    monkeypatch.setattr("deltarule.check.numerical.cost.MAX_SECONDS", 1e-9)
    assert diagnose(TRUE).verdict == "correct", "a right gradient is not searched"
    with pytest.raises(dr.ResourceError, match="13 parameters on 2 rows"):
        diagnose(-TRUE)
    assert "WRONG" in found.verdict
    assert "the mistake is not named: the gradient is wrong, but" in str(found)


def test_the_sequential_rule_is_no_reference():
    with pytest.raises(dr.UsageError, match="sequential_update"):
        diagnose(TRUE, rule="sequential")


def test_transposed_matrices_are_named_with_both_shapes():
    found = diagnose([(W.T, b) for W, b in LAYERS])
    assert [m.code for m in found.mistakes or found.candidates] == ["transposed_output"]
    assert "(2, 3); needed is (3, 2) (it fits if transposed)" in str(found)


def test_layers_in_the_other_order_are_named():
    found = diagnose(LAYERS[::-1])
    assert [(m.code, m.parameters) for m in found.mistakes] == [
        ("swapped_layers", {"swapped": (1, 2)})
    ]


@pytest.mark.parametrize("name", ["theory", "in_out", "nielsen", "negative_delta"])
def test_notations(name):
    from deltarule.core.notation import NOTATIONS

    how = NOTATIONS[name]
    delivered = [(how.sign * (W.T if how.transposed else W), how.sign * b) for W, b in LAYERS]
    assert diagnose(delivered, notation=name).verdict == "correct"
    flat = np.concatenate([a.ravel() for pair in delivered for a in pair])
    assert diagnose(flat, notation=name).verdict == "correct"


def test_a_function_that_adds_up_is_recognised_by_its_second_call():
    total = np.zeros(NET.size)

    def adds(theta, X, T):
        total[:] -= function(theta, X, T)
        return total.copy()

    found = diagnose(adds)
    assert found.verdict == "explained"
    assert [m.code for m in found.mistakes] == ["accumulated"]
    assert [c.code for c in found.conventions] == ["sign"]


def test_a_complex_theta_is_refused_not_cut_down():
    with pytest.raises(dr.UsageError, match="theta is complex"):
        dr.diagnose(TRUE, NET, THETA + 1j, X, T)
