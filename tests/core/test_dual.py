"""Dual numbers, against complex steps of the same lines."""

from __future__ import annotations

import numpy as np
import pytest

from deltarule.core.arrays.dual import DUAL, Dual, tangent
from deltarule.core.namespace import NUMPY

STEP = 1e-30


@pytest.mark.parametrize(
    "f",
    [
        lambda xp, x, c: x * x - 3.0 * x + c,
        lambda xp, x, c: c - x / (c + x * c) + 2.0 / x,
        lambda xp, x, c: (x / c) ** 3 - (-x) * x,
        lambda xp, x, c: xp.exp(x) * xp.log(x) + xp.log1p(x) - xp.expm1(x),
        lambda xp, x, c: xp.sqrt(x) + xp.tanh(x) * xp.sin(x) - xp.cos(x * c),
        lambda xp, x, c: xp.where(c > 1.0, x * x, c) + xp.where(c > 1.0, 1.0, x),
        lambda xp, x, c: x @ x.T + (c @ x.T) + (x @ c.T),
        lambda xp, x, c: xp.row_sum(x * x) + xp.sum(x, axis=0) * xp.sum(x),
        lambda xp, x, c: xp.concatenate([x[0], c[1], x.reshape(-1)[2:4]]),
    ],
)
def test_the_tangent_is_the_derivative_along(f):
    rng = np.random.default_rng(0)
    x, v, c = rng.uniform(0.5, 2.0, (3, 2, 3))
    found = f(DUAL, Dual(x, v), c)
    expected = f(NUMPY, x + 1j * STEP * v, c)
    np.testing.assert_allclose(found.value, expected.real, rtol=1e-14)
    np.testing.assert_allclose(found.tangent, expected.imag / STEP, rtol=1e-13)


def test_what_has_no_complex_step():
    x, v = np.array([[0.5, 2.0, 1.0]]), np.array([[1.0, 3.0, 5.0]])
    assert DUAL.row_max(Dual(x, v)).tangent.tolist() == [[3.0]]
    assert DUAL.maximum(Dual(x, v), Dual(1.0 + 0.0 * x, 0.0 * v)).tangent.tolist() == [[0, 3, 5]]
    # d erfc/dx = -2/sqrt(pi) exp(-x^2), from differences
    h = 1e-6
    slope = (NUMPY.erfc(x + h * v) - NUMPY.erfc(x - h * v)) / (2 * h)
    np.testing.assert_allclose(DUAL.erfc(Dual(x, v)).tangent, slope, rtol=1e-8)
    d = Dual(x, v)
    assert (d < 1.0).tolist() == [[True, False, False]]
    assert (d <= 1.0).tolist() == [[True, False, True]]
    assert (d > d.T[0]).tolist() == [[False, True, True]]
    assert (d >= 2.0).tolist() == [[False, True, False]]
    assert (d == 1.0).tolist() == [[False, False, True]]
    assert (d != 1.0).tolist() == [[True, True, False]]
    assert (d.ndim, d.size, len(d), d.dtype) == (2, 3, 1, np.float64)


def test_plain_numbers_pass():
    x = np.array([0.5, 2.0])
    for name in ("exp", "tanh", "erfc", "row_max", "row_sum", "sum"):
        assert np.array_equal(getattr(DUAL, name)(x), getattr(NUMPY, name)(x))
    assert np.array_equal(tangent(x), np.zeros(2))
    with pytest.raises(AttributeError, match="no function arctan"):
        DUAL.arctan(x)
