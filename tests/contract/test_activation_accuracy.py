"""Every activation against 50 digits, from 1e-8 to 1e4, in both dtypes, without a warning."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest
from formulas import ELEMENTWISE, F, derivative, far_from_kinks, label, value

from deltarule.activations import ACTIVATIONS
from deltarule.core.namespace import NUMPY

SIZES = (1e-8, 1e-3, 0.1, 0.6, 1.0, 2.5, 3.5, 8.0, 20.0, 30.0, 90.0, 700.0, 720.0, 1e4)
GRID = (0.0, *SIZES, *(-s for s in SIZES))
TAILS = ("sigmoid", "softplus", "silu", "exp", "tanh", "elu", "softsign", "identity")
SLOPE_TAILS = ("sigmoid", "tanh", "scaled_tanh", "softsign", "elu", "selu", "softplus", "gelu",
               "silu", "exp", "gaussian")  # fmt: skip

each = pytest.mark.parametrize("activation", ELEMENTWISE, ids=label)
each_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def points(activation, dtype, *, kinks=True):
    grid = np.array([*GRID, *activation.kinks], dtype=dtype)
    return grid if kinks else grid[[far_from_kinks(activation, g) for g in grid]]


def overflows(activation, dtype, net):
    return abs(value(activation, net)) > mp.mpf(float(np.finfo(dtype).max))


def test_every_activation_has_an_oracle():
    assert set(F) == {a.name for a in ELEMENTWISE}, "write it out in tests/support/formulas.py"


@each
@each_dtype
def test_f_is_accurate(activation, dtype):
    """Within 8 eps of |y|, or of |net| where that is smaller than 1 (0 has to come out small)."""
    eps = float(np.finfo(dtype).eps)
    for net in points(activation, dtype):
        y, exact = activation(net), value(activation, net)
        if overflows(activation, dtype, net):
            continue
        scale = max(abs(exact), min(1.0, abs(float(net))))
        assert abs(mp.mpf(float(y)) - exact) <= 8 * eps * scale, f"net = {net}"


@each
@each_dtype
def test_slope_is_accurate(activation, dtype):
    """Within 16 eps of |f'|, or of the usual largest slope, 1 (silu at 30 loses 13: 1 - s)."""
    eps = float(np.finfo(dtype).eps)
    for net in points(activation, dtype, kinks=False):
        found, exact = activation.derivative(net), derivative(activation, net)
        if overflows(activation, dtype, net):
            continue
        assert abs(mp.mpf(float(found)) - exact) <= 16 * eps * max(1.0, abs(exact)), f"net = {net}"


@pytest.mark.parametrize("name", TAILS)
@each_dtype
def test_tails_keep_their_digits(name, dtype):
    """Where f is tiny it is still right to 8 eps of itself: nothing is taken from 1."""
    activation, eps = ACTIVATIONS.get(name), float(np.finfo(dtype).eps)
    for net in np.array([-30.0, -20.0, -8.0, -1e-3, -1e-8, 1e-8, 1e-3], dtype=dtype):
        exact = value(activation, net)
        assert abs(mp.mpf(float(activation(net))) - exact) <= 8 * eps * abs(exact), f"net = {net}"


@pytest.mark.parametrize("name", SLOPE_TAILS)
@each_dtype
def test_slopes_of_saturated_nodes_keep_their_digits(name, dtype):
    """Where f' is tiny it is still right to a few eps of itself, times the condition of exp."""
    activation, eps = ACTIVATIONS.get(name), float(np.finfo(dtype).eps)
    for net in np.array([-30, -20, -12, -8, -4, -1e-3, 1e-3, 4, 8, 12, 20, 30], dtype=dtype):
        exact = derivative(activation, net)
        if abs(exact) < float(np.finfo(dtype).tiny):
            continue
        condition = 1.0 + abs(float(net)) ** (2 if name in ("gelu", "gaussian") else 1)
        error = abs(mp.mpf(float(activation.derivative(net))) - exact)
        assert error <= 8 * eps * condition * abs(exact), f"net = {net}"


@each
@each_dtype
def test_nothing_overflows_but_exp(activation, dtype):
    """Finite up to |net| = 1e4, without a floating-point error; exp is inf where e^net is."""
    f, df = activation.body(NUMPY)
    net = points(activation, dtype)
    over = np.array([overflows(activation, dtype, v) for v in net])
    assert over.any() == (activation.name == "exp")
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        y = f(net[~over])
        slopes = df(net[~over], y)
    assert np.all(np.isfinite(y))
    assert np.all(np.isfinite(slopes))
    assert np.all(activation(net[over]) == math.inf)
    assert np.all(activation.derivative(net[over]) == math.inf)


@each
@each_dtype
def test_y_lies_in_the_declared_range(activation, dtype):
    low, high = activation.range
    net = np.concatenate([points(activation, dtype), np.linspace(-12, 12, 2001, dtype=dtype)])
    y = activation(net)
    assert np.all((y >= low) & (y <= high))


@each
def test_the_declared_range_is_filled(activation):
    """It is the smallest interval: f comes close to both ends, or grows past 100."""
    y = activation(np.linspace(-300.0, 300.0, 60_001))
    low, high = activation.range
    if low == -math.inf:
        assert high == math.inf  # unbounded is also said of what is bounded but reaches below 0
    else:
        assert y.min() <= low + 0.005
    assert y.max() >= (100.0 if high == math.inf and y.max() > 2.0 else min(high, 1.7) - 0.005)


def test_exp_overflows_exactly_where_it_must():
    for dtype in (np.float32, np.float64):
        edge = dtype(math.log(float(np.finfo(dtype).max)))
        below = np.nextafter(edge, dtype(0)) - 2 * np.spacing(edge)
        above = np.nextafter(edge, dtype(np.inf)) + 2 * np.spacing(edge)
        exp = ACTIVATIONS.get("exp")
        assert np.isfinite(exp(below))
        assert np.isinf(exp(above))
