"""Every stand-in for f', against its formula written out once more, on a network by hand.

The network is 2-2-1 with sigmoids, one observation, E = 1/2 (T - y)^2: every number below is
plain arithmetic on the theory's equations.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from together import together

import deltarule as dr
from deltarule.core.namespace import NUMPY
from deltarule.rules import DERIVATIVES, LayerPass

W1, b1 = [[0.5, -1.0], [2.0, 1.5]], [0.1, -0.3]
W2, b2 = [[1.2, -0.7]], [0.2]
X, T = [[1.0, 0.5]], [[1.0]]
NET = dr.Network(2, [dr.Dense(2, "sigmoid"), dr.Dense(1, "sigmoid")])
THETA = NET.pack([(W1, b1), (W2, b2)])


def sigmoid(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-x))


def by_hand(hidden, output):
    """Return (delta_1, delta_2) with g(net, y, f') in the place of f'."""
    nets = [W[0] * X[0][0] + W[1] * X[0][1] + b for W, b in zip(W1, b1, strict=True)]
    y = [sigmoid(net) for net in nets]
    net = W2[0][0] * y[0] + W2[0][1] * y[1] + b2[0]
    out = sigmoid(net)
    delta = (out - T[0][0]) * output(net, out, out * (1.0 - out))
    below = [delta * W2[0][j] * hidden(nets[j], y[j], y[j] * (1.0 - y[j])) for j in range(2)]
    return below, [delta]


WRITTEN = {
    "exact": lambda net, y, slope: slope,
    "constant:0.7": lambda net, y, slope: 0.7,
    "offset:0.3": lambda net, y, slope: slope + 0.3,
    "floor:0.2": lambda net, y, slope: max(slope, 0.2),
    "clip:0.1,0.22": lambda net, y, slope: min(max(slope, 0.1), 0.22),
    "power:0.5": lambda net, y, slope: math.sqrt(slope),
    "power:0.8": lambda net, y, slope: slope**0.8,
    "power:1.5": lambda net, y, slope: slope**1.5,
    "symmetric": lambda net, y, slope: min(y, 1.0 - y),
    "straight_through:1.5": lambda net, y, slope: 1.0 if abs(net) <= 1.5 else 0.0,
    "fast_sigmoid:2": lambda net, y, slope: 1.0 / (1.0 + 2.0 * abs(net)) ** 2,
    "arctan:2": lambda net, y, slope: 1.0 / (1.0 + (2.0 * net) ** 2),
    "triangular:0.4": lambda net, y, slope: max(0.0, 1.0 - 0.4 * abs(net)),
}


def test_every_stand_in_is_written_out_here_but_the_random_one():
    assert {name.partition(":")[0] for name in WRITTEN} == set(DERIVATIVES.names()) - {"random"}


@together("output", tuple(WRITTEN))
@pytest.mark.parametrize("hidden", WRITTEN)
def test_deltas_by_hand(hidden, output):
    rule = dr.DeltaRule(hidden=hidden, output=output)
    found = dr.backprop(NET, THETA, X, T, reduction="sum", rule=rule)
    below, last = by_hand(WRITTEN[hidden], WRITTEN[output])
    assert np.allclose(found.deltas[2][0], last, rtol=1e-13, atol=0.0)
    assert np.allclose(found.deltas[1][0], below, rtol=1e-13, atol=0.0)
    g = NET.unpack(found.gradient)
    assert np.allclose(g[0]["W"], np.outer(below, X[0]), rtol=1e-13, atol=0.0)


@pytest.mark.parametrize("name", WRITTEN)
def test_every_side_of_every_edge(name):
    """Nets of both signs, on the edges, and where a stand-in is 0."""
    net = np.array([-9.0, -3.1, -2.5, -1.7, -1.5, -0.4, 0.0, 0.3, 1.2, 1.5, 2.5, 2.9, 7.5])
    y = np.array([sigmoid(x) for x in net])
    slope = y * (1.0 - y)
    at = LayerPass(1, (0.0, 1.0), 1, lambda net: net)
    found = DERIVATIVES.get(name).body(NUMPY)(net, y, slope, at)
    expected = [WRITTEN[name](*three) for three in zip(net, y, slope, strict=True)]
    assert np.allclose(found, expected, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("name", WRITTEN)
def test_in_single_layers(name):
    """A stand-in for one layer is one for all hidden layers, where there is but one."""
    single = dr.DeltaRule(layers={1: {"derivative": name}})
    every = dr.DeltaRule(hidden=name)
    a, b = (dr.backprop(NET, THETA, X, T, rule=rule).gradient for rule in (single, every))
    assert np.array_equal(a, b)


def test_power_keeps_the_sign_of_a_slope_and_0():
    slope = np.array([-0.25, 0.0, 0.25])
    at = LayerPass(1, (0.0, 1.0), 1, lambda net: net)
    for p, expected in ((0.5, [-0.5, 0.0, 0.5]), (0.0, [-1.0, 0.0, 1.0]), (1.0, slope)):
        stand_in = DERIVATIVES.get(f"power:{p}").body(NUMPY)
        assert np.allclose(stand_in(slope, slope, slope, at), expected, atol=1e-15)


def test_symmetric_knows_the_range():
    net = dr.Network(2, [dr.Dense(3, "tanh"), dr.Dense(1)])
    theta = net.init(1)
    rule = dr.DeltaRule(hidden="symmetric")
    bp = dr.backprop(net, theta, X, T, rule=rule)
    W = net.unpack(theta)[1]["W"]
    assert np.allclose(bp.deltas[1], (bp.deltas[2] @ W) * (1.0 - np.abs(bp.outputs[1])))
    relu = dr.Network(2, [dr.Dense(3, "relu"), dr.Dense(1)])
    with pytest.raises(dr.UsageError, match=r"layer 1: .*symmetric.*relu has none"):
        dr.backprop(relu, relu.init(0), X, T, rule=rule)


def test_random_numbers_belong_to_seed_layer_and_update():
    rule = "hidden=random:0.5,2"
    net = dr.Network(2, [dr.Dense(50, "tanh"), dr.Dense(40, "tanh"), dr.Dense(1)])
    theta, rows = net.init(0), np.random.default_rng(0).normal(size=(30, 2))

    def slopes(seed, layer):
        found = dr.backprop(net, theta, rows, rows[:, :1], rule=rule, seed=seed)
        W = net.unpack(theta)[layer]["W"]
        return found.deltas[layer] / (found.deltas[layer + 1] @ W)

    first = slopes(1, 1)
    assert first.min() >= 0.5
    assert first.max() < 2.0
    assert abs(first.mean() - 1.25) < 0.05
    assert np.array_equal(first, slopes(1, 1))
    assert not np.array_equal(first, slopes(2, 1))
    assert abs(np.corrcoef(first[:, :40].ravel(), slopes(1, 2).ravel())[0, 1]) < 0.1

    def trained(seed, epochs):
        options = {"rule": rule, "optimizer": "sgd", "batch_size": None}
        return dr.train(net, rows, rows[:, :1], theta=theta, seed=seed, epochs=epochs, **options)

    assert np.array_equal(trained(5, 3).theta, trained(5, 3).theta)
    step = [trained(5, k + 1).theta - trained(5, k).theta for k in range(2)]
    again = dr.train(net, rows, rows[:, :1], theta=trained(5, 1).theta, seed=5, epochs=1,
                     rule=rule, optimizer="sgd", batch_size=None)  # fmt: skip
    assert not np.allclose(again.theta - trained(5, 1).theta, step[1], rtol=1e-6)


def test_a_step_learns_by_a_surrogate_and_by_nothing_else():
    xor = dr.data.load("xor")
    net = dr.Network(2, [dr.Dense(16, "step"), dr.Dense(1, "sigmoid")])
    options = {"loss": "binary_cross_entropy", "batch_size": None, "epochs": 600, "seed": 1,
               "optimizer": dr.optim.Adam(lr=0.05)}  # fmt: skip
    with pytest.warns(UserWarning, match="layer 1 has the activation step, whose f' is 0"):
        exact = dr.train(net, xor.X, xor.T, **options)
    first = net.unpack(net.init(1))[0]["W"]
    assert np.array_equal(net.unpack(exact.theta)[0]["W"], first)
    run = dr.train(net, xor.X, xor.T, rule="hidden=triangular:0.5", **options)
    assert not np.array_equal(net.unpack(run.theta)[0]["W"], first)
    assert np.array_equal(net(run.theta, xor.X) > 0.5, xor.T > 0.5)
