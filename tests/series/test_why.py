"""A forecast taken apart: slopes against differences, sums, and what a change makes."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import deltarule as dr
from deltarule.core.errors import UsageError
from deltarule.series.why.shares import WhyForecast

QUICK: dict[str, Any] = {"networks": 2, "epochs": 60, "engine": "reference"}
CASES: dict[str, dict[str, Any]] = {
    "one step": {"data": "lynx", "lags": 3},
    "fed back": {"data": "lynx", "lags": (1, 2, 5), "horizon": 4, "transform": "box_cox:0.5"},
    "several outputs": {"data": "lynx", "network": "4-3-2", "horizon": 4},
    "differences": {"data": "airpassengers", "lags": 3, "transform": "log", "difference": (1, 12)},
}


@pytest.fixture(params=CASES, scope="module")
def found(request: pytest.FixtureRequest) -> dr.Forecast:
    return dr.forecast(**CASES[request.param], **QUICK)


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_slopes_are_those_of_numerical_differences(found: dr.Forecast, steps: int) -> None:
    """d z^ / d z of every input, with the value changed in z, through everything that follows."""
    series, model = found.series, found.forecaster
    why = dr.why_forecast(found, series.calendar.label(len(series) - 1 + steps))
    assert why.steps == steps
    z, origin = model.scaled(series)[1], len(series)
    none = (np.empty((0, 0)),) * 3
    for share in why.shares:
        lag = int(share.name.split()[1])
        ends = []
        for h in (1e-5, -1e-5):
            moved = z.copy()
            moved[origin - lag] += h
            ends.append(model.networks.forecasts(moved, np.array([origin]), steps, none)[0, -1])
        assert share.slope == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-5, abs=1e-9)
    total = why.mean + sum(s.share for s in why.shares) + why.rest
    assert total == pytest.approx(why.transformed)
    again = model.forecasts(series, np.array([origin]), steps)[0, -1]
    assert why.forecast == pytest.approx(again)


def test_the_difference_is_exact() -> None:
    """Without transforms: the forecast less the one of the series with that value at its mean."""
    found = dr.forecast("lynx", lags=3, **QUICK)
    series, model = found.series, found.forecaster
    why = dr.why_forecast(found, "1937")
    for share in why.shares:
        values = series.values.copy()
        values[-int(share.name.split()[1])] = model.transform.offset
        changed = model.forecasts(replace(series, values=values), np.array([114]), 3)[0, -1]
        assert share.difference == pytest.approx(why.forecast - changed)
    assert why.usual == pytest.approx(
        model.forecasts(replace(series, values=np.full(114, model.transform.offset)),
                        np.array([114]), 3)[0, -1]
    )  # fmt: skip


def test_a_linear_network_has_no_rest_but_its_constant() -> None:
    """Shares are exact differences then, and the rest does not change from time to time."""
    found = dr.forecast("lynx", lags=2, network="2-1", networks=1, epochs=200)
    two = [dr.why_forecast(found, year) for year in ("1900", "1925")]
    for why in two:
        assert [s.share for s in why.shares] == pytest.approx([s.difference for s in why.shares])
    assert two[0].rest == pytest.approx(two[1].rest)
    assert two[0].actual == 387.0
    assert two[0].seen


def test_covariates_have_shares() -> None:
    rng = np.random.default_rng(5)
    x, w = rng.normal(size=202), rng.normal(size=202)
    y = np.append(2 * x[:200] + 0.1 * rng.normal(size=200), [np.nan] * 2)
    data = {"t": np.arange(202), "y": y, "x": x, "w": w}
    found = dr.forecast(data, "y", "t", 1, 2, "3-1", known=["x", "w"], networks=2, epochs=500)
    why = dr.why_forecast(found, "201")
    names = [s.name for s in why.shares]
    assert names == ["lag 1", "x, 200", "x, 201", "w, 200", "w, 201"]
    by = {s.name: s for s in why.shares}
    assert by["x, 201"].slope == pytest.approx(2, abs=0.05)
    assert by["x, 201"].value == pytest.approx(x[201])
    with pytest.raises(UsageError, match="the covariates known in the future end at 201"):
        dr.why_forecast(found, "202")


def test_refused() -> None:
    found = dr.forecast("lynx", lags=3, **QUICK)
    with pytest.raises(UsageError, match="a forecast 1 step ahead needs 3 values before 1822"):
        dr.why_forecast(found, "1822")
    with pytest.raises(UsageError, match="'x' is no time of this series"):
        dr.why_forecast(found, "x")
    with pytest.raises(UsageError, match="steps"):
        dr.why_forecast(found, "1940", steps=2)


def test_pictures(tmp_path: Any) -> None:
    plain = dr.forecast("lynx", lags=3, **QUICK)
    bent = dr.forecast("lynx", lags=3, transform="log", **QUICK)
    for name, found in (("a", plain), ("b", bent)):
        why: WhyForecast = dr.why_forecast(found, "1936")
        why.plot(tmp_path / f"{name}.png")
        assert (tmp_path / f"{name}.png").stat().st_size > 10_000
