"""Scalers against scikit-learn's and exact rationals."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from deltarule.core.errors import UsageError
from deltarule.data.preparation.scale import Scaler, mean

RNG = np.random.default_rng(3)
VALUES = RNG.normal(size=(40, 3)) * [1, 1e-6, 1e8] + [5, 0, -1e9]


@pytest.mark.parametrize(
    ("name", "oracle"), [("standard", StandardScaler()), ("minmax", MinMaxScaler())]
)
def test_against_scikit_learn(name, oracle):
    scaler = Scaler.fit(name, list(VALUES.T))
    np.testing.assert_allclose(scaler.transform(VALUES), oracle.fit_transform(VALUES), atol=1e-12)
    new = RNG.normal(size=(5, 3)) * 1e9
    np.testing.assert_allclose(scaler.transform(new), oracle.transform(new), rtol=1e-12)
    np.testing.assert_allclose(scaler.inverse(new), oracle.inverse_transform(new), rtol=1e-12)


def test_none_changes_nothing():
    values = np.array([[1.0, 7.0], [2.0, 7.0]])
    scaler = Scaler.fit("none", list(values.T))
    np.testing.assert_array_equal(scaler.transform(values), values)
    np.testing.assert_array_equal(scaler.inverse(values), values)
    assert not scaler.constant.any()


def test_minmax_ends_are_exact():
    scaled = Scaler.fit("minmax", [VALUES[:, 0]]).transform(VALUES[:, :1])
    assert (scaled.min(), scaled.max()) == (0, 1)


@pytest.mark.parametrize("name", ["standard", "minmax"])
def test_constant_columns_are_zero_with_scale_one(name):
    scaler = Scaler.fit(name, [np.full(7, 0.1), np.arange(7.0)])
    assert scaler.constant.tolist() == [True, False]
    assert scaler.scale[0] == 1
    assert scaler.transform(np.array([[0.1, 3.0], [99.0, 3.0]]))[:, 0].tolist() == [0, 0]
    assert scaler.inverse(np.array([[5.0, 0.0]]))[0, 0] == 0.1


def exact(values):
    fractions = [Fraction(v) for v in values.tolist()]
    middle = sum(fractions) / len(fractions)
    variance = sum((f - middle) ** 2 for f in fractions) / len(fractions)
    return float(middle), float(variance) ** 0.5


@pytest.mark.parametrize("offset", [0.0, 1e9, -1e15])
@pytest.mark.parametrize("unit", [1.0, 2.0**-900, 2.0**900])
def test_statistics_are_stable(offset, unit):
    values = (offset + RNG.integers(-50, 50, size=1001)) * unit
    scaler = Scaler.fit("standard", [values])
    middle, deviation = exact(values / unit)
    assert scaler.offset[0] / unit == pytest.approx(middle, rel=1e-15, abs=1e-14)
    assert scaler.scale[0] / unit == pytest.approx(deviation, rel=1e-12)


def test_float32_is_measured_in_float64():
    values = (np.float32(1000) + RNG.normal(size=100_000)).astype(np.float32)
    scaler = Scaler.fit("standard", [values])
    wide = values.astype(np.float64)
    assert scaler.offset[0] == pytest.approx(np.mean(wide), rel=1e-14)
    assert scaler.scale[0] == pytest.approx(np.std(wide), rel=1e-12)


def test_largest_numbers():
    assert mean(np.array([1.7e308, 1.7e308, -1.7e308])) == pytest.approx(1.7e308 / 3)


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=20),
    st.sampled_from(["standard", "minmax", "none"]),
)
def test_inverse_undoes_transform(values, name):
    column = np.array(values)
    scaler = Scaler.fit(name, [column])
    back = scaler.inverse(scaler.transform(column[:, None]))[:, 0]
    np.testing.assert_allclose(back, column, rtol=1e-9, atol=1e-9)


def test_a_spread_below_the_smallest_number_counts_as_constant():
    values = np.array([0.0] * 9 + [5e-324])
    scaler = Scaler.fit("standard", [values])
    assert scaler.constant.tolist() == [True]
    assert not scaler.transform(values[:, None]).any()


def test_unknown_scaler():
    with pytest.raises(UsageError, match="unknown scaler 'standart', did you mean 'standard'"):
        Scaler.fit("standart", [])


ROUNDED = np.where(np.arange(60) % 3, 0.3, 0.1 + 0.2)


@pytest.mark.parametrize("name", ["standard", "minmax"])
@pytest.mark.parametrize(
    "column", [ROUNDED, -ROUNDED * 1e200, (ROUNDED + np.arange(60) % 2 * 1e-8).astype(np.float32)]
)
def test_a_column_that_differs_by_rounding_alone_is_constant(name, column):
    scaler = Scaler.fit(name, [column])
    assert scaler.constant.tolist() == [True]
    assert scaler.transform(np.array([[0.31]])).tolist() == [[0.0]]


@pytest.mark.parametrize("name", ["standard", "minmax"])
@pytest.mark.parametrize("rows", [10, 20_000])
@pytest.mark.parametrize(
    "of",
    [
        lambda a: a * 1e-13,
        lambda a: 1e9 + a * 1e-3,
        lambda a: 1.7e18 + np.floor(a * 1e6),
        lambda a: (1 + a * 1e-5).astype(np.float32),
    ],
    ids=["tiny", "offset", "nanoseconds", "float32"],
)
def test_small_differences_that_are_meant_are_kept(name, rows, of):
    column = of(np.random.default_rng(1).normal(size=rows))
    scaler = Scaler.fit(name, [column])
    assert scaler.constant.tolist() == [False]
    scaled = scaler.transform(column[:, None].astype(np.float64))
    assert 0.1 < scaled.std() <= 1.01
