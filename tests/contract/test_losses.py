"""Every loss: e against a hand-written formula, de/dy against the complex step of both."""

from __future__ import annotations

import math

import numpy as np
import pytest
from formulas import label
from numeric import STEP, slope
from textbook import LOSS

from deltarule import UsageError
from deltarule.core.namespace import NUMPY
from deltarule.losses import LOSSES, ArctanhError, Huber, Quantile

EVERY = [loss() for loss in LOSSES]
EVERY += [LOSSES.get(s) for s in ("huber:0.25", "huber:2", "quantile:0.9", "arctanh_error:3")]
POINTS = [(loss, y, T) for loss in EVERY for y, T in loss.probes]
each = pytest.mark.parametrize("loss", EVERY, ids=label)
each_probe = pytest.mark.parametrize(
    ("loss", "y", "T"), POINTS, ids=[f"{label(loss)}@{y:g},{T:g}" for loss, y, T in POINTS]
)
each_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def oracle(loss, y, T):
    parameters = {k: v for k, v in loss.to_dict().items() if k != "name"}
    return complex(LOSS[loss.name](y, T, **parameters))


def grid(loss):
    """Return pairs (y, T) off the kinks, over the whole of the loss's domain."""
    low, high = (max(v, -9.0) if v < 0 else min(v, 9.0) for v in loss.output_range)
    ys = low + (high - low) * np.array([0.013, 0.17, 0.37, 0.52, 0.71, 0.93, 0.991])
    low, high = (max(v, -9.0) if v < 0 else min(v, 9.0) for v in loss.target_range)
    targets = low + (high - low) * np.array([0.0, 0.031, 0.47, 0.88, 1.0])
    return [(float(y), float(T)) for y in ys for T in targets]


def test_every_loss_has_an_oracle():
    assert set(LOSS) == set(LOSSES.names()), "write it out in tests/support/textbook.py"


@each
def test_probes_lie_in_the_domain_and_not_on_one_side_of_T_alone(loss):
    for y, T in loss.probes:
        assert loss.output_range[0] <= y <= loss.output_range[1]
        assert loss.target_range[0] <= T <= loss.target_range[1]
    assert len({np.sign(y - T) for y, T in loss.probes}) > 1


@each
def test_e_is_the_formula(loss):
    for y, T in [*loss.probes, *grid(loss)]:
        expected = oracle(loss, y, T).real
        scale = max(1.0, abs(expected)) if "log" in loss.equation else abs(expected)
        assert abs(loss(y, T) - expected) <= 1e-14 * scale, (y, T)


@each
def test_slope_is_the_complex_step_of_the_formula(loss):
    for y, T in [*loss.probes, *grid(loss)]:
        expected = oracle(loss, y + 1j * STEP, T).imag / STEP
        if abs(y - T) < 1e-12:
            continue  # perhaps a kink: see below
        assert abs(loss.derivative(y, T) - expected) <= 1e-13 * max(1.0, abs(expected)), (y, T)


@each_probe
def test_slope_is_the_complex_step_of_e(loss, y, T):
    e, _ = loss.body(NUMPY)
    expected = slope(lambda y: e(y, np.array([T + 0j])), y)
    assert abs(loss.derivative(y, T) - expected) <= 1e-13 * max(1.0, abs(expected))


@each
def test_e_is_continuous_and_follows_its_slope(loss):
    """Trajectory y across the domain: e has no jump, and de/dy is its slope (trapezium rule)."""
    low, high = (max(v, -9.0) if v < 0 else min(v, 9.0) for v in loss.output_range)
    margin = 0.05 * (high - low) if loss.output_range != (-math.inf, math.inf) else 0.0
    y = np.linspace(low + margin, high - margin, 20_001) + 1e-7
    h = y[1] - y[0]
    for T in (0.25, 0.5, 1.0):
        e, de = loss(y, T), loss.derivative(y, T)
        rise = 0.5 * h * (de[1:] + de[:-1])
        assert np.all(np.abs(np.diff(e) - rise) <= h * (5e-4 + np.abs(np.diff(de))))


