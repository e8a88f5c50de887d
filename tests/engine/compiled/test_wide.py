"""Wider layers than the random ones: products in several tiles and blocks, on every edge."""

from __future__ import annotations

import numpy as np
import pytest
from compiled import backprop
from numeric import assert_close

import deltarule as dr

SIZES = [
    (64, 32, 10), (65, 33, 17, 9), (7, 129, 5), (5, 257, 3), (300, 1, 300), (1, 400, 1),
    (784, 128, 10), (17, 16, 15, 14, 13, 2),
]  # fmt: skip


def problem(sizes, n, dtype=np.float64):
    rng = np.random.default_rng(sum(sizes))
    net = dr.Network(sizes[0], [*(dr.Dense(m, "tanh") for m in sizes[1:-1]), dr.Dense(sizes[-1])])
    theta = net.init(1) + 0.01 * rng.normal(size=net.size)
    X, T = rng.normal(size=(n, sizes[0])), rng.normal(size=(n, sizes[-1]))
    return net, theta.astype(dtype), X.astype(dtype), T.astype(dtype)


@pytest.mark.parametrize("n", [1, 33])
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_gradients(sizes, n):
    net, theta, X, T = problem(sizes, n)
    expected = dr.backprop(net, theta, X, T, l2=0.01)
    found = backprop(net, theta, X, T, l2=0.01)
    assert_close(found.gradient, expected.gradient, 1e-12)
    assert found.error == pytest.approx(expected.error, rel=1e-13)


@pytest.mark.parametrize("sizes", SIZES[1::2], ids=str)
def test_gradients_in_float32(sizes):
    """Sums of up to 257 products, each rounded to 6e-8: 1e-5 of the largest entry."""
    net, theta, X, T = problem(sizes, 33, np.float32)
    expected = dr.backprop(net, *(a.astype(float) for a in (theta, X, T)))
    found = backprop(net, theta, X, T)
    assert found.gradient.dtype == np.float32
    assert_close(found.gradient, expected.gradient, 1e-5)
    assert found.error == pytest.approx(expected.error, rel=1e-5)


@pytest.mark.parametrize("sizes", SIZES[:4], ids=str)
def test_training_with_a_last_smaller_batch(sizes):
    net, theta, X, T = problem(sizes, 75)
    options = {"theta": theta, "epochs": 3, "batch_size": 32, "optimizer": dr.optim.Adam(1e-3)}
    expected = dr.train(net, X, T, engine="reference", **options)
    found = dr.train(net, X, T, engine="compiled", **options)
    assert np.max(np.abs(found.theta - expected.theta)) <= 1e-9
    np.testing.assert_allclose(found.history["error"], expected.history["error"], rtol=1e-10)


@pytest.mark.parametrize("batch_size", [1, 16])
@pytest.mark.parametrize("sizes", SIZES[:3], ids=str)
def test_the_sequential_order_by_layers(sizes, batch_size):
    net, theta, X, T = problem(sizes, 40)
    options = {"theta": theta, "epochs": 2, "batch_size": batch_size, "rule": "sequential",
               "optimizer": dr.optim.SGD(0.01)}  # fmt: skip
    expected = dr.train(net, X, T, engine="reference", **options)
    found = dr.train(net, X, T, engine="compiled", **options)
    assert found.engine == "compiled"
    assert np.max(np.abs(found.theta - expected.theta)) <= 1e-11
    exact = dr.train(net, X, T, engine="compiled", **options | {"rule": "exact"})
    assert np.max(np.abs(found.theta - exact.theta)) > 1e-6, "it is another rule"
