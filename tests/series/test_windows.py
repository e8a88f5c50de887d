"""Windows are views; transforms come back; calendars find what is wrong."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deltarule.core.errors import DataError, UsageError
from deltarule.series.transforms import TRANSFORMS, Transform
from deltarule.series.windows import as_lags, check_length, pairs, select


@pytest.mark.parametrize("lags", [(1,), (1, 2, 3), (2, 4, 6), (3,), (2, 3), (1, 12), (1, 2, 12)])
def test_rows_are_the_values_before(lags: tuple[int, ...]) -> None:
    z = np.random.default_rng(0).normal(size=40)
    X, T = pairs(z, lags, 2)
    s = max(lags)
    assert len(X) == len(T) == 40 - s - 1
    for i in range(len(X)):
        assert X[i].tolist() == [z[i + s - lag] for lag in lags]
        assert T[i].tolist() == [z[i + s], z[i + s + 1]]
    assert np.shares_memory(T, z)
    assert np.shares_memory(X, z) == (lags != (1, 2, 12))


def test_ten_million_values_cost_no_copy() -> None:
    z = np.zeros(10_000_000)
    began = time.process_time()
    X, T = pairs(z, range(1, 101), 1)
    assert X.shape == (9_999_900, 100)
    assert np.shares_memory(X, z)
    assert np.shares_memory(T, z)
    assert time.process_time() - began < 0.05


def test_selected_columns() -> None:
    windows = np.arange(8.0).reshape(2, 4)
    assert select(windows, (1, 3)).tolist() == [[3, 1], [7, 5]]


@pytest.mark.parametrize("lags", [0, [], [0, 1], [1, 1], [-1]])
def test_no_lags(lags: object) -> None:
    with pytest.raises(UsageError, match="lags is a number of steps back"):
        as_lags(lags)  # type: ignore[arg-type]


def test_too_short_says_what_is_needed_and_what_would_fit() -> None:
    with pytest.raises(DataError, match=r"20 values are too few for lags up to 30: 35 are needed"):
        check_length("sales.csv", 20, (1, 30), 1, 4, "for one test")
    with pytest.raises(DataError, match=r"the largest lag may be 15: `--lags 15`"):
        check_length("sales.csv", 20, (30,), 1, 4, "for one test")
    with pytest.raises(DataError, match="Add values"):
        check_length("sales.csv", 3, (1,), 1, 4, "for one test")


@given(
    st.sampled_from(["none", "log", "box_cox:0.5", "box_cox:1"]),
    st.sampled_from([(), (1,), (4,), (1, 4), (1, 1), (2, 3)]),
    st.integers(0, 2**32 - 1),
)
def test_what_is_done_is_undone(g: str, differences: tuple[int, ...], seed: int) -> None:
    """The true z from an origin on, given as a forecast, is the true future in its own units."""
    y = np.exp(np.random.default_rng(seed).normal(size=60))
    t = Transform.fit(y[:40], TRANSFORMS.get(g), differences)
    stages = t.stages(y)
    origins = np.array([20, 33, 50])
    z = t.scaled(stages)[origins[:, None] + np.arange(10)]
    np.testing.assert_allclose(t.inverse(z, stages, origins), y[origins[:, None] + np.arange(10)])
    assert Transform.from_dict(t.to_dict(), np.zeros(1)).to_dict() == t.to_dict()


def test_scaling_is_of_the_training_part() -> None:
    y = np.r_[np.arange(10.0), np.full(5, 1e6)]
    t = Transform.fit(y[:10], TRANSFORMS.get("none"), ())
    assert (t.offset, t.scale) == (4.5, pytest.approx(np.std(np.arange(10.0))))


def test_constant() -> None:
    with pytest.raises(DataError, match=r"the series is constant in the training part \(3 in all"):
        Transform.fit(np.full(9, 3.0), TRANSFORMS.get("none"), ())
    with pytest.raises(DataError, match="the differenced series is constant"):
        Transform.fit(np.arange(9.0), TRANSFORMS.get("none"), (1,))
    with pytest.raises(UsageError, match="power has to lie above 0"):
        TRANSFORMS.get("box_cox:0")
    with pytest.raises(UsageError, match="unknown transform 'lgo', did you mean 'log'"):
        TRANSFORMS.get("lgo")
