"""relu and identity networks against backpropagation in exact rationals."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from rational import exact, flat, gradient
from together import together

from deltarule import Dense, Network

EPS = Fraction(np.finfo(float).eps)


NETWORKS = 50
"""So many networks take turns, which are compiled; the numbers are new for every seed."""


def by_network(seeds):
    """Return those of the same network one after the other: it is compiled once."""
    return sorted(range(seeds), key=lambda seed: seed % NETWORKS)


def network(seed):
    rng = np.random.default_rng(seed % NETWORKS)
    layers = [
        Dense(
            int(rng.integers(1, 6)), str(rng.choice(["relu", "identity"])), bool(rng.random() < 0.8)
        )
        for _ in range(int(rng.integers(1, 4)))
    ]
    return Network(int(rng.integers(1, 6)), layers)


def by_fractions(net, theta, X, T):
    """Return (E, gradient) in fractions, of exactly the floats that are given."""
    layers = []
    for layer, p in zip(net.layers, net.unpack(theta), strict=True):
        b = p["b"].tolist() if layer.bias else [0.0] * layer.units
        layers.append((exact(p["W"].tolist()), exact(b), layer.activation.name))
    E, found = gradient(layers, exact(X.tolist()), exact(T.tolist()))
    return E, flat(layers, found, [layer.bias for layer in net.layers])


def well_posed(seed):
    """Return a network and random samples whose gradient is not the rest of a cancellation.

    Numbers of size 1, targets away from the outputs; draws whose largest entry is below 1/2 are
    drawn again (there the forward rounding alone, whatever the code, exceeds 8 eps of it).
    """
    net, rng = network(seed), np.random.default_rng(seed)
    while True:
        n = int(rng.integers(1, 5))
        theta, X = rng.uniform(-1, 1, net.size), rng.uniform(-1, 1, (n, net.inputs))
        T = rng.uniform(2, 4, (n, net.sizes[-1]))
        E, expected = by_fractions(net, theta, X, T)
        if max(abs(v) for v in expected) >= Fraction(1, 2):
            return net, theta, X, T, E, expected


@together("seed", by_network(250))
def test_gradient_is_within_8_eps_of_the_largest_entry(engine, seed):
    net, theta, X, T, E, expected = well_posed(seed)
    found = engine.backprop(net, theta, X, T, reduction="sum")
    largest = max(abs(v) for v in expected)
    worst = max(
        abs(Fraction(g) - v) for g, v in zip(found.gradient.tolist(), expected, strict=True)
    )
    assert worst <= 8 * EPS * largest
    assert abs(Fraction(found.error) - E) <= 8 * EPS * E


@together("seed", by_network(200))
def test_small_dyadic_numbers_come_out_exactly(engine, seed):
    """Multiples of 1/4 with few bits: no operation rounds, so every bit of the result is right.

    Nets that are exactly 0 occur here, and there relu's slope is 0.
    """
    net, rng = network(seed), np.random.default_rng(1000 + seed)
    n = 4

    def dyadic(*shape):
        return rng.integers(-8, 9, shape) / 4.0

    theta, X, T = dyadic(net.size), dyadic(n, net.inputs), dyadic(n, net.sizes[-1])
    E, expected = by_fractions(net, theta, X, T)
    for reduction, divisor in (("sum", 1), ("mean", n)):
        found = engine.backprop(net, theta, X, T, reduction=reduction)
        assert Fraction(found.error) == E / divisor
        assert [Fraction(g) for g in found.gradient.tolist()] == [v / divisor for v in expected]


def test_the_networks_differ_and_the_kink_is_met():
    """What the tests above draw: both activations, biases or none, nets of exactly 0."""
    nets = [network(seed) for seed in range(NETWORKS)]
    names = {layer.activation.name for net in nets for layer in net.layers}
    assert names == {"relu", "identity"}
    assert {layer.bias for net in nets for layer in net.layers} == {True, False}
    assert {len(net.layers) for net in nets} == {1, 2, 3}
    zeros = 0
    for seed in range(200):
        net, rng = network(seed), np.random.default_rng(1000 + seed)
        theta, X = rng.integers(-8, 9, net.size) / 4.0, rng.integers(-8, 9, (4, net.inputs)) / 4.0
        hit = net.forward(theta, X)[0]
        zeros += sum(
            np.count_nonzero(hit[l] == 0)
            for l, layer in enumerate(net.layers, 1)
            if layer.activation.name == "relu"
        )
    assert zeros > 50