@each
@each_dtype
def test_dtype_and_shape_are_kept(loss, dtype):
    y, T = np.array([loss.probes], dtype=dtype).transpose(2, 0, 1)
    e, de = loss.body(NUMPY)
    for found in (e(y, T), de(y, T), loss(y, T), loss.derivative(y, T)):
        assert found.dtype == dtype
        assert found.shape == y.shape
    assert loss([1], [1]).dtype == np.float64
    exact = loss(y.astype(np.float64), T.astype(np.float64))
    assert np.all(np.abs(loss(y, T) - exact) <= 1e-6 * np.maximum(1.0, np.abs(exact)))


@pytest.mark.parametrize("loss", [v for v in EVERY if v.output_range[0] == -math.inf], ids=label)
@each_dtype
def test_large_differences_do_not_overflow(loss, dtype):
    e, de = loss.body(NUMPY)
    y, T = np.array([1e4, -1e4, 1e4], dtype=dtype), np.array([0.0, 1e4, -1e4], dtype=dtype)
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        found, slopes = e(y, T), de(y, T)
    assert np.all(np.isfinite(slopes))
    for k in range(3):
        d = abs(float(y[k]) - float(T[k]))
        expected = d - math.log(2) if loss.name == "log_cosh" else oracle(loss, y[k], T[k]).real
        assert abs(found[k] - expected) <= 4 * np.finfo(dtype).eps * abs(expected)


@pytest.mark.parametrize(
    ("name", "y", "T", "e", "de"),
    [
        ("absolute_error", 1.0, 1.0, 0.0, 0.0),
        ("quantile", 1.0, 1.0, 0.0, 0.0),
        ("log_cosh", 1.0, 1.0, 0.0, 0.0),
        ("huber", 2.0, 1.0, 0.5, 1.0),
        ("huber", 0.0, 1.0, 0.5, -1.0),
        ("arctanh_error", 0.5, 0.5, 0.0, 0.0),
        ("binary_cross_entropy", 1.0, 1.0, 0.0, -1.0),
        ("binary_cross_entropy", 0.0, 0.0, 0.0, 1.0),
        ("binary_cross_entropy", 0.0, 1.0, math.inf, -math.inf),
        ("binary_cross_entropy", 1.0, 0.0, math.inf, math.inf),
        ("cross_entropy", 0.0, 0.0, 0.0, 0.0),
        ("cross_entropy", 1.0, 1.0, 0.0, -1.0),
        ("cross_entropy", 0.0, 0.5, math.inf, -math.inf),
        ("poisson", 0.0, 0.0, 0.0, 1.0),
        ("poisson", 0.0, 2.0, math.inf, -math.inf),
    ],
)
def test_at_the_corners_of_the_domain(name, y, T, e, de):
    """0 log 0 = 0; a certain and wrong answer costs infinity; kinks take 0."""
    assert LOSSES.get(name)(y, T) == e
    assert LOSSES.get(name).derivative(y, T) == de


@pytest.mark.parametrize(
    ("kind", "bad"),
    [(Huber, v) for v in (0.0, -1.0, math.nan)]
    + [(Quantile, v) for v in (0.0, 1.0, -0.1, 1.1, math.nan)]
    # from 38 on tanh(limit / 2) is 1 in float64, and e at the edge log 0
    + [(ArctanhError, v) for v in (0.0, -1.0, math.nan, math.inf, 40.0)],
)
def test_a_parameter_out_of_range_is_refused(kind, bad):
    with pytest.raises(UsageError, match=f"{kind.name}: .*not {bad}"):
        kind(bad)


def test_the_arctanh_error_is_clipped_where_its_slope_reaches_17():
    """Fahlman (1988): the derivative is log((1+d)/(1-d)), cut at +-17."""
    loss, d = ArctanhError(), np.array([0.0, 0.5, 0.9, 0.999999])
    expected = np.log((1 + d) / (1 - d))
    assert np.allclose(loss.derivative(d, 0.0), expected, rtol=1e-10, atol=0.0)
    assert np.allclose(loss.derivative(1 - d, 1.0), -expected, rtol=1e-9, atol=1e-15)
    assert loss.derivative([1.0, 0.0], [0.0, 1.0]).tolist() == [17.0, -17.0]


def test_the_minimum_of_the_pinball_is_the_quantile(rng):
    """Koenker and Bassett: of 999 numbers, the best constant for tau = 0.9 is the 900th."""
    T = np.sort(rng.normal(size=999))
    totals = [Quantile(0.9)(np.full(999, y), T).sum() for y in T]
    assert int(np.argmin(totals)) + 1 == 900
