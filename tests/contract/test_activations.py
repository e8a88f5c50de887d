"""Every activation: f' is the derivative of f on every branch, kinks are where they are said."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from formulas import ELEMENTWISE, label
from numeric import difference, slope
from together import together

from deltarule import UsageError
from deltarule.activations import ACTIVATIONS, LeakyReLU, ReLU
from deltarule.core.namespace import NUMPY

each = pytest.mark.parametrize("activation", ELEMENTWISE, ids=label)
PROBES = [(a, float(p)) for a in ELEMENTWISE for p in a.probes]
each_probe = together(("activation", "net"), PROBES)


def largest_slope(activation):
    return np.max(np.abs(activation.derivative(np.array(activation.probes))))


@each
def test_probes_lie_on_both_sides_of_every_kink_and_of_zero(activation):
    probes = np.array(activation.probes, dtype=float)
    edges = sorted({*activation.kinks, 0.0, -np.inf, np.inf})
    for low, high in itertools.pairwise(edges):
        assert np.any((probes > low) & (probes < high)), f"no probe in ({low}, {high})"
    for kink in activation.kinks:
        assert np.all(np.abs(probes - kink) > 1e-3), "a probe on a kink proves nothing"


@each_probe
def test_slope_is_the_complex_step_of_f(activation, net):
    f, _ = activation.body(NUMPY)
    found = activation.derivative(net)
    assert abs(found - slope(f, net)) <= 1e-13 * largest_slope(activation)


@each_probe
def test_slope_is_the_central_difference_of_f(activation, net):
    """A second opinion, which does not depend on complex arithmetic.

    At 0 the second derivative may jump (softsign, elu): the error is then of the order of h.
    """
    tolerance = 3e-9 if net else 2e-5
    found = activation.derivative(net)
    assert abs(found - difference(activation, net)) <= tolerance * largest_slope(activation)


@each_probe
def test_slope_given_y_needs_no_second_look_at_f(activation, net):
    f, df = activation.body(NUMPY)
    x = np.array([net])
    assert np.array_equal(np.broadcast_to(df(x, f(x)), (1,)), activation.derivative(x))


@each
def test_slope_at_a_kink_is_one_of_the_two_sides(activation):
    for kink in activation.kinks:
        left, here, right = activation.derivative(kink + np.array([-1e-12, 0.0, 1e-12]))
        allowed = [left, right]
        if isinstance(activation, ReLU):
            allowed = [activation.at_zero]
        assert np.min(np.abs(here - np.array(allowed))) <= 1e-11


@each
def test_no_kink_is_kept_quiet_and_f_has_no_jump(activation):
    """Trajectory over [-9, 9]: between declared kinks neither f nor f' jumps.

    Steps do at theirs, and say that they are flat.
    """
    grid = np.linspace(-9.0, 9.0, 36_001) + 1e-7
    step = grid[1] - grid[0]
    y, slopes = activation(grid), activation.derivative(grid)
    size = np.maximum(1.0, np.abs(slopes))
    jumps = np.flatnonzero(np.abs(np.diff(y)) > 2.0 * step * size[1:])
    assert len(jumps) == (len(activation.kinks) if activation.flat else 0)
    assert activation.flat == (not slopes.any())
    jump = np.abs(np.diff(slopes)) > 6.0 * step * size[1:]
    for low in grid[:-1][jump]:
        assert any(low <= kink <= low + step for kink in activation.kinks), f"a kink near {low}"


@each
def test_kinks_are_kinks_but_for_elu_with_alpha_1(activation):
    look = activation if activation.flat else activation.derivative
    for kink in activation.kinks:
        left, right = look(kink + np.array([-1e-9, 1e-9]))
        assert (abs(left - right) > 1e-6) != (label(activation) == "elu:1.0")


@each
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_and_shape_are_kept(activation, dtype):
    net = np.array([[*activation.probes, *activation.kinks, 0.0]], dtype=dtype)
    f, df = activation.body(NUMPY)
    y = f(net)
    for found in (y, df(net, y), activation(net), activation.derivative(net)):
        assert found.dtype == dtype
    for found in (y, activation(net), activation.derivative(net)):
        assert found.shape == net.shape
    assert np.broadcast_to(df(net, y), net.shape).shape == net.shape


@each
def test_integers_and_lists_are_taken_as_float64(activation):
    expected = activation(np.array([-2.0, 1.0]))
    assert activation([-2, 1]).dtype == np.float64
    assert np.array_equal(activation([-2, 1]), expected)
    assert np.array_equal(activation.derivative([-2, 1]), activation.derivative([-2.0, 1.0]))


@each
def test_slopes_may_be_written_to(activation):
    activation.derivative(np.zeros(3))[0] = 5.0


@pytest.mark.parametrize("at_zero", [-0.01, 1.01])
def test_relu_refuses_a_slope_outside_its_two_sides(at_zero):
    with pytest.raises(UsageError, match="at_zero is f'\\(0\\), any number from 0 to 1"):
        ReLU(at_zero)


@pytest.mark.parametrize(
    "spec",
    [
        *("relu:nan", "leaky_relu:nan", "leaky_relu:inf", "elu:nan", "elu:inf"),
        *("scaled_tanh:nan,1", "scaled_tanh:1,inf"),
        "scaled_tanh:0,1",  # f' = s (a - y)(a + y) / a would be 0 / 0
    ],
)
def test_parameters_at_which_the_formula_breaks_are_refused(spec):
    with pytest.raises(UsageError, match=f"{spec.partition(':')[0]}: .* ha(s|ve) to be"):
        ACTIVATIONS.get(spec)


@pytest.mark.parametrize("at_zero", [0.0, 0.25, 1.0])
def test_relu_takes_its_slope_at_zero(at_zero):
    assert ReLU(at_zero).derivative([-1e-300, 0.0, 1e-300]).tolist() == [0.0, at_zero, 1.0]
    assert ReLU(at_zero).derivative(-0.0) == at_zero


def test_kinks_take_the_sides_that_the_docstrings_name():
    assert LeakyReLU(0.25).derivative(0.0) == 0.25
    assert ACTIVATIONS.get("elu:0.5").derivative(0.0) == 0.5
    assert ACTIVATIONS.get("selu").derivative(0.0).round(3) == 1.758
    assert ACTIVATIONS.get("hard_tanh").derivative([-1.0, 1.0]).tolist() == [0.0, 0.0]
    assert ACTIVATIONS.get("hard_sigmoid").derivative([-3.0, 3.0]).tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("name", "init"),
    [
        ("identity", "glorot_uniform"),
        ("sigmoid", "glorot_uniform"),
        ("tanh", "glorot_uniform"),
        ("softmax", "glorot_uniform"),
        ("scaled_tanh", "lecun_uniform"),
        ("selu", "lecun_normal"),
        ("relu", "he_uniform"),
        ("leaky_relu", "he_uniform"),
        ("elu", "he_uniform"),
        ("softplus", "he_uniform"),
        ("gelu", "he_uniform"),
        ("silu", "he_uniform"),
        ("mish", "he_uniform"),
    ],
)
def test_the_initialiser_suits(name, init):
    """Glorot for S-shapes, He for rectifiers, LeCun for LeCun's tanh and for selu."""
    assert ACTIVATIONS[name].init == init
