"""The activation whose derivative is a rule's stand-in for f'."""

from __future__ import annotations

import numpy as np
import pytest

import deltarule as dr
from deltarule.activations import ACTIVATIONS
from deltarule.rules import DERIVATIVES

RULES = ["exact", "constant:0.7", "offset:0.3", "floor:0.2", "clip:0.05,0.2", "power:0.5",
         "power:0.8", "symmetric", "straight_through:1.5", "fast_sigmoid:2", "arctan:2",
         "triangular:0.4"]  # fmt: skip
NETS = np.array([-9.0, -3.1, -1.7, -0.4, 0.0, 0.3, 1.2, 2.9, 7.5])


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "relu"])
@pytest.mark.parametrize("rule", RULES)
def test_it_is_the_integral(rule, name):
    activation = ACTIVATIONS.get(name)
    if rule == "symmetric" and name == "relu":
        pytest.skip("relu has no two ends")
    whole = DERIVATIVES.get(rule).consistent_activation(activation)
    h = 1e-4  # every net and every jump of a slope is a multiple of it: a sum of midpoints
    middles = (np.arange(180_000) + 0.5) * h - 9.0
    area = np.concatenate([[0.0], np.cumsum(h * whole.derivative(middles))])
    places = np.rint((NETS + 9.0) / h).astype(int)
    expected = activation(0.0) + area[places] - area[90_000]
    assert np.all(np.abs(whole(NETS) - expected) < 1e-7 * np.maximum(1.0, np.abs(expected)))


@pytest.mark.parametrize("name", ["sigmoid", "tanh"])
@pytest.mark.parametrize("rule", ["exact", "constant:0.7", "offset:0.3", "fast_sigmoid:2"])
def test_quadrature_to_rounding(rule, name):
    """A closed form against the panels of Gauss and Legendre, where g is smooth."""
    whole = DERIVATIVES.get(rule).consistent_activation(ACTIVATIONS.get(name))
    bound = 1e-5 if rule == "fast_sigmoid:2" else 1e-12
    assert np.allclose(whole(NETS), whole._quadrature(NETS), rtol=0, atol=bound)


def test_closed_forms_by_hand():
    sigmoid = ACTIVATIONS.get("sigmoid")
    assert np.allclose(
        DERIVATIVES.get("offset:0.1").consistent_activation(sigmoid)(NETS),
        sigmoid(NETS) + 0.1 * NETS, rtol=1e-15,
    )  # fmt: skip
    power = DERIVATIVES.get("power:0.5").consistent_activation(sigmoid)
    y = sigmoid(NETS)  # d arcsin(2y - 1) / dnet = sqrt(y (1 - y))
    assert np.allclose(power(NETS), 0.5 + np.arcsin(2 * y - 1), atol=1e-12, rtol=0)
    floor = DERIVATIVES.get("floor:0.1").consistent_activation(sigmoid)
    edge = np.log((0.5 + np.sqrt(0.15)) / (0.5 - np.sqrt(0.15)))  # y (1 - y) = 0.1
    beyond = sigmoid(edge) + 0.1 * (5.0 - edge)
    assert abs(float(floor(5.0)) - float(beyond)) < 1e-13
    met = float(sigmoid.derivative(1.0))  # the bound is f' where it is looked at: the edge is 1
    floor = DERIVATIVES.get(f"floor:{met!r}").consistent_activation(sigmoid)
    for side in (-1.0, 1.0):
        there = float(sigmoid(side)) + met * (3.0 * side - side)
        assert abs(float(floor(3.0 * side)) - there) < 1e-13


