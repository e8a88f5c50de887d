"""Every activation inside a network: the full gradient of E, hidden and at the output."""

from __future__ import annotations

import numpy as np
import pytest
from formulas import ELEMENTWISE, ROWWISE, label
from numeric import assert_close, complex_step

from deltarule import Dense, Network

EVERY = ELEMENTWISE + ROWWISE
# by activation, then by test: what one test has compiled, the next one uses
each = pytest.mark.parametrize("activation", EVERY, ids=label, scope="module")
each_elementwise = pytest.mark.parametrize("activation", ELEMENTWISE, ids=label, scope="module")


def networks(activation, bias=True):
    """Return it hidden (twice, beside another) and at the output; sizes that are not square."""
    if not activation.rowwise:
        yield Network(
            2, [Dense(4, activation, bias), Dense(3, activation, bias), Dense(2, "identity", bias)]
        )
    yield Network(
        3, [Dense(4, "tanh", bias), Dense(2, "sigmoid", bias), Dense(3, activation, bias)]
    )


@each
def test_full_gradient_is_the_complex_step_of_E(engine, activation, rng):
    assert_gradients(engine, networks(activation), rng)


@each
def test_full_gradient_without_biases(transparent, activation, rng):
    """Programs without them: tests/engine/test_rationals.py, tests/engine/compiled."""
    assert_gradients(transparent, networks(activation, bias=False), rng)


def assert_gradients(engine, several, rng):
    for net in several:
        theta, X = net.init(3) + 0.1, rng.normal(size=(5, net.inputs))
        T = rng.normal(size=(5, net.sizes[-1]))

        def E(theta, net=net, X=X, T=T):
            return engine.backprop(net, theta, X, T, reduction="sum").error

        found = engine.backprop(net, theta, X, T, reduction="sum")
        assert_close(found.gradient, complex_step(E, theta), 1e-13, f"{net!r}")


@each_elementwise
@pytest.mark.parametrize("place", ["hidden", "output"])
def test_every_branch_in_a_network(engine, activation, place):
    """A bias puts the first node on each probe; the second, at 0.6, keeps the scale."""
    for probe in activation.probes:
        layers = [Dense(1, "tanh"), Dense(2, activation), Dense(2)]
        parameters = [([[0.75]], [0.125]), ([[0.5], [-0.25]], [0.0, 0.0]), (np.eye(2), [0.25, 0.0])]
        depth = 3 if place == "hidden" else 2
        net = Network(1, layers[:depth])
        theta = net.pack(parameters[:depth])
        y = np.tanh(0.75 * 0.375 + 0.125)
        net.unpack(theta)[1]["b"][...] = [probe - 0.5 * y, 0.6 + 0.25 * y]

        def E(theta, net=net):
            return engine.backprop(net, theta, [0.375], [[0.5, -0.25]], reduction="sum").error

        found = engine.backprop(net, theta, [0.375], [[0.5, -0.25]], reduction="sum")
        nets, _ = net.forward(theta, np.array([[0.375]]))
        assert np.max(np.abs(nets[2] - [[probe, 0.6]])) <= 1e-14 * max(1, abs(probe))
        assert_close(found.gradient, complex_step(E, theta), 1e-13, f"net = {probe}")


@each_elementwise
def test_every_branch_alone(engine, activation):
    """A network of one node on each probe: no other entry keeps the scale, saturated or not."""
    net = Network(1, [Dense(1, activation)])
    for probe in activation.probes:
        theta = np.array([0.5, probe - 0.5])

        def E(theta):
            return engine.backprop(net, theta, [1.0], [2.5], reduction="sum").error

        found = engine.backprop(net, theta, [1.0], [2.5], reduction="sum")
        assert_close(found.gradient, complex_step(E, theta), 1e-13, f"net = {probe}")


@each
def test_float32_follows_float64(engine, activation, rng):
    for net in networks(activation):
        theta, X = net.init(4) + 0.1, rng.normal(size=(5, net.inputs))
        T = rng.normal(size=(5, net.sizes[-1]))
        exact = engine.backprop(net, theta, X, T, reduction="sum")
        found = engine.backprop(net, theta.astype(np.float32), X, T, reduction="sum")
        assert found.gradient.dtype == np.float32
        if engine.transparent:
            for l in range(1, len(net.layers) + 1):
                for a in (found.nets[l], found.outputs[l], found.dE_dy[l], found.deltas[l]):
                    assert a.dtype == np.float32
            assert found.outputs[0].dtype == np.float32
        assert_close(found.gradient, exact.gradient, 3e-5)
        assert abs(found.error - exact.error) <= 1e-5 * exact.error


@each
def test_a_saturated_network_has_a_finite_gradient(engine, activation):
    """Nets of +-1e4 in every layer: no NaN, no inf, no warning (exp apart: it is inf there)."""
    if activation.name == "exp":
        return
    for dtype in (np.float32, np.float64):
        for net in networks(activation):
            theta = np.zeros(net.size, dtype=dtype)
            for p in net.unpack(theta):
                p["b"][...] = 1e4 * np.where(np.arange(len(p["b"])) % 2, -1.0, 1.0)
            X, T = np.zeros((5, net.inputs)), np.zeros((5, net.sizes[-1]))
            found = engine.backprop(net, theta, X, T, reduction="sum")
            assert np.all(np.isfinite(found.gradient))
            assert np.isfinite(found.error)
