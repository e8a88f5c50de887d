"""The gradient as the theory page's sum over all paths, multiplied out one by one."""

from __future__ import annotations

import numpy as np
from numeric import assert_close
from paths import path_sum
from together import together

from deltarule import Dense, Network

SLOPED = ("identity", "tanh", "sigmoid", "sin", "softplus")


def as_lists(net, theta):
    """Return [(W, b, activation)] as plain lists."""
    found = []
    for layer, p in zip(net.layers, net.unpack(theta), strict=True):
        b = p["b"].tolist() if layer.bias else [0.0] * layer.units
        found.append((p["W"].tolist(), b, layer.activation.name))
    return found


def summed_over_paths(net, theta, X, T):
    """Return the gradient of sum 1/2 (T - y)^2, weight by weight, path by path."""
    layers, total = as_lists(net, theta), np.zeros(net.size)
    for x, target in zip(X.tolist(), T.tolist(), strict=True):

        def dE_dy(y, target=target):
            return [v - t for v, t in zip(y, target, strict=True)]

        gradient = []
        for l, layer in enumerate(net.layers, 1):
            weights = [(j, k) for j in range(layer.units) for k in range(net.sizes[l - 1])]
            biases = [(j, None) for j in range(layer.units)] if layer.bias else []
            gradient += [path_sum(layers, x, dE_dy, l, j, k)[0] for j, k in weights + biases]
        total += gradient
    return total


def random_network(rng):
    depth = int(rng.integers(1, 5))
    layers = [
        Dense(int(rng.integers(1, 5)), str(rng.choice(SLOPED)), bias=bool(rng.random() < 0.7))
        for _ in range(depth)
    ]
    if rng.random() < 0.25:
        layers[-1] = Dense(int(rng.integers(2, 5)), "softmax", bias=layers[-1].bias)
    return Network(int(rng.integers(1, 5)), layers)


@together("seed", range(40))
def test_random_networks_of_up_to_four_layers(engine, seed):
    rng = np.random.default_rng(seed)
    net = random_network(rng)
    theta = rng.normal(size=net.size)
    X, T = rng.normal(size=(3, net.inputs)), rng.normal(size=(3, net.sizes[-1]))
    found = engine.backprop(net, theta, X, T, reduction="sum")
    assert_close(found.gradient, summed_over_paths(net, theta, X, T), 2e-13, repr(net))


def test_the_3_3_3_1_network_has_one_path_from_layer_2_and_three_from_layer_1(engine):
    """Writing only one of the three is the commonest mistake of a derivation by hand."""
    net = Network(3, [Dense(3, "sigmoid"), Dense(3, "sigmoid"), Dense(1, "sigmoid")])
    theta = net.init(seed=0)
    x, target = [0.1, 0.2, 0.3], 1.0
    layers = as_lists(net, theta)
    gradient = engine.backprop(net, theta, [x], [[target]], reduction="sum").gradient
    expected = {1: 3, 2: 1, 3: 1}
    for l, paths in expected.items():
        for j in range(net.sizes[l]):
            for k in range(3):
                value, count = path_sum(layers, x, lambda y: [y[0] - target], l, j, k)
                assert count == paths
                assert abs(net.unpack(gradient)[l - 1]["W"][j, k] - value) <= 1e-16


def test_one_path_alone_is_not_the_derivative(engine):
    """The test above can fail: leave two of the three paths out and it does."""
    net = Network(3, [Dense(3, "sigmoid"), Dense(3, "sigmoid"), Dense(1, "sigmoid")])
    theta = net.init(seed=0)
    layers = as_lists(net, theta)
    whole, _ = path_sum(layers, [0.1, 0.2, 0.3], lambda y: [y[0] - 1.0], 1, 0, 0)
    W, b, f = layers[2]
    layers[2] = ([[W[0][0], 0.0, 0.0]], b, f)
    parted, _ = path_sum(layers, [0.1, 0.2, 0.3], lambda y: [y[0] - 1.0], 1, 0, 0)
    assert abs(parted - whole) > 0.05 * abs(whole)
