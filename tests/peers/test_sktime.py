"""The forecaster for sktime: every check of sktime's, and the numbers of `dr.forecast`."""

from __future__ import annotations

import numpy as np
import pytest

import deltarule as dr

pytest.importorskip("sktime")

pytestmark = [
    pytest.mark.peers,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # sktime's own, of pandas and of its coming version
]


def test_sktimes_own_checks() -> None:
    from sktime.utils.estimator_checks import check_estimator

    from deltarule.series.estimators.sktime import NetworkForecaster

    found = check_estimator(NetworkForecaster, raise_exceptions=False, verbose=False)
    assert len(found) > 500
    assert {name: said for name, said in found.items() if said != "PASSED"} == {}


def test_its_numbers_are_those_of_a_forecast() -> None:
    import pandas as pd

    from deltarule.series.estimators.sktime import NetworkForecaster

    y = dr.forecast("lynx", lags=3, networks=2, epochs=30).series.values
    index = pd.period_range("1821", periods=114, freq="Y")
    model = NetworkForecaster(lags=3, networks=2, epochs=30, transform="log")
    said = model.fit(pd.Series(y, index)).predict(fh=[1, 2, 5])
    own = dr.forecast("lynx", lags=3, networks=2, epochs=30, transform="log", horizon=5)
    np.testing.assert_allclose(said.to_numpy(), own.mean[[0, 1, 4]], rtol=1e-12)
    assert said.index.astype(str).tolist() == ["1935", "1936", "1939"]


def test_its_quantiles_are_those_of_simulated_futures() -> None:
    """One step ahead: with the errors on a test part that is the last quarter of the windows."""
    import pandas as pd

    from deltarule.series.estimators.sktime import NetworkForecaster

    options = {"lags": 3, "networks": 2, "epochs": 30, "transform": "log"}
    levels, cut = (0.1, 0.5, 0.9), 1821 + 114 - round((114 - 3) / 4)
    own = dr.forecast("lynx", **options, test_from=str(cut), intervals="paths", calibration=0.0)
    index = pd.period_range("1821", periods=114, freq="Y")
    model = NetworkForecaster(**options).fit(pd.Series(own.series.values, index, name="lynx"))
    said = model.predict_quantiles(fh=[1, 5], alpha=list(levels))
    assert said.columns.tolist() == [("lynx", level) for level in levels]
    assert said.index.astype(str).tolist() == ["1935", "1939"]
    assert own.quantiles is not None
    np.testing.assert_allclose(said.to_numpy()[0], own.quantiles[0], rtol=1e-12)
    between = model.predict_interval(fh=[1], coverage=0.8)
    np.testing.assert_allclose(between.to_numpy()[0], own.quantiles[0, [0, 2]], rtol=1e-9)
    short = NetworkForecaster(lags=3, networks=2, epochs=5).fit(pd.Series(np.arange(9.0) ** 2))
    assert short.predict_interval(fh=[1, 2]).shape == (2, 2)
