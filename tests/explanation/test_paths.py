"""Paths: every one by brute force, the largest ones, exact rationals, the forum's questions."""

from __future__ import annotations

import itertools
import math
import time
from fractions import Fraction

import numpy as np
import pytest
from paths import SLOPES, forward, path_sum
from together import together

import deltarule as dr


def as_lists(net, theta):
    """Return the network as (W, b, activation) in plain Python."""
    found = []
    for layer, p in zip(net.layers, net.unpack(theta), strict=True):
        b = p["b"].tolist() if layer.bias else [0.0] * layer.units
        found.append((p["W"].tolist(), b, layer.activation.name))
    return found


def brute_force(layers, x, residual, l, j, k):
    """Return {nodes: product} for one observation; nodes from 1, of squared errors."""
    nets, outputs = forward(layers, x)
    L, found = len(layers), {}
    softmax = layers[-1][2] == "softmax"
    ends = range(len(outputs[L])) if softmax else (None,)
    for route in itertools.product([j], *(range(len(layers[m][1])) for m in range(l, L)), ends):
        nodes, product = route[:-1], outputs[l - 1][k - 1]
        for m, node in enumerate(nodes, l):
            if m > l:
                product *= layers[m - 1][0][node][nodes[m - l - 1]]
            name = layers[m - 1][2]
            product *= 1.0 if name == "softmax" else SLOPES[name](nets[m][node])
        i, y = route[-1], outputs[L]
        if softmax:
            product *= y[i] * ((1.0 if i == nodes[-1] else 0.0) - y[nodes[-1]])
        end = i if softmax else nodes[-1]
        key = (k, *(node + 1 for node in nodes), *((i + 1,) if softmax else ()))
        found[key] = product * (y[end] - residual[end])
    return found


@pytest.mark.parametrize("output", ["tanh", "softmax"])
@pytest.mark.parametrize("seed", range(6))
def test_all_paths_and_the_largest_are_those_of_brute_force(seed, output):
    rng = np.random.default_rng(seed)
    net = dr.Network(3, [dr.Dense(4, "sigmoid"), dr.Dense(3, "tanh"), dr.Dense(5, "sin"),
                         dr.Dense(3, output)])  # fmt: skip
    theta, X = rng.normal(size=net.size), rng.normal(size=(2, 3))
    T = rng.normal(size=(2, 3))
    layers = as_lists(net, theta)
    expected = {
        (i + 1, *nodes): product
        for i in range(2)
        for nodes, product in brute_force(layers, X[i].tolist(), T[i].tolist(), 1, 1, 3).items()
    }
    everything = dr.explain(net, theta, X, T, weight=(1, 2, 3), limit=1000)
    assert everything.path_count == len(expected) == len(everything.paths)
    assert {(p.observation, *p.nodes) for p in everything.paths} == set(expected)
    scale = max(map(abs, expected.values()))
    for path in everything.paths:
        assert abs(path.product - expected[path.observation, *path.nodes]) <= 1e-13 * scale
        assert math.prod(f.number for f in path.factors) == path.product
    exactly = dr.explain(net, theta, X, T, weight=(1, 2, 3), limit=len(everything.paths))
    assert [p.nodes for p in exactly.paths] == [p.nodes for p in everything.paths]
    assert exactly.remainder == 0.0
    some = dr.explain(net, theta, X, T, weight=(1, 2, 3), limit=25)
    best = sorted(expected, key=lambda key: -abs(expected[key]))[:25]
    assert [(p.observation, *p.nodes) for p in some.paths] == best
    left = math.fsum(v for key, v in expected.items() if key not in best)
    assert abs(some.remainder - left) <= 1e-12 * scale * len(expected)
    assert some.path_count == len(expected)


