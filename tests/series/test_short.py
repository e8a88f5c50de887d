"""Series shorter than their season, and arguments that are text."""

from __future__ import annotations

import numpy as np
import pytest

import deltarule as dr


@pytest.mark.parametrize("months", [12, 16, 20])
def test_less_than_two_seasons(months):
    time = np.datetime64("2024-01") + np.arange(months)
    y = 10.0 + np.sin(np.arange(months))
    found = dr.forecast({"month": time, "y": y}, time="month", target="y", lags=2, epochs=5)
    measured = found.backtest.filter(method="seasonal_naive")
    assert len(measured) == 2
    assert np.isfinite(measured["rmse"].to_numpy()).all()


def test_lags_may_be_text():
    assert dr.forecast("lynx", lags="1,2,4", epochs=2).recipe.lags == (1, 2, 4)


@pytest.mark.parametrize(
    "given", [{"lags": "abc"}, {"lags": "1,,2"}, {"difference": "1,12"}, {"quantiles": ".1,.9"}]
)
def test_text_that_is_no_number_is_refused(given):
    ((name, value),) = given.items()
    with pytest.raises(dr.UsageError, match=f"{name} .*{value!r}"):
        dr.forecast("lynx", epochs=2, **given)
