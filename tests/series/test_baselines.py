"""Baselines, against statsmodels 0.15 (values printed by it) and by hand."""

import numpy as np
import pytest

from deltarule.series.judgement.baselines import BASELINES, ar, least_squares
from deltarule.series.judgement.baselines import _smoothing as smoothing
from deltarule.series.judgement.seasonal import seasonal_factors
from deltarule.series.series import as_series

LYNX, AIR = as_series("lynx").values, as_series("airpassengers").values


def test_least_squares_is_autoreg() -> None:
    found = least_squares(LYNX, (1, 2, 11))
    expected = [1.11210869, -0.584524113, 1.17610753e-3, 705.393273]
    assert found == pytest.approx(expected, rel=1e-8)


def test_smoothing_is_statsmodels() -> None:
    one, two = np.random.RandomState(1), np.random.RandomState(2)
    y = 100 + one.normal(size=80).cumsum() * 0.3 + two.normal(size=80)
    alpha, first = smoothing(y)
    assert alpha == pytest.approx(0.12228471, abs=1e-5)
    assert first == pytest.approx(99.48664, abs=1e-3)
    f = BASELINES["ses"](y, 1)(y, np.array([80]), 1)
    assert f[0, 0] == pytest.approx(100.459882, abs=1e-5)
    assert smoothing(LYNX)[0] == pytest.approx(1.0, abs=1e-6)


def test_seasonal_factors_are_seasonal_decompose() -> None:
    expected = [0.91023037, 0.88362532, 1.00736629, 0.97590601, 0.98137803, 1.11277583,
                1.22655554, 1.21991097, 1.06049193, 0.92175724, 0.80117808, 0.89882439]  # fmt: skip
    np.testing.assert_allclose(seasonal_factors(AIR, 12), expected, atol=1e-8)


def test_theta_is_statsmodels() -> None:
    f = BASELINES["theta"](AIR, 12)(AIR, np.array([144]), 3)[0]
    np.testing.assert_allclose(f, [440.06792504, 428.37431458, 489.69573708], rtol=5e-5)
    f = BASELINES["theta"](LYNX, 1)(LYNX, np.array([114]), 3)[0]
    np.testing.assert_allclose(f, [3397.55165179, 3399.19427547, 3400.83689915], rtol=5e-5)


def test_by_hand() -> None:
    y, at = np.array([2.0, 3.0, 7.0, 5.0, 6.0]), np.array([4, 5])
    said = {name: make(y[:4], 2)(y, at, 3) for name, make in BASELINES.items()}
    assert said["persistence"].tolist() == [[5, 5, 5], [6, 6, 6]]
    assert said["seasonal_naive"].tolist() == [[7, 5, 7], [5, 6, 5]]
    assert said["drift"].tolist() == [[6, 7, 8], [7, 8, 9]]


def test_a_trend_without_noise_has_no_level_to_smooth() -> None:
    y = np.full(20, 3.0)
    np.testing.assert_allclose(BASELINES["theta"](y, 1)(y, np.array([20]), 2), 3.0)


def test_the_autoregression_is_fed_back() -> None:
    y = np.array([8.0, 4.0, 2.0, 1.0, 0.5, 0.25])
    np.testing.assert_allclose(ar(y, (1,))(y, np.array([6]), 2), [[0.125, 0.0625]], atol=1e-12)
