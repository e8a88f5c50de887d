"""Activations that couple a row: the Jacobian, stability, independence of rows."""

from __future__ import annotations

import itertools

import mpmath as mp
import numpy as np
import pytest
from formulas import ROWWISE, label
from numeric import STEP, assert_close

from deltarule import Dense, Network, UsageError
from deltarule.core.namespace import NUMPY

each = pytest.mark.parametrize("activation", ROWWISE, ids=label)
each_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def jacobian(f, row):
    """Return dy_i/dnet_j of one row by complex steps."""
    columns = [f((row + 1j * STEP * e)[None, :])[0].imag / STEP for e in np.eye(len(row))]
    return np.stack(columns, axis=1)


@each
@pytest.mark.parametrize("width", [2, 3, 5])
def test_vjp_is_the_jacobian_from_complex_steps(activation, width, rng):
    f, vjp = activation.body(NUMPY)
    net = 2.0 * rng.normal(size=(7, width))
    dE_dy = rng.normal(size=(7, width))
    expected = np.stack([d @ jacobian(f, row) for row, d in zip(net, dE_dy, strict=True)])
    assert_close(vjp(f(net), dE_dy), expected, 1e-13)


@each
def test_vjp_on_every_row_of_probes(activation):
    f, vjp = activation.body(NUMPY)
    for row in itertools.product(activation.probes, repeat=2):
        net = np.array([row])
        expected = jacobian(f, net[0])
        for i in range(2):
            found = vjp(f(net), np.eye(2)[[i]])[0]
            assert np.max(np.abs(found - expected[i])) <= 1e-13


@each
def test_derivative_is_the_jacobian_i_before_j(activation, rng):
    f, _ = activation.body(NUMPY)
    net = rng.normal(size=(4, 3))
    expected = np.stack([jacobian(f, row) for row in net])
    assert_close(activation.derivative(net), expected, 1e-13)
    assert_close(activation.derivative(net[0]), expected[0], 1e-13)
    blocks = activation.derivative(net.reshape(2, 2, 3))
    assert_close(blocks, expected.reshape(2, 2, 3, 3), 1e-13)


@each
def test_rows_are_independent(activation, rng):
    """Changing one row leaves the others' bits as they are."""
    f, vjp = activation.body(NUMPY)
    net, dE_dy = rng.normal(size=(5, 3)), rng.normal(size=(5, 3))
    other, changed = net.copy(), dE_dy.copy()
    other[2], changed[2] = 1e4 * rng.normal(size=3), 50.0
    keep = [0, 1, 3, 4]
    assert np.array_equal(f(net)[keep], f(other)[keep])
    assert np.array_equal(vjp(f(net), dE_dy)[keep], vjp(f(other), changed)[keep])
    for r in range(5):
        assert_close(f(net[[r]]), f(net)[[r]], 4e-16)


@each
@each_dtype
def test_rows_are_accurate_up_to_1e4(activation, dtype):
    """Against e^net_j / sum_i e^net_i with 50 digits."""
    values = (-1e4, -30.0, 0.0, 1e-8, 0.5, 30.0, 1e4)
    net = np.array(list(itertools.product(values, repeat=3)), dtype=dtype)
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        found = activation.body(NUMPY)[0](net)
    assert found.dtype == dtype
    low, high = activation.range
    assert np.all((found >= low) & (found <= high))
    for row, y in zip(net, found, strict=True):
        powers = [mp.exp(mp.mpf(float(v))) for v in row]
        for power, v in zip(powers, y, strict=True):
            exact = power / mp.fsum(powers)
            assert abs(mp.mpf(float(v)) - exact) <= 8 * float(np.finfo(dtype).eps)


@each
@each_dtype
def test_slopes_stay_finite_and_keep_their_dtype(activation, dtype):
    f, vjp = activation.body(NUMPY)
    net = np.array([[1e4, -1e4, 0.0], [0.0, 0.0, 0.0], [-1e4, -1e4, -1e4]], dtype=dtype)
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        delta = vjp(f(net), np.ones_like(net))
    assert delta.dtype == dtype
    assert np.max(np.abs(delta)) <= 4 * np.finfo(dtype).eps  # outputs that always sum to 1
    assert activation.derivative(net).dtype == dtype


@each
def test_only_the_last_layer_may_couple_a_row(activation):
    with pytest.raises(UsageError, match=f"layer 1 of 2 .*{activation.name}.*last layer only"):
        Network(2, [Dense(3, activation), Dense(2)])
