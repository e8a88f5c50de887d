"""`dr.backprop`: what it returns, in which shapes and which order."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numeric import STEP, assert_close

from deltarule import Backprop, Dense, Network

NET = Network(4, [Dense(3, "tanh"), Dense(5, "sigmoid", bias=False), Dense(2, "identity")])


@pytest.fixture
def problem(rng):
    theta = rng.normal(size=NET.size)
    return theta, rng.normal(size=(6, 4)), rng.normal(size=(6, 2))


def test_lists_are_indexed_by_layer_and_index_0_is_the_input(transparent, problem):
    theta, X, T = problem
    bp = transparent.backprop(NET, theta, X, T)
    assert isinstance(bp, Backprop)
    assert np.array_equal(bp.outputs[0], X)
    for a in (bp.nets, bp.dE_dy, bp.deltas):
        assert len(a) == 4
        assert a[0] is None
    for l, n in enumerate((3, 5, 2), 1):
        for a in (bp.nets, bp.outputs, bp.dE_dy, bp.deltas):
            assert a[l].shape == (6, n)
    assert bp.gradient.shape == theta.shape
    assert type(bp.error) is float
    assert (type(bp.penalty), bp.penalty) == (float, 0.0)


def test_every_array_is_the_equation_of_the_theory_page(transparent, problem):
    """One sample by hand with einsum, layer by layer (f' from the activations' definitions)."""
    theta, X, T = problem
    bp = transparent.backprop(NET, theta, X, T, reduction="sum")
    W1, b1 = theta[:12].reshape(3, 4), theta[12:15]
    W2 = theta[15:30].reshape(5, 3)
    last, b3 = theta[30:40].reshape(2, 5), theta[40:42]
    assert NET.size == 42
    net1 = np.einsum("jk,ik->ij", W1, X) + b1
    y1 = np.tanh(net1)
    net2 = np.einsum("jk,ik->ij", W2, y1)
    y2 = 1 / (1 + np.exp(-net2))
    y3 = np.einsum("jk,ik->ij", last, y2) + b3
    d3 = y3 - T
    e2 = np.einsum("ij,jk->ik", d3, last)
    d2 = e2 * np.exp(-net2) * y2**2
    e1 = np.einsum("ij,jk->ik", d2, W2)
    d1 = e1 / np.cosh(net1) ** 2
    expected = {
        "nets": (net1, net2, y3),
        "outputs": (y1, y2, y3),
        "dE_dy": (e1, e2, d3),
        "deltas": (d1, d2, d3),
    }
    for name, arrays in expected.items():
        for l, a in enumerate(arrays, 1):
            assert_close(getattr(bp, name)[l], a, 1e-14, f"{name}[{l}]")
    parts = [
        np.einsum("ij,ik->jk", d1, X), d1.sum(0), np.einsum("ij,ik->jk", d2, y1),
        np.einsum("ij,ik->jk", d3, y2), d3.sum(0),
    ]  # fmt: skip
    assert_close(bp.gradient, np.concatenate([p.ravel() for p in parts]), 1e-14)
    assert bp.error == pytest.approx(0.5 * np.sum((T - y3) ** 2), rel=1e-14)


def test_gradient_order_is_w_row_by_row_then_b(engine):
    """x = (1, 10), y = W x + b, T = 0: dE/dw_jk = y_j x_k, dE/db_j = y_j, all different."""
    net = Network(2, [Dense(3)])
    theta = net.pack([([[1, 0], [0, 1], [1, 1]], [0, 0, 0])])  # y = 1, 10, 11
    bp = engine.backprop(net, theta, [[1.0, 10.0]], np.zeros((1, 3)), reduction="sum")
    assert bp.gradient.tolist() == [1, 10, 10, 100, 11, 110, 1, 10, 11]


def test_deltas_hold_the_reduction_and_the_weights(transparent, problem):
    """They are dE/dnet of E as defined: checked by a complex step of E in a bias."""
    theta, X, T = problem
    s = np.array([1.0, 2.0, 0.5, 0.0, 3.0, 1.5])
    plain = transparent.backprop(NET, theta, X, T, reduction="sum")
    for reduction, divisor in (("sum", 1.0), ("mean", 8.0)):
        bp = transparent.backprop(NET, theta, X, T, reduction=reduction, sample_weight=s)
        for l in (1, 2, 3):
            assert_close(bp.deltas[l], plain.deltas[l] * s[:, None] / divisor, 1e-14)
            assert_close(bp.dE_dy[l], plain.dE_dy[l] * s[:, None] / divisor, 1e-14)
        moved = theta.astype(complex)
        moved[40] += 1j * STEP  # b of the first output
        slope = transparent.backprop(
            NET, moved, X, T, reduction=reduction, sample_weight=s
        ).error.imag / STEP  # fmt: skip
        assert bp.deltas[3][:, 0].sum() == pytest.approx(slope, rel=1e-13)


def test_mean_divides_by_samples_never_by_outputs(engine):
    net = Network(1, [Dense(5, bias=False)])
    theta = np.ones(5)
    bp = engine.backprop(net, theta, [[1.0], [1.0]], np.zeros((2, 5)), loss="squared_error")
    assert bp.error == 5.0
    assert bp.gradient.tolist() == [2.0] * 5


def test_defaults_are_half_squared_error_and_mean(engine, problem):
    theta, X, T = problem
    default = engine.backprop(NET, theta, X, T)
    given = engine.backprop(
        NET, theta, X, T, loss="half_squared_error", reduction="mean", rule="exact", l2=0.0
    )
    assert default.error == given.error
    assert np.array_equal(default.gradient, given.gradient)
    assert default.error == pytest.approx(np.sum((T - NET(theta, X)) ** 2) / 12, rel=1e-14)


def test_one_observation_and_one_output_may_be_flat(engine, rng):
    net = Network(3, [Dense(1, "tanh")])
    theta, x = rng.normal(size=4), rng.normal(size=3)
    full = engine.backprop(net, theta, x[None, :], [[0.5]])
    for X, T in (([x], [0.5]), (x, [0.5]), (x, 0.5), (x.tolist(), [[0.5]])):
        found = engine.backprop(net, theta, X, T)
        assert found.error == full.error
        assert np.array_equal(found.gradient, full.gradient)
        assert not engine.transparent or found.outputs[0].shape == (1, 3)
    two = Network(3, [Dense(2)])
    flat = engine.backprop(two, np.ones(8), x, [1.0, 2.0])
    assert np.array_equal(flat.gradient, engine.backprop(two, np.ones(8), [x], [[1, 2]]).gradient)
    single = Network(1, [Dense(1)])
    column = engine.backprop(single, np.ones(2), [1.0, 2.0, 3.0], [0.0, 0.0, 0.0])
    assert not engine.transparent or column.outputs[0].shape == (3, 1)


@pytest.mark.parametrize("kind", [np.int64, np.float32, bool])
def test_inputs_and_targets_follow_theta_s_dtype(engine, kind):
    net = Network(2, [Dense(1)])
    X, T = np.array([[1, 0], [0, 1]], dtype=kind), np.array([[1], [0]], dtype=kind)
    for dtype in (np.float32, np.float64):
        bp = engine.backprop(net, np.full(3, 0.5, dtype=dtype), X, T)
        assert bp.gradient.dtype == dtype
        assert not engine.transparent or bp.outputs[0].dtype == dtype
        assert bp.error == 0.25


def test_nothing_given_is_changed(engine, problem):
    theta, X, T = problem
    s = np.arange(6.0)
    before = [a.copy() for a in (theta, X, T, s)]
    for rule, lr in (("exact", None), ("sequential", 0.5)):
        engine.backprop(NET, theta, X, T, sample_weight=s, l2=0.5, rule=rule, lr=lr)
    for a, b in zip(before, (theta, X, T, s), strict=True):
        assert np.array_equal(a, b)


def test_a_complex_theta_is_a_complex_step(transparent, problem):
    """The imaginary part of E, of y and of the gradient itself: a derivative to all digits."""
    theta, X, T = problem
    direction = np.linspace(-1, 1, NET.size)
    moved = transparent.backprop(NET, theta + 1j * STEP * direction, X, T)
    bp = transparent.backprop(NET, theta, X, T)
    assert moved.gradient.dtype == np.complex128
    assert type(moved.error) is complex
    assert moved.error.real == pytest.approx(bp.error, rel=1e-15)
    assert moved.error.imag / STEP == pytest.approx(bp.gradient @ direction, rel=1e-12)
    assert_close(moved.gradient.real, bp.gradient, 1e-15)
    h = 1e-6
    ends = [transparent.backprop(NET, theta + d * h * direction, X, T).gradient for d in (-1, 1)]
    assert_close(moved.gradient.imag / STEP, (ends[1] - ends[0]) / (2 * h), 1e-8)


def test_what_is_not_finite_is_in_the_result_and_no_warning(transparent):
    net = Network(1, [Dense(1, "exp")])
    bp = transparent.backprop(net, [1.0, 0.0], [[1e4]], [[1.0]])
    assert bp.outputs[1][0, 0] == math.inf
    assert not math.isfinite(bp.error)
    assert not np.all(np.isfinite(bp.gradient))