def test_quadrature_beyond_its_panels():
    """sqrt(f') of a leaky relu is constant on either side: F is two lines, however far."""
    leaky = ACTIVATIONS.get("leaky_relu:0.25")
    whole = DERIVATIVES.get("power:0.5").consistent_activation(leaky)
    nets = np.array([-1e3, -64.0, -63.9, -0.1, 0.0, 0.1, 63.9, 64.0, 1e3])
    expected = np.where(nets < 0.0, 0.5 * nets, nets)
    assert np.allclose(whole(nets), expected, rtol=1e-13, atol=1e-13)
    for net, F in zip(nets, expected, strict=True):
        assert abs(whole(net) - F) <= 1e-13 * max(1.0, abs(F))
    assert whole(nets.astype(np.float32)).dtype == np.float32
    assert np.isnan(whole(np.nan))


@pytest.mark.parametrize("rule", RULES)
def test_deltas_on_the_same_nets(rule):
    """The rule's deltas are the exact deltas of the consistent network on the same nets."""
    tanh = ACTIVATIONS.get("tanh")
    whole = dr.DeltaRule(hidden=rule).consistent_activation(tanh)
    assert np.array_equal(whole.derivative(NETS), dr.DeltaRule(hidden=rule).at(1, 2).slope(
        tanh, NETS, tanh(NETS), dr.core.namespace.NUMPY) * np.ones_like(NETS))  # fmt: skip
    net = dr.Network(3, [dr.Dense(4, "tanh"), dr.Dense(2, "sigmoid")])
    other = dr.Network(3, [dr.Dense(4, whole), dr.Dense(2, "sigmoid")])
    theta, X = net.init(1), np.array([[0.5, -1.0, 2.0]])
    bp = dr.backprop(net, theta, X, [[0.3, 0.8]], rule=f"hidden={rule}")
    nets, outputs = other.forward(theta, X)
    assert np.array_equal(nets[1], bp.nets[1])
    T = outputs[-1] - bp.outputs[-1] + np.array([[0.3, 0.8]])  # the same y - T at the output
    again = dr.backprop(other, theta, X, T)
    scale = bp.outputs[-1] * (1 - bp.outputs[-1]) / (outputs[-1] * (1 - outputs[-1]))
    W = net.unpack(theta)[1]["W"]
    assert np.allclose(((again.deltas[2] * scale) @ W) * whole.derivative(nets[1]), bp.deltas[1],
                       rtol=1e-13)  # fmt: skip


@pytest.mark.parametrize("engine", ["reference", "compiled"])
@pytest.mark.parametrize("rule", ["offset:0.1", "floor:0.23", "clip:0.1,0.2", "constant"])
def test_it_trains_in_both_engines(rule, engine):
    whole = dr.DeltaRule(hidden=rule).consistent_activation(ACTIVATIONS.get("sigmoid"))
    net = dr.Network(2, [dr.Dense(4, whole), dr.Dense(1, "sigmoid")])
    xor = dr.data.load("xor")
    options = {"epochs": 20, "batch_size": 2, "theta": net.init(1)}
    run = dr.train(net, xor.X, xor.T, engine=engine, **options)
    assert run.engine == engine
    assert run.history["error"][-1] < run.history["error"][0]
    plain = dr.Network(2, [dr.Dense(4, "sigmoid"), dr.Dense(1, "sigmoid")])
    changed = dr.train(plain, xor.X, xor.T, rule=f"hidden={rule}", engine=engine, **options)
    assert not np.allclose(changed.theta, run.theta), (
        "changing the rule is not changing the network"
    )


def test_where_there_is_none():
    for rule, name, why in (
        ("random", "sigmoid", "a random number is no function of net"),
        ("symmetric", "relu", "needs outputs with two ends"),
        ("offset", "softmax", "couples a row"),
    ):
        with pytest.raises(dr.UsageError, match=f"{rule} has no consistent activation: .*{why}"):
            DERIVATIVES.get(rule).consistent_activation(ACTIVATIONS.get(name))
    with pytest.raises(dr.UsageError, match="unknown layer"):
        dr.DeltaRule().consistent_activation(ACTIVATIONS.get("tanh"), layer="last")
