"""Baselines and components beside statsmodels', where it is installed."""

from __future__ import annotations

import numpy as np
import pytest

from deltarule.series import as_series
from deltarule.series.components import Components
from deltarule.series.judgement.baselines import least_squares, ses, theta

pytest.importorskip("statsmodels")

pytestmark = pytest.mark.peers

SUNSPOTS = as_series("sunspots").values[:221]
AIR = as_series("airpassengers").values[:100]


@pytest.mark.parametrize("lags", [[1], [1, 2, 3], list(range(1, 13)), [1, 9]])
def test_autoregressions_are_those_of_autoreg(lags: list[int]) -> None:
    from statsmodels.tsa.ar_model import AutoReg

    intercept, *weights = AutoReg(SUNSPOTS, lags).fit().params
    np.testing.assert_allclose(least_squares(SUNSPOTS, lags), [*weights, intercept], rtol=1e-7)


@pytest.mark.parametrize("name", ["lynx", "airpassengers", "sunspots"])
def test_exponential_smoothing_is_no_worse_than_its_own(name: str) -> None:
    """With its alpha and level ours forecasts the same; the ones we find have no larger error."""
    from statsmodels.tsa.holtwinters import SimpleExpSmoothing

    y = as_series(name).values
    own = SimpleExpSmoothing(y, initialization_method="estimated").fit()
    origins = np.arange(1, len(y))
    mine = ses(y, 1)(y, origins, 1)[:, 0]
    first = own.fittedvalues[0]
    assert np.sum((y[1:] - mine) ** 2) <= own.sse - (y[0] - first) ** 2 + 1e-6 * own.sse
    alpha = own.params["smoothing_level"]
    level = own.params["initial_level"]
    for value in y:
        level += alpha * (value - level)
    assert own.forecast(1)[0] == pytest.approx(level, rel=1e-9)
    assert ses(y, 1)(y, np.array([len(y)]), 1)[0, 0] == pytest.approx(level, rel=2e-3)


def test_theta_is_close_to_its_own() -> None:
    from statsmodels.tsa.forecasting.theta import ThetaModel

    own = ThetaModel(SUNSPOTS, deseasonalize=False, period=1).fit().forecast(6).to_numpy()
    mine = theta(SUNSPOTS, 1)(SUNSPOTS, np.array([221]), 6)[0]
    np.testing.assert_allclose(mine, own, rtol=0.02)


def test_seasons_are_those_of_stl_and_of_the_classical_decomposition() -> None:
    from statsmodels.tsa.seasonal import STL, seasonal_decompose

    times = np.arange(100)
    classical = Components.fit(AIR, line=False, season="classical", period=12)
    own = seasonal_decompose(AIR, period=12).seasonal
    np.testing.assert_allclose(classical(times), own, rtol=1e-9, atol=1e-9)
    loess = Components.fit(np.log(AIR), line=False, season="stl", period=12)
    own = STL(np.log(AIR), period=12).fit().seasonal
    np.testing.assert_array_equal(loess(times), own)
    np.testing.assert_array_equal(loess(times + 100), own[88:][(times) % 12])
