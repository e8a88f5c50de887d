"""A forward pass beside ours: the first layer that differs, and in which way."""

from __future__ import annotations

import numpy as np
import pytest

import deltarule as dr

NET = dr.Network(3, [dr.Dense(4, "tanh"), dr.Dense(2, "softmax")])


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def softmax(z, axis=1):
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def forward(theta, X, f=np.tanh, g=softmax, cut=(12, 16, 24), turned=False, bias=1.0):
    W1, b1, W2, b2 = np.split(theta, cut)
    W1, W2 = (
        (W1.reshape(3, 4).T, W2.reshape(4, 2).T) if turned else (W1.reshape(4, 3), W2.reshape(2, 4))
    )
    return g(f(X @ W1.T + bias * b1) @ W2.T + b2)


def weights_first(theta, X):
    W1, W2, b1, b2 = np.split(theta, [12, 20, 24])
    return softmax(np.tanh(X @ W1.reshape(4, 3).T + b1) @ W2.reshape(2, 4).T + b2)


def standardised(theta, X):
    return forward(theta, (X - X.mean(axis=0)) / X.std(axis=0))


def relu(z):
    return np.maximum(z, 0)


CASES = [
    (forward, None, ""),
    (lambda theta, X: forward(theta, X, f=relu), 1, "the activation is relu, not tanh"),
    (lambda theta, X: forward(theta, X, g=sigmoid), 2, "the activation is sigmoid, not softmax"),
    (lambda theta, X: forward(theta, X, g=lambda z: z), 2, "the activation is none, not softmax"),
    (lambda theta, X: forward(theta, X, g=lambda z: softmax(z, axis=0)), 2, "(the other axis)"),
    (lambda theta, X: forward(theta, X, turned=True), 1,
     "theta is read as W1, b1, W2, b2, W as (in, out)"),
    (lambda theta, X: forward(theta, X, bias=0.0), 1, "the biases are left out"),
    (lambda theta, X: forward(theta, X, bias=-1.0), 1, "the biases are subtracted"),
    (weights_first, 1, "theta is read as W1, W2, b1, b2"),
    (standardised, 1, "the inputs are standardised"),
    (lambda theta, X: forward(theta, X / 255, f=relu), 1,
     "the inputs are divided by 255; the activation is relu, not tanh"),
    (lambda theta, X: forward(theta, X, f=lambda z: np.cos(z) + 0.1 * z), 1, ""),
]  # fmt: skip


@pytest.mark.parametrize(("function", "layer", "how"), CASES)
def test_the_first_layer_that_differs_and_how(function, layer, how):
    found = dr.compare_outputs(function, NET)
    assert found.passed == (layer is None)
    if layer is not None:
        assert found.first.layer == layer
        assert how in found.first.how
        assert bool(how) == bool(found.first.how)


class Program:
    def __init__(self, n_in, n_hidden, n_out):
        self.W1, self.b1 = np.random.randn(n_in, n_hidden), np.zeros(n_hidden)
        self.W2, self.b2 = np.random.randn(n_hidden, n_out), np.zeros(n_out)

    def forward(self, X):
        return sigmoid(np.tanh(X @ self.W1 + self.b1) @ self.W2 + self.b2)


def test_a_class_and_an_object():
    for thing in (Program, Program(3, 4, 2)):
        found = dr.compare_outputs(thing, NET)
        assert [layer.agrees for layer in found.layers] == [None, False]
        assert found.first.how == "the activation is sigmoid, not softmax"
    same = dr.Network(3, [dr.Dense(4, "tanh"), dr.Dense(2, "sigmoid")])
    assert dr.compare_outputs(Program, same).passed


def test_at_a_point_of_one_s_own():
    theta, X = NET.init(seed=1), [[0.1, 0.2, 0.3], [1.0, -1.0, 0.5]]
    assert dr.compare_outputs(forward, NET, theta, X).passed


def test_what_cannot_be_called_says_why():
    with pytest.raises(dr.UsageError, match=r"TypeError|ValueError"):
        dr.compare_outputs(lambda theta, X: "x" + theta, NET)
    with pytest.raises(dr.UsageError, match="has to be a function of"):
        dr.compare_outputs(3.5, NET)
