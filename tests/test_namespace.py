"""The namespace of the formulas: NumPy's own results and dtypes, at every size."""

from __future__ import annotations

import cmath
import copy
import math

import numpy as np
import pytest

from deltarule.core.namespace import NUMPY, magnitude, namespace, sign

each_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])
each_size = pytest.mark.parametrize("shape", [(), (1,), (511,), (512,), (30, 40), (4, 20, 30)])


@each_dtype
@each_size
def test_where_is_numpy_s_where(dtype, shape, rng):
    """Constants, arrays and mixtures; short arrays and long ones."""
    values = rng.normal(size=shape).astype(dtype)
    condition = values > 0
    one, half = NUMPY.constant(1.0, values), NUMPY.constant(0.5, values)
    for a, b in ((one, half), (half, one), (values, half), (one, values), (values, -values)):
        found, expected = NUMPY.where(condition, a, b), np.where(condition, a, b)
        assert found.dtype == expected.dtype == dtype
        assert found.shape == expected.shape
        assert np.array_equal(found, expected)


@each_dtype
def test_where_takes_conditions_of_any_layout(dtype, rng):
    condition = rng.random((40, 60)) < 0.5
    one, two = np.asarray(1.0, dtype), np.asarray(2.0, dtype)
    for view in (condition.T, condition[::-1, ::2], np.asfortranarray(condition)):
        assert np.array_equal(NUMPY.where(view, one, two), np.where(view, one, two))


@each_dtype
def test_a_constant_has_the_dtype_of_what_it_stands_beside(dtype):
    like = np.zeros(3, dtype)
    assert NUMPY.constant(0.1, like).dtype == dtype
    assert NUMPY.constant(0.1, like) == dtype(0.1)
    assert NUMPY.constant(0.1, like.astype(complex)).dtype == complex


@each_dtype
def test_magnitudes_and_signs(dtype):
    values = np.array([-2.0, -0.0, 0.0, 0.5, math.nan], dtype)
    for of, expected in ((magnitude, np.abs(values)), (sign, np.sign(values[:-1]))):
        found = of(values, NUMPY)
        assert found.dtype == dtype
        assert np.array_equal(found[: len(expected)], expected, equal_nan=True)
    assert sign(values, NUMPY)[-1] == 0.0
    assert magnitude(np.array([-2.0 + 1e-30j]), NUMPY) == 2.0 - 1e-30j


def test_rows_keep_their_axis():
    a = np.array([[1.0, 5.0, 2.0], [-3.0, -1.0, -2.0]])
    assert NUMPY.row_sum(a).tolist() == [[8.0], [-6.0]]
    assert NUMPY.row_max(a).tolist() == [[5.0], [-1.0]]
    assert NUMPY.row_sum(np.ones((2, 3, 4))).shape == (2, 3, 1)


def test_the_complementary_error_function():
    """erfc(1/sqrt 2) is the share of a normal distribution beyond one standard deviation."""
    assert NUMPY.erfc(math.sqrt(0.5)) == pytest.approx(0.31731050786291410, rel=1e-15)
    assert NUMPY.erfc(np.float32(0.5)).dtype == np.float32


def test_log1p_of_complex_numbers_near_and_far():
    for z in (0.5 + 0.75j, -0.25 - 2.0j, 1e-30j, 3.0 + 1e-30j):
        assert cmath.isclose(NUMPY.log1p(np.array(z)).item(), cmath.log(1.0 + z), rel_tol=1e-15)


def test_a_namespace_can_be_copied():
    assert copy.copy(NUMPY).exp is np.exp


def test_other_names_are_the_module_s():
    assert NUMPY.concatenate is np.concatenate
    assert namespace(np) is NUMPY
    with pytest.raises(AttributeError):
        NUMPY.no_such_function  # noqa: B018
