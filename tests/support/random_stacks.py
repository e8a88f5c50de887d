"""Random stacks of layers over time, for tests that try many."""

from __future__ import annotations

import os

import numpy as np

from deltarule import GRU, LSTM, Conv1d, Dense, EachStep, Elman, Flatten, Jordan, Last, Network

STACKS = int(os.environ.get("DELTARULE_STACKS", "100"))
"""How many stacks a test tries: 100, or as many as the variable says."""


def stack(index: int) -> tuple[Network, np.ndarray, np.ndarray, np.ndarray]:
    """Return network, theta, X and T of case `index`."""
    rng = np.random.default_rng((16, index))

    def units():
        return int(rng.integers(1, 6))

    layers = []
    for _ in range(int(rng.integers(1, 4))):
        layers.append(
            [
                lambda: Elman(units(), str(rng.choice(["tanh", "relu"]))),
                lambda: GRU(units()),
                lambda: LSTM(units()),
                lambda: Jordan(units(), units(), "tanh", str(rng.choice(["identity", "sigmoid"]))),
                lambda: Conv1d(units(), int(rng.integers(1, 4)), int(rng.integers(1, 4)), "tanh"),
                lambda: EachStep(Dense(units(), "sigmoid")),
            ][int(rng.integers(6))]()
        )
    layers += [
        [Last(), Dense(units(), "tanh")],
        [Flatten(), Dense(units())],
        [EachStep(Dense(units()))],
    ][int(rng.integers(3))]
    net = Network((int(rng.integers(1, 8)), units()), layers)
    n = int(rng.integers(1, 6))
    theta = net.init(seed=index) + 0.2 * rng.normal(size=net.size)
    return net, theta, rng.normal(size=(n, *net.shapes[0])), rng.normal(size=(n, *net.shapes[-1]))
