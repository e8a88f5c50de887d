"""Optimisers as people write them: named by their steps, with their numbers and what is wrong."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import deltarule as dr
from deltarule.core.namespace import NUMPY
from deltarule.optim import OPTIMISERS, Optimiser


def updates(name, numbers, m=12, n=7):
    """Return the weights and gradients of updates by one of ours."""
    rng = np.random.default_rng(3)
    record = OPTIMISERS[name](**numbers)
    update, state = record.body(NUMPY), [np.zeros(n) for _ in record.slots]
    thetas, gradients = [rng.normal(size=n)], rng.normal(size=(m, n)) + 0.3
    for t, g in enumerate(gradients, 1):
        new, *state = update(thetas[-1], g, numbers["lr"], t, np.ones(n, dtype=bool), *state)
        thetas.append(new)
    return np.array(thetas), gradients


@pytest.mark.parametrize("name", [o.name for o in OPTIMISERS.of(Optimiser) if not o.by_error])
def test_every_registered_optimiser_is_named_with_its_numbers(name):
    record = OPTIMISERS.get(name)
    numbers = {f.name: getattr(record, f.name) for f in dataclasses.fields(record)}
    numbers["lr"] *= 3
    numbers.update({k: 0.8 for k in ("beta1", "momentum") if k in numbers})
    found = dr.diagnose_step(*updates(name, numbers))
    assert (found.verdict, found.found.optimizer) == ("correct", name)
    for key, value in numbers.items():
        if key not in found.found.open:
            assert found.found.numbers[key] == pytest.approx(value, rel=1e-3, abs=1e-12)


class Momentum:
    """The change is remembered, as in PyTorch: without the rate."""

    sign = 1.0

    def __init__(self):
        self.v = 0.0

    def update(self, w, grad):
        self.v = self.sign * 0.8 * self.v + grad
        return w - 0.05 * self.v


class WrongSign(Momentum):
    sign = -1.0


class TimesWeight(Momentum):
    def update(self, w, grad):
        self.v = 0.1 * self.v * w - 0.01 * grad
        return w + self.v


class Adam:
    corrected, kept, root = True, True, True

    def __init__(self):
        self.t, self.m, self.v = 0, 0.0, 0.0

    def step(self, grads, params):
        self.t += 1
        if not self.kept:
            self.m = 0.0
        self.m = 0.9 * self.m + 0.1 * grads
        self.v = 0.99 * self.v + 0.01 * grads**2
        m, v = self.m, self.v
        if self.corrected:
            m, v = m / (1 - 0.9**self.t), v / (1 - 0.99**self.t)
        params -= 0.02 * m / ((np.sqrt(v) if self.root else v) + 1e-8)


class Uncorrected(Adam):
    corrected = False


class Forgetful(Adam):
    kept = False


class Rootless(Adam):
    root = False


class Everlasting:
    """The gradients are added up and never set to 0."""

    total = 0.0

    def __call__(self, theta, g):
        self.total = self.total + g
        return theta - 0.1 * self.total


def descent(theta, g):
    return theta - 0.3 * g


def ascent(theta, g):
    return theta + 0.3 * g


def step_alone(theta, g):
    return -0.01 * g


@pytest.mark.parametrize(
    ("thing", "optimizer", "mistake", "numbers"),
    [
        (descent, "sgd", "", {"lr": 0.3}),
        (step_alone, "sgd", "", {"lr": 0.01}),
        (ascent, "sgd", "sign", {"lr": 0.3}),
        (Momentum, "momentum", "", {"lr": 0.05, "momentum": 0.8}),
        (WrongSign, "momentum", "momentum_sign", {"momentum": 0.8}),
        (TimesWeight, "momentum", "velocity_times_weight", {"lr": 0.01, "momentum": 0.1}),
        (Adam, "adam", "", {"lr": 0.02, "beta1": 0.9, "beta2": 0.99}),
        (Uncorrected, "adam", "no_bias_correction", {"lr": 0.02, "beta1": 0.9, "beta2": 0.99}),
        (Forgetful, "adam", "first_moment_not_kept", {"beta2": 0.99}),
        (Rootless, "adam", "no_root", {"lr": 0.02, "beta1": 0.9, "beta2": 0.99}),
        (Everlasting, "sgd", "summed_gradients", {"lr": 0.1}),
    ],
)
def test_an_optimiser_of_one_s_own(thing, optimizer, mistake, numbers):
    found = dr.diagnose_step(thing() if thing is Everlasting else thing)
    assert (found.found.optimizer, found.found.mistake) == (optimizer, mistake)
    assert found.verdict == ("explained" if mistake else "correct")
    for key, value in numbers.items():
        assert found.found.numbers[key] == pytest.approx(value, rel=1e-6)


def test_what_no_optimiser_does_is_not_explained():
    thetas, gradients = updates("adam", {"lr": 0.01})
    thetas = thetas + 1e-4 * np.random.default_rng(0).normal(size=thetas.shape)
    assert dr.diagnose_step(thetas, gradients).verdict == "unexplained"


def test_a_rate_that_changes_is_said():
    rng = np.random.default_rng(0)
    gradients, rates = rng.normal(size=(6, 4)), 0.1 / np.arange(1, 7)
    steps = -rates[:, None] * gradients
    thetas = np.vstack([np.zeros(4), np.cumsum(steps, axis=0)])
    found = dr.diagnose_step(thetas, gradients)
    assert found.verdict == "unexplained"
    assert "sgd with the rates 0.1, 0.05, 0.0333333" in found.notes[0]


def test_weights_in_float32():
    thetas, gradients = updates("momentum", {"lr": 0.1, "momentum": 0.9})
    found = dr.diagnose_step(thetas.astype(np.float32), gradients)
    assert found.found.optimizer == "momentum"
    assert found.found.numbers["momentum"] == pytest.approx(0.9, rel=1e-3)


def test_bad_input():
    thetas, gradients = updates("sgd", {"lr": 0.1})
    with pytest.raises(dr.UsageError, match=r"shape \(12, 7\).*needed are"):
        dr.diagnose_step(thetas[1:], gradients)
    with pytest.raises(dr.UsageError, match="at least 3"):
        dr.diagnose_step(thetas[:3], gradients[:2])
    with pytest.raises(dr.UsageError, match="gradients"):
        dr.diagnose_step(thetas)
    thetas[3, 2] = np.nan
    with pytest.raises(dr.DataError, match=r"thetas\[3, 2\] is nan"):
        dr.diagnose_step(thetas, gradients)
    with pytest.raises(dr.UsageError, match="returns the shape"):
        dr.diagnose_step(lambda theta, g: theta[1:])
    with pytest.raises(dr.UsageError, match="none of the methods"):
        dr.diagnose_step(object())
