"""Networks for every step, quantiles that are learnt, what is left out, and when training stops."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import deltarule as dr
from deltarule.core.errors import DataError, UsageError
from deltarule.series import Recipe, as_series
from deltarule.series.forecaster import fit
from deltarule.series.judgement.judged import NETWORK

QUICK: dict[str, Any] = {"networks": 2, "epochs": 20, "engine": "reference"}


def simulated(n: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    y, noise = np.zeros(n + 100), rng.normal(size=n + 100)
    for t in range(2, n + 100):
        y[t] = 1.3 * y[t - 1] - 0.6 * y[t - 2] + noise[t]
    return y[100:]


def test_direct_networks_are_trained_on_their_own_step() -> None:
    """By hand: the networks of step h learn z_{t+h} from the lags before t."""
    y = simulated(80, 0)
    recipe = Recipe(lags=2, horizon=3, strategy="direct", l2=0.0, **QUICK)
    model = fit(as_series(y), recipe, (1, 2), 80)
    assert model.networks.thetas.shape == (3, 2, model.networks.network.size)
    z = (y - y.mean()) / y.std()
    windows = np.lib.stride_tricks.sliding_window_view(z, 5)
    for h in range(3):
        many = dr.train_many(
            model.networks.network, windows[:, [1, 0]], windows[:, [2 + h]], seeds=range(2),
            optimizer="adam:0.01", epochs=20, batch_size=None, engine="reference",
        )  # fmt: skip
        np.testing.assert_allclose(model.networks.thetas[h], many.theta, rtol=1e-9)
        said = np.mean([model.networks.network(t, z[None, [79, 78]]) for t in many.theta])
        found = model.forecasts(as_series(y), np.array([80]), 3)[0, h]
        assert found == pytest.approx(said * y.std() + y.mean(), rel=1e-9)


@pytest.mark.parametrize("intervals", ["conformal", "paths", "bootstrap", "pinball"])
def test_a_direct_forecast_comes_back_from_its_folder(tmp_path: Path, intervals: str) -> None:
    options = {"lags": 4, "horizon": 3, "strategy": "direct", "intervals": intervals, "paths": 50}
    found = dr.forecast("lynx", transform="log", **options, **QUICK)
    found.save(tmp_path / "f")
    again = dr.load_forecast(tmp_path / "f")
    assert again.table.equals(found.table)
    why = dr.why_forecast(again, "1937")
    total = why.mean + sum(s.share for s in why.shares) + why.rest
    assert total == pytest.approx(why.transformed, rel=1e-12)
    assert [s.name for s in why.shares] == ["lag 1", "lag 2", "lag 3", "lag 4"]


@pytest.mark.parametrize("horizon", [1, 4])
def test_coverage_of_learnt_quantiles(horizon: int) -> None:
    inside = []
    for seed in range(12):
        found = dr.forecast(
            simulated(400, seed), lags=2, horizon=horizon, strategy="direct", network="2-2-1",
            networks=2, epochs=400, quantiles=(0.05, 0.95), intervals="pinball", engine="compiled",
        )  # fmt: skip
        inside.append(found.measures[NETWORK][found.periods[0].name]["coverage"])
    assert 0.85 <= np.mean(np.array(inside, float)) <= 0.95, inside


def test_learnt_quantiles_are_in_order_and_need_no_errors() -> None:
    levels = (0.02, 0.25, 0.5, 0.75, 0.98)
    found = dr.forecast(simulated(60, 0), lags=2, intervals="pinball", quantiles=levels, **QUICK)
    assert found.quantiles is not None
    assert np.all(np.diff(found.quantiles) >= 0)
    assert found.walks[NETWORK].quantiles is not None
    assert found.walks["drift"].quantiles is None  # 49 errors are not there


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"intervals": "pinball", "horizon": 2}, "cannot be fed back"),
        (
            {"intervals": "pinball", "horizon": 2, "strategy": "direct", "difference": 1},
            "nor added up over differences",
        ),
        ({"strategy": "direct", "network": "3-2-2"}, "with one output: write 3-2-1"),
        ({"strategy": "drect"}, "did you mean 'direct'"),
        ({"deseason": "clasical"}, "did you mean 'classical'"),
        ({"deseason": "classical"}, "no season of their own.*--season"),
        ({"stride": 0}, "stride"),
        ({"gap": -1}, "gap"),
        ({"patience": -1}, "patience"),
        ({"detrend": "yes"}, "detrend is True or False"),
    ],
)
def test_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        dr.forecast("lynx", **{**QUICK, "lags": 3, **options})


def test_too_few_values_for_a_gap_or_a_season_are_said() -> None:
    y = simulated(20, 0)
    with pytest.raises(DataError, match=r"gap of 15 and every window 1 after"):
        dr.forecast(y, lags=2, gap=15, **QUICK)
    with pytest.raises(DataError, match="too few to find a season of 10 steps: 21 are needed"):
        dr.forecast(y, lags=2, season=10, deseason="classical", **QUICK)
    with pytest.raises(DataError, match="less its line is nothing in the training part"):
        dr.forecast(np.arange(40.0), lags=2, detrend=True, **QUICK)


def test_a_gap_is_not_learnt() -> None:
    """A change of the values in the gap changes no weight of the networks that are judged."""
    y = simulated(90, 0)
    other = y.copy()
    other[70:75] += 100.0
    a, b = (
        dr.forecast(v, lags=1, test_from="76", gap=5, calibration=0.0, **QUICK) for v in (y, other)
    )
    np.testing.assert_array_equal(a.walks[NETWORK].fitted, b.walks[NETWORK].fitted)
    np.testing.assert_array_equal(a.walks[NETWORK].f[1:], b.walks[NETWORK].f[1:])
    assert a.walks[NETWORK].f[0, 0] != b.walks[NETWORK].f[0, 0]  # its lag is known
    assert len(a.walks[NETWORK].fitted) == 69


def test_every_third_window_is_learnt() -> None:
    y = simulated(50, 0)
    a = fit(as_series(y), Recipe(lags=2, stride=3, l2=0.0, **QUICK), (1, 2), 50)
    z = (y - y.mean()) / y.std()
    windows = np.lib.stride_tricks.sliding_window_view(z, 3)[::-1][::3][::-1]
    many = dr.train_many(
        a.networks.network, windows[:, [1, 0]], windows[:, [2]], seeds=range(2),
        optimizer="adam:0.01", epochs=20, batch_size=None, engine="reference",
    )  # fmt: skip
    np.testing.assert_allclose(a.networks.thetas, many.theta, rtol=1e-9)


@pytest.mark.parametrize("window", [9, 200])
def test_the_newest_windows_alone_are_learnt(window: int) -> None:
    """What is before them changes the scaling, which is of all values, and nothing else."""
    y = simulated(50, 0)
    a = fit(as_series(y), Recipe(lags=2, window=window, l2=0.0, **QUICK), (1, 2), 50)
    z = (y - y.mean()) / y.std()
    windows = np.lib.stride_tricks.sliding_window_view(z, 3)[-window:]
    many = dr.train_many(
        a.networks.network, windows[:, [1, 0]], windows[:, [2]], seeds=range(2),
        optimizer="adam:0.01", epochs=20, batch_size=None, engine="reference",
    )  # fmt: skip
    np.testing.assert_allclose(a.networks.thetas, many.theta, rtol=1e-9)
    with pytest.raises(UsageError, match="window is a whole number of at least 7"):
        Recipe(window=6, stride=3)


def test_patience_stops_where_the_watched_windows_are_forecast_best() -> None:
    y = simulated(120, 0)
    options = {"lags": 2, "network": "2-8-1", "networks": 3, "l2": 0.0, "engine": "reference"}
    model = fit(as_series(y), Recipe(epochs=600, patience=10, **options), (1, 2), 120)
    assert len(model.history["error"]) < 600
    z = (y - y.mean()) / y.std()
    windows = np.lib.stride_tricks.sliding_window_view(z, 3)
    X, T = windows[:, [1, 0]], windows[:, [2]]
    many = dr.train_many(
        model.networks.network, X[:-11], T[:-11], seeds=range(3), optimizer="adam:0.01", epochs=600,
        batch_size=None, engine="reference", validation=(X[-11:], T[-11:]), stop=dr.Patience(10),
    )  # fmt: skip
    np.testing.assert_allclose(model.networks.thetas, many.theta, rtol=1e-9)


@pytest.mark.parametrize("deseason", ["classical", "stl"])
def test_a_season_and_a_line_are_taken_away_and_put_back(deseason: str) -> None:
    """What is left of a line with a season and noise is the noise."""
    if deseason == "stl":
        pytest.importorskip("statsmodels")
    rng, t = np.random.default_rng(0), np.arange(96)
    months = rng.normal(0, 5, 12)
    true = 10 + 0.5 * t + (months - months.mean())[t % 12]
    y = true + rng.normal(0, 0.1, 96)
    found = dr.forecast(
        y[:84], lags=2, horizon=12, detrend=True, deseason=deseason, season=12, **QUICK
    )
    np.testing.assert_allclose(found.mean, true[84:], atol=0.5)
    assert "beats every baseline" in found.verdict[0]
    parts = found.forecaster.transform.components
    assert parts.line[1] == pytest.approx(0.5, abs=0.01)
    if deseason == "classical":
        np.testing.assert_allclose(parts.season, months - months.mean(), atol=0.3)
    assert dr.why_forecast(found, "85").how == "less its season, then less its line"


def test_line_and_season_come_back_from_the_folder(tmp_path: Path) -> None:
    options = {"horizon": 14, "transform": "log", "detrend": True, "deseason": "classical"}
    found = dr.forecast("airpassengers", lags=2, **options, **QUICK)
    found.save(tmp_path / "f")
    again = dr.load_forecast(tmp_path / "f")
    assert again.table.equals(found.table)
    more = again.more({"month": ["1961-01", "1961-02"], "passengers": [450.0, 420.0]})
    assert more.times[0] == "1961-03"
    same = more.table["forecast"][:12].to_numpy() / found.table["forecast"][2:].to_numpy()
    assert np.all(np.abs(np.log(same)) < 0.15)  # the year's months, of one season, said twice
