"""E with moved parameters, computed with what is known already, is that of whole forward passes."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from random_networks import finite_cases, problem

import deltarule as dr
from deltarule.check.numerical.incremental import Incremental
from deltarule.check.numerical.passes import Passes
from deltarule.check.numerical.perturbed import XP
from deltarule.engine import Objective, Samples

CASES = finite_cases(320)


@pytest.mark.parametrize("kind", [Incremental, Passes])
def test_moved_errors_are_those_of_whole_forward_passes(kind: type) -> None:
    for index in CASES[:60]:
        net, theta, X, T, options = problem(index)
        objective = Objective.of(net, options["loss"], options["reduction"], "exact", options["l2"])
        around = kind(objective, theta, Samples(X, T, options["sample_weight"]))
        rng = np.random.default_rng(index)
        entries = rng.integers(net.size, size=12)
        steps = rng.normal(size=12)
        found = around.moved(entries, steps)
        along = around.along(np.eye(net.size)[entries[0]], steps[:1])[0]
        for n, (entry, step) in enumerate(zip(entries, steps, strict=True)):
            theta2 = theta.copy()
            theta2[entry] += step
            E = dr.backprop(net, theta2, X, T, **options).error
            assert found[n] == pytest.approx(E, rel=1e-12, abs=1e-14)
            assert n or along == pytest.approx(E, rel=1e-12, abs=1e-14)


def test_many_steps_along_a_direction_are_single_ones() -> None:
    """So many that they are taken in several parts; a complex one has the gradient in it."""
    for index in CASES[:10]:
        net, theta, X, T, options = problem(index)
        objective = Objective.of(net, options["loss"], options["reduction"], "exact", options["l2"])
        around = Incremental(objective, theta, Samples(X, T, options["sample_weight"]))
        v = np.random.default_rng(index).normal(size=net.size)
        steps = np.linspace(-0.5, 0.5, 3001)
        found = around.along(v, steps)
        for n in (0, 1, 1500, 2999, 3000):
            E = dr.backprop(net, theta + steps[n] * v, X, T, **options).error
            assert found[n] == pytest.approx(E, rel=1e-12, abs=1e-14)
        slope = around.along(v, np.array([1e-30j])).imag[0] / 1e-30
        own = dr.backprop(net, theta, X, T, **options).gradient @ v
        assert slope == pytest.approx(own, rel=1e-9, abs=1e-12)


def test_reuse_changes_nothing_but_the_time() -> None:
    net, theta, X, T, options = problem(5)
    one = dr.check_gradient(net, theta, X, T, **options)
    two = dr.check_gradient(net, theta, X, T, **options, reuse=False)
    assert np.max(np.abs(one.expected - two.expected)) <= 1e-14 * np.max(np.abs(one.expected))


def classes(size: float, targets: str) -> tuple[dr.Network, np.ndarray, Samples]:
    """Softmax with cross-entropy on three rows; weights of this size."""
    rng = np.random.default_rng(2)
    net = dr.Network(4, [dr.Dense(5, "tanh"), dr.Dense(6, "softmax")])
    theta, X = size * rng.normal(size=net.size), rng.normal(size=(3, 4))
    T = {
        "any class": np.eye(6)[[0, 3, 5]],
        "the class it has": np.eye(6)[net(theta, X).argmax(axis=1)],
        "shares": rng.dirichlet(np.ones(6), 3),
    }[targets]
    return net, theta, Samples(X, T)


def cross_entropy(net: dr.Network, theta: np.ndarray, samples: Samples) -> mpmath.mpf:
    """E of two layers, in 50 digits."""
    hidden, output = net.unpack(theta)
    E = mpmath.mpf(0)
    for x, t in zip(samples.X, samples.T, strict=True):
        y = [mpmath.tanh(mpmath.fdot(w, x) + b) for w, b in zip(hidden["W"], hidden["b"])]  # noqa: B905
        nets = [mpmath.fdot(w, y) + b for w, b in zip(output["W"], output["b"])]  # noqa: B905
        log_sum = mpmath.log(mpmath.fsum(map(mpmath.exp, nets)))
        E += mpmath.fdot(t, [log_sum - net for net in nets])
    return E


@pytest.mark.parametrize("targets", ["any class", "the class it has", "shares"])
@pytest.mark.parametrize("size", [0.3, 3.0, 60.0])
def test_the_log_of_one_sum_loses_no_digits(size: float, targets: str) -> None:
    """Neither of E nor of a difference: as near as whole forward passes, also where E vanishes."""
    net, theta, samples = classes(size, targets)
    objective = Objective.of(net, "cross_entropy", "sum", "exact", 0.0)
    ways = [kind(objective, theta, samples) for kind in (Incremental, Passes)]
    far = np.zeros((2, 2))
    h = 2.0**-17
    with mpmath.workdps(100):
        for entry in range(0, net.size, 3):
            moved = np.eye(net.size)[entry] * h
            up, down = (cross_entropy(net, theta + s * moved, samples) for s in (1, -1))
            for mine, way in zip(far, ways, strict=True):
                E = way.moved(np.array([entry, entry]), np.array([h, -h]))
                off = abs(E[0] - up), abs((mpmath.mpf(E[0]) - E[1]) - (up - down))
                mine[:] = np.maximum(mine, np.array(off, dtype=np.float64))
    assert np.all(far[0] <= 3.0 * far[1])


def test_a_move_that_leaves_the_range_of_exp() -> None:
    net, theta, samples = classes(1.0, "any class")
    around = Incremental(Objective.of(net, "cross_entropy", "sum", "exact", 0.0), theta, samples)
    layout = net.layout
    entries = np.arange(layout.size)
    for step in (3e3, -3e3):
        found = around.moved(entries, np.full(net.size, step))
        for entry in entries:
            moved = theta + step * np.eye(net.size)[entry]
            E = dr.backprop(
                net, moved, samples.X, samples.T, "cross_entropy", reduction="sum"
            ).error
            assert found[entry] == pytest.approx(E, rel=1e-12)


@pytest.mark.parametrize("b", [0.0, 1e-200, 1e-20, 9.9e-9, 1.1e-8, 1e-3, 2.0, np.nan])
def test_complex_exp(b: float) -> None:
    z = np.array([-40.0, -1.0, 0.0, 0.3, 20.0]) + 1j * b
    found, true = XP.exp(z), np.exp(z)
    np.testing.assert_allclose(found.real, true.real, rtol=4e-16)
    np.testing.assert_allclose(found.imag, true.imag, rtol=4e-16)
