"""XOR from all weights .6 (stackoverflow.com/questions/2359571): the first four epochs."""

from __future__ import annotations

import numpy as np
import pytest

import deltarule as dr

NET = dr.Network(2, [dr.Dense(2, "sigmoid"), dr.Dense(1, "sigmoid")])
X, T = [[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]]
FIGURES = [  # largest and mean |T - y| after epochs 1 to 4
    (0.5435466682137927, 0.4999991292217466),
    (0.5435080531724404, 0.4999982558452263),
    (0.5434701135827593, 0.4999973799942081),
    (0.5434328258833577, 0.49999650178769495),
]


def test_four_epochs_online(engine):
    """Bias input -1 with weight .6: our b = -.6. Order 00, 01, 10, 11; lr .1; e = 1/2 (T - y)^2.

    With both hidden nodes equal they stay equal, so that XOR cannot be learnt from here.
    """
    theta = NET.pack([(np.full((2, 2), 0.6), [-0.6] * 2), (np.full((1, 2), 0.6), [-0.6])])
    found = []

    def measure(epoch):
        miss = np.abs(np.array(T) - NET(epoch.theta, X))
        found.append((miss.max(), miss.mean()))

    run = engine.train(
        NET, X, T, theta=theta, reduction="sum", optimizer=dr.optim.SGD(0.1), epochs=4,
        batch_size=1, shuffle=False, callbacks=measure,
    )  # fmt: skip
    for got, expected in zip(found, FIGURES, strict=True):
        assert got == pytest.approx(expected, rel=0, abs=1e-15)
    W = NET.unpack(run.theta)[0]["W"]
    assert np.array_equal(W[0], W[1])


def test_the_same_by_single_steps_of_backprop(engine):
    """Without the training loop: sixteen gradients, sixteen steps."""
    theta = np.array([0.6, 0.6, 0.6, 0.6, -0.6, -0.6, 0.6, 0.6, -0.6])
    for largest, mean in FIGURES:
        for x, t in zip(X, T, strict=True):
            theta = theta - 0.1 * engine.backprop(NET, theta, [x], [t]).gradient
        miss = np.abs(np.array(T) - NET(theta, X))
        assert (miss.max(), miss.mean()) == pytest.approx((largest, mean), rel=0, abs=1e-15)
