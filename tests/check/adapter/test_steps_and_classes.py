"""What a step's direction says, and programs that take classes as numbers."""

from __future__ import annotations

import numpy as np
import pytest

import deltarule as dr


class Climbing:
    """Right but for the sign: the weights go up the slope."""

    sign = 1.0

    def __init__(self):
        rng = np.random.default_rng(0)
        self.W1, self.b1 = rng.normal(size=(3, 4)), np.zeros(4)
        self.W2, self.b2 = rng.normal(size=(4, 2)), np.zeros(2)
        self.lr = 0.1

    def train(self, X, T):
        h = 1 / (1 + np.exp(-(X @ self.W1 + self.b1)))
        y = 1 / (1 + np.exp(-(h @ self.W2 + self.b2)))
        d2 = (y - T) * y * (1 - y)
        d1 = d2 @ self.W2.T * h * (1 - h)
        step = self.sign * self.lr
        self.W2 += step * h.T @ d2
        self.b2 += step * d2.sum(axis=0)
        self.W1 += step * X.T @ d1
        self.b1 += step * d1.sum(axis=0)


class Descending(Climbing):
    """Right."""

    sign = -1.0


def test_weights_that_climb_are_no_convention():
    found = dr.diagnose(Climbing())
    assert (found.verdict, [m.code for m in found.mistakes]) == ("explained", ["sign"])
    assert "up the slope of E" in str(found)
    assert "with one observation" not in str(found)
    assert dr.diagnose(Descending()).verdict == "correct"


class Classes:
    """Softmax over class numbers, the relu's mask forgotten; with a penalty where it is asked."""

    l2 = 0.0
    mask = False

    def __init__(self):
        rng = np.random.default_rng(1)
        self.params = {"W1": rng.normal(size=(3, 4)), "b1": np.zeros(4) + 0.1,
                       "W2": rng.normal(size=(4, 2)), "b2": np.zeros(2)}  # fmt: skip

    def loss(self, X, y):
        p, n = self.params, len(X)
        h = np.maximum(X @ p["W1"] + p["b1"], 0)
        s = h @ p["W2"] + p["b2"]
        e = np.exp(s - s.max(axis=1, keepdims=True))
        probs = e / e.sum(axis=1, keepdims=True)
        d = probs.copy()
        d[np.arange(n), y] -= 1
        d /= n
        grads = {"W2": h.T @ d + self.l2 * p["W2"], "b2": d.sum(axis=0)}
        dh = d @ p["W2"].T
        if self.mask:
            dh[h <= 0] = 0
        grads |= {"W1": X.T @ dh + self.l2 * p["W1"], "b1": dh.sum(axis=0)}
        return -np.log(probs[np.arange(n), y]).mean(), grads


class Penalised(Classes):
    """Right, of an E with a penalty."""

    l2, mask = 0.02, True


def test_classes_are_asked_with_other_classes():
    found = dr.diagnose(Classes())
    assert (found.verdict, found.mistakes[0].code) == ("explained", "missing_derivative")
    assert found.mistakes[0].layers == (1,)


def test_a_penalty_that_was_not_told_is_said():
    text = str(dr.diagnose(Penalised()))
    assert "which E as it was told has not" in text
    assert "say l2 = 0.02 (--l2)" in text
    assert dr.diagnose(Penalised(), l2=0.02).verdict == "correct"


@pytest.mark.parametrize("factor", [1.0, 2.0])
def test_the_loss_is_the_one_whose_value_is_computed(factor):
    class Squares:
        def __init__(self):
            rng = np.random.default_rng(2)
            self.W1, self.W2 = rng.normal(size=(3, 4)), rng.normal(size=(4, 1))

        def gradients(self, X, T):
            h = np.tanh(X @ self.W1)
            y = h @ self.W2
            E = np.mean(np.sum((y - T) ** 2, axis=1))
            d = 2.0 * (y - T) / len(X)
            return E, X.T @ (factor * d @ self.W2.T * (1 - h)), h.T @ d

    found = dr.diagnose(Squares())
    assert "loss squared_error" in found.notes[0]
    assert [(p.layer, p.agrees) for p in found.localised] == [(1, False), (2, True)]