def test_the_3_3_3_1_network_of_the_forum():
    """Three paths for a first-layer weight, one for the second layer; the hidden deltas."""
    net = dr.Network(3, [dr.Dense(3, "sigmoid"), dr.Dense(3, "sigmoid"), dr.Dense(1, "sigmoid")])
    theta = net.init(seed=0)
    x, t = [0.1, 0.2, 0.3], 1.0
    layers = as_lists(net, theta)
    for l, j, k in [(1, 1, 1), (1, 2, 3), (2, 1, 1), (2, 3, 2), (3, 1, 2)]:
        found = dr.explain(net, theta, x, t, weight=(l, j, k))
        value, count = path_sum(layers, x, lambda y: [y[0] - t], l, j - 1, k - 1)
        assert len(found.paths) == count == {1: 3, 2: 1, 3: 1}[l]
        assert abs(found.value - value) <= 1e-15
    first = dr.explain(net, theta, x, t, weight=(1, 1, 1))
    assert [path.nodes for path in first.paths] == [(1, 1, 1, 1), (1, 1, 2, 1), (1, 1, 3, 1)]
    assert [f.name for f in first.paths[1].factors] == [
        "y[0,1]", "f'(net[1,1])", "w[2,2,1]", "f'(net[2,2])", "w[3,1,2]", "f'(net[3,1])",
        "dE/dy[3,1]",
    ]  # fmt: skip
    # the hidden deltas, by hand: delta3 = (y - T) y (1 - y), delta2 = delta3 w3 y2 (1 - y2), ...
    _, y = forward(layers, x)
    w2, w3 = layers[1][0], layers[2][0]
    delta3 = (y[3][0] - t) * y[3][0] * (1 - y[3][0])
    delta2 = [delta3 * w3[0][i] * y[2][i] * (1 - y[2][i]) for i in range(3)]
    delta1 = [
        sum(delta2[i] * w2[i][j] for i in range(3)) * y[1][j] * (1 - y[1][j]) for j in range(3)
    ]
    for l, deltas in ((3, [delta3]), (2, delta2), (1, delta1)):
        for j, delta in enumerate(deltas, 1):
            node = dr.explain_node(net, theta, x, t, node=(l, j))
            assert abs(node.value - delta) <= 1e-16
    steps = [step.name for step in first.recursion]
    assert steps == ["delta[3,1]", "delta[2,1]", "delta[2,2]", "delta[2,3]", "delta[1,1]",
                     "dE/dw[1,1,1]"]  # fmt: skip


@together("seed", range(60))
def test_relu_paths_in_exact_rationals(seed):
    """Quarters with few bits: no product rounds, so every path has to be exact to the last bit."""
    rng = np.random.default_rng(seed)
    net = dr.Network(2, [dr.Dense(3, "relu"), dr.Dense(2, "relu"), dr.Dense(2)])
    theta = rng.integers(-4, 5, net.size) / 4.0
    x, t = rng.integers(-4, 5, 2) / 4.0, rng.integers(-4, 5, 2) / 4.0
    layers = [
        ([[Fraction(w) for w in row] for row in W], [Fraction(v) for v in b], name)
        for W, b, name in as_lists(net, theta)
    ]
    y, nets = [[Fraction(v) for v in x]], [[]]
    for W, b, name in layers:
        nets.append([sum((w * v for w, v in zip(r, y[-1], strict=True)), c)
                     for r, c in zip(W, b, strict=True)])  # fmt: skip
        y.append([max(v, Fraction(0)) if name == "relu" else v for v in nets[-1]])
    found = dr.explain(net, theta, x, t, weight=(1, 2, 1))
    total = Fraction(0)
    for path in found.paths:
        _, j1, j2, j3 = path.nodes
        expected = y[0][0] * (nets[1][j1 - 1] > 0) * layers[1][0][j2 - 1][j1 - 1]
        expected *= (nets[2][j2 - 1] > 0) * layers[2][0][j3 - 1][j2 - 1]
        expected *= y[3][j3 - 1] - Fraction(float(t[j3 - 1]))
        assert Fraction(path.product) == expected
        total += expected
    assert Fraction(found.value) == total


def test_mazur_number_by_number():
    """Mazur, 'A Step by Step Backpropagation Example': the figures that the page prints."""
    net = dr.Network(2, [dr.Dense(2, "sigmoid", train_bias=False)] * 2)
    theta = net.pack([([[0.15, 0.20], [0.25, 0.30]], [0.35, 0.35]),
                      ([[0.40, 0.45], [0.50, 0.55]], [0.60, 0.60])])  # fmt: skip
    x, t = [0.05, 0.10], [0.01, 0.99]

    def near(value):
        return pytest.approx(value, rel=0, abs=0.50001e-9)

    w5 = dr.explain(net, theta, x, t, weight=(2, 1, 1))
    assert w5.value == near(0.082167041)
    (path,) = w5.paths
    assert [f.number for f in path.factors] == [
        near(0.593269992), near(0.186815602), pytest.approx(0.74136507, rel=0, abs=0.5001e-8),
    ]  # fmt: skip
    assert dr.explain_node(net, theta, x, t, node=(2, 1)).value == near(0.138498562)

    w1 = dr.explain(net, theta, x, t, weight=(1, 1, 1))
    assert w1.value == near(0.000438568)
    slope, dE_dy = w1.factors[1], w1.factors[2]
    assert (slope.number, dE_dy.number) == (near(0.241300709), near(0.036350306))
    through = [path.product / (0.05 * slope.number) for path in w1.paths]
    # the page multiplies rounded figures and prints -.019049119; the exact ninth digit is 8
    assert through == [near(0.055399425), pytest.approx(-0.019049119, rel=0, abs=1e-9)]
    sgd = {u.optimizer: u for u in dr.explain(net, theta, x, t, weight=(2, 1, 1)).update}["sgd"]
    assert theta[net.layout.entries[2].start] - 0.5 * w5.value == near(0.358916480)
    assert sgd.after == 0.4 - 0.1 * w5.value


def test_the_sequential_order_carries_deltas_through_updated_weights():
    net = dr.Network(2, [dr.Dense(2, "sigmoid")] * 2)
    theta = net.pack([([[0.15, 0.20], [0.25, 0.30]], [0.35, 0.35]),
                      ([[0.40, 0.45], [0.50, 0.55]], [0.60, 0.60])])  # fmt: skip
    x, t = [0.05, 0.10], [0.01, 0.99]
    found = dr.explain(net, theta, x, t, weight=(1, 1, 1), rule="sequential", lr=0.5)
    bp = dr.backprop(net, theta, x, t, reduction="sum", rule="sequential", lr=0.5)
    assert found.value == bp.gradient[0]
    assert abs(math.fsum(p.product for p in found.paths) - found.value) <= 1e-18
    used = {f.name: f.number for p in found.paths for f in p.factors if f.name.startswith("w")}
    assert used == {"w'[2,1,1]": pytest.approx(0.35891648, abs=0.51e-8),
                    "w'[2,2,1]": pytest.approx(0.511301270, abs=0.51e-9)}  # fmt: skip
    with pytest.raises(dr.UsageError, match="give it lr="):
        dr.explain(net, theta, x, t, weight=(1, 1, 1), rule="sequential")


def test_the_order_of_observations_does_not_matter_to_the_largest(rng):
    net = dr.Network(3, [dr.Dense(6, "tanh"), dr.Dense(6, "tanh"), dr.Dense(2)])
    theta, X, T = rng.normal(size=net.size), rng.normal(size=(9, 3)), rng.normal(size=(9, 2))
    one = dr.explain(net, theta, X, T, weight=(1, 1, 1), limit=12)
    other = dr.explain(net, theta, X[::-1], T[::-1], weight=(1, 1, 1), limit=12)
    assert [(10 - p.observation, p.nodes) for p in other.paths] == [
        (p.observation, p.nodes) for p in one.paths
    ]


def test_a_deep_wide_network_is_not_enumerated(rng):
    """Seven trillion paths: walking through them all would take days."""
    net = dr.Network(20, [dr.Dense(300, "tanh")] * 6 + [dr.Dense(3)])
    theta, x = net.init(seed=0), rng.random(20)
    began = time.perf_counter()
    found = dr.explain(net, theta, x, np.ones(3), weight=(1, 3, 5))
    assert time.perf_counter() - began < 20.0
    assert found.path_count == 300**5 * 3
    sizes = [abs(p.product) for p in found.paths]
    assert len(sizes) == 20
    assert sizes == sorted(sizes, reverse=True)


def test_dead_paths_are_counted_but_not_sought():
    net = dr.Network(1, [dr.Dense(5, "relu"), dr.Dense(5, "relu"), dr.Dense(2)])
    theta = net.init(seed=1)
    net.unpack(theta)[1]["b"][:] = -1e3
    found = dr.explain(net, theta, [1.0], [0.0, 1.0], weight=(1, 1, 1), limit=4)
    assert (found.value, found.remainder, found.paths, found.path_count) == (0.0, 0.0, (), 10)
    assert "10 other paths, all 0" in str(found)
