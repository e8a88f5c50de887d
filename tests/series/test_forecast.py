"""`dr.forecast` from end to end: what it returns, what it refuses, that it sees no future."""

from typing import Any

import numpy as np
import pytest

import deltarule as dr
from deltarule.core.errors import DataError, UsageError
from deltarule.series.judgement.conformal import needed
from deltarule.series.judgement.judged import NETWORK

QUICK: dict[str, Any] = {"networks": 2, "epochs": 20, "engine": "reference"}


def simulated(n: int, seed: int) -> np.ndarray:
    """An AR(2) with a cycle, as the sunspots have one."""
    rng = np.random.default_rng(seed)
    y, noise = np.zeros(n + 100), rng.normal(size=n + 100)
    for t in range(2, n + 100):
        y[t] = 1.3 * y[t - 1] - 0.6 * y[t - 2] + noise[t]
    return y[100:]


@pytest.fixture(scope="module")
def found() -> dr.Forecast:
    return dr.forecast("sunspots", horizon=3, lags=6, test_from="1960", backtest=3, **QUICK)


def test_tables(found: dr.Forecast) -> None:
    assert found.times == ["2009", "2010", "2011"]
    assert found.table.columns == ["time", "forecast", "q0.1", "q0.5", "q0.9"]
    assert found.table.shape == (3, 5)
    assert found.intervals.columns == ["time", "share", "low", "high"]
    assert found.intervals["share"].to_list() == [0.8] * 3
    methods = ["network", "ar", "persistence", "drift", "ses", "theta"]
    assert found.backtest["method"].unique(maintain_order=True).to_list() == methods
    assert found.backtest["period"].unique(maintain_order=True).to_list() == ["train", "1960-2008"]
    assert repr(found).startswith("Forecast of sunspots, 2009 to 2011; 1960-2008: the network")


def test_the_walk_is_what_each_time_would_have_heard(found: dr.Forecast) -> None:
    """Every block's forecasts are those of networks fitted to what was before the block."""
    from deltarule.series.forecaster import fit

    walk, starts = found.walks[NETWORK], found.segments.starts
    assert len(starts) == 3
    assert len(walk.f) == 49 - 3 + 1
    for start, stop in zip(starts, (*starts[1:], found.segments.last + 1), strict=True):
        own = fit(found.series, found.recipe, found.recipe.lags, start)
        said = own.forecasts(found.series, np.arange(start, stop), 3)
        inside = (walk.origins >= start) & (walk.origins < stop)
        np.testing.assert_array_equal(walk.f[inside], said)


def test_measures_by_hand(found: dr.Forecast) -> None:
    y, walk = found.series.values, found.walks["persistence"]
    cut = found.segments.cut
    e = np.array([[y[t - 1] - y[t + h] for h in range(3)] for t in range(cut, len(y) - 2)])
    m = found.measures["persistence"]["1960-2008"]
    assert m["mae"] == pytest.approx(np.abs(e).mean())
    assert m["rmse"] == pytest.approx(np.sqrt((e**2).mean()))
    assert m["mase"] == pytest.approx(np.abs(e).mean() / np.abs(np.diff(y[:cut])).mean())
    assert m["arv"] == pytest.approx((e**2).mean() / y.var())
    assert walk.quantiles is not None
    q, true = walk.quantiles, y[walk.origins[:, None] + np.arange(3)]
    inside = (q[..., 0] <= true) & (true <= q[..., 2])
    assert m["coverage"] == pytest.approx(inside.mean())
    loss = [np.where(true < q[..., i], (1 - tau) * (q[..., i] - true), tau * (true - q[..., i]))
            for i, tau in enumerate((0.1, 0.5, 0.9))]  # fmt: skip
    assert m["pinball"] == pytest.approx(np.mean(loss))


@pytest.mark.parametrize("intervals", ["conformal", "paths", "bootstrap"])
@pytest.mark.parametrize("horizon", [1, 4])
def test_coverage_of_ninety_percent_intervals(intervals: str, horizon: int) -> None:
    inside = []
    for seed in range(20):
        found = dr.forecast(
            simulated(400, seed), lags=2, horizon=horizon, network="2-2-1", networks=2, epochs=150,
            quantiles=(0.05, 0.95), intervals=intervals, paths=200,
            engine="compiled",
        )  # fmt: skip
        inside.append(found.measures[NETWORK][found.periods[0].name]["coverage"])
    assert 0.85 <= np.mean(np.array(inside, float)) <= 0.95, inside


def test_paths_spread_with_the_horizon_as_the_process_does() -> None:
    """The deviation of an AR(2) h steps ahead is the root of the sum of its psi weights squared."""
    found = dr.forecast(
        simulated(1500, 7), lags=2, horizon=6, network="2-2-1", networks=2, epochs=300,
        quantiles=(0.1587, 0.8413), intervals="paths", paths=4000,
    )  # fmt: skip
    psi = [1.0, 1.3]
    for _ in range(4):
        psi.append(1.3 * psi[-1] - 0.6 * psi[-2])
    expected = np.sqrt(np.cumsum(np.square(psi)))
    assert found.quantiles is not None
    half = (found.quantiles[:, 1] - found.quantiles[:, 0]) / 2
    assert half[0] == pytest.approx(1.0, rel=0.12)  # 750 errors drawn from N(0, 1)
    np.testing.assert_allclose(half / half[0], expected, rtol=0.15)


def test_a_known_covariate_is_used() -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(size=203)
    y = np.append(2 * x[:200] + 0.1 * rng.normal(size=200), [np.nan] * 3)
    data = {"t": np.arange(203), "y": y, "x": x}
    found = dr.forecast(data, "y", "t", network="2-1", lags=1, horizon=3, known=["x"], networks=2)
    assert found.mean == pytest.approx(2 * x[200:], abs=0.3)
    assert "beats every baseline" in found.verdict[0]
    with pytest.raises(DataError, match=r"'x' must be known for the 5 steps to come \(200 on\)"):
        dr.forecast(data, "y", "t", 1, 5, known=["x"], **QUICK)


def test_a_past_covariate_is_used() -> None:
    rng = np.random.default_rng(6)
    x = rng.normal(size=300)
    y = np.append(0, 2 * x[:-1]) + 0.1 * rng.normal(size=300)
    data = {"t": np.arange(300), "y": y, "x": x}
    found = dr.forecast(data, "y", "t", 1, past=["x"], networks=2, epochs=400)
    assert found.mean[0] == pytest.approx(2 * x[-1], abs=0.4)
    with pytest.raises(UsageError, match="known in the past alone is not there for 2 steps"):
        dr.forecast(data, "y", "t", 1, 2, past=["x"], **QUICK)


def test_several_outputs_say_several_steps() -> None:
    y = simulated(200, 0)
    many = dr.forecast(y, lags=2, horizon=5, network="2-3-2", **QUICK)
    model, series = many.forecaster, many.series
    z, at = model.scaled(series)[1], np.array([200])
    values = list(z)
    for _ in range(3):
        values += model.networks(np.array([[values[-1], values[-2]]]))[0].tolist()
    expected = np.array(values[200:205]) * model.transform.scale + model.transform.offset
    np.testing.assert_allclose(model.forecasts(series, at, 5)[0], expected)
    np.testing.assert_allclose(many.mean, expected)


def test_the_same_seed_gives_the_same_numbers() -> None:
    a, b, c = (dr.forecast("lynx", lags=2, seed=seed, **QUICK) for seed in (1, 1, 2))
    assert a.table.equals(b.table)
    assert not a.table.equals(c.table)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"horizon": 0}, UsageError, "horizon"),
        ({"lags": 200}, DataError, r"lynx: 114 values are too few for lags up to 200: 226 are"),
        ({"test_from": "1950"}, UsageError, r"cannot begin at 1950: the series runs from 1821 to"),
        ({"test_from": "1821"}, UsageError, "cannot begin at 1821"),
        ({"network": "3-2-1", "lags": 2}, UsageError, "has 3 inputs, and there are 2 lags: write"),
        ({"network": "3"}, UsageError, "written by its numbers of nodes"),
        ({"quantiles": (0.5, 1.0)}, UsageError, "quantiles are different numbers between 0 and 1"),
        ({"intervals": "normal"}, UsageError, "unknown kind of interval 'normal'"),
        ({"transform": "logs"}, UsageError, "unknown transform 'logs', did you mean 'log'"),
        ({"difference": 0}, UsageError, "difference"),
        ({"optimizer": "adma"}, UsageError, "did you mean 'adam'"),
    ],
)
def test_refused(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        dr.forecast("lynx", **{**QUICK, **options})


def test_values_that_a_transform_does_not_take() -> None:
    with pytest.raises(DataError, match=r"log takes values above 0, and 'sunspots' is 0 at 1711"):
        dr.forecast("sunspots", transform="log", **QUICK)
    dr.forecast("sunspots", transform="box_cox:0.5", **QUICK)


def test_too_few_errors_for_quantiles_are_said() -> None:
    found = dr.forecast(simulated(20, 0), lags=1, quantiles=(0.01, 0.99), **QUICK)
    assert needed((0.01, 0.99)) == 99
    assert found.quantiles is None
    assert found.intervals.is_empty()
    assert "too few values before 17 for the 99 errors" in found.notes[-1]


def test_plot(found: dr.Forecast, tmp_path: Any) -> None:
    found.plot(tmp_path / "a.png")
    dr.forecast("airpassengers", horizon=2, quantiles=(0.5,), **QUICK).plot(tmp_path / "b.png")
    assert (tmp_path / "a.png").stat().st_size > 20_000
    (tmp_path / "mine.png").write_text("mine")
    with pytest.raises(UsageError, match="the file exists"):
        found.plot(tmp_path / "mine.png")


def test_recent_windows_count_more() -> None:
    """Of a series whose level jumps, the recent half decides where old windows weigh nothing."""
    rng = np.random.default_rng(0)
    y = np.append(rng.normal(0, 1, 150), rng.normal(30, 1, 60))
    short, long = (
        dr.forecast(y, lags=1, network="1-1", networks=1, epochs=3000, half_life=h, horizon=40)
        for h in (5.0, None)
    )
    assert abs(short.mean[-1] - 30) < 2 < abs(long.mean[-1] - 30)
    with pytest.raises(UsageError, match="half_life"):
        dr.forecast(y, half_life=0.0, **QUICK)


def test_records_are_kept_as_they_are(tmp_path: Any) -> None:
    options: dict[str, Any] = {
        "optimizer": dr.optim.SGD(lr=0.1), "loss": dr.losses.Huber(0.5), "difference": 1,
        "activation": dr.activations.LeakyReLU(0.1),
        "rule": dr.DeltaRule(hidden="offset:0.1"), "quantiles": (0.2, 0.8),
    }  # fmt: skip
    found = dr.forecast("lynx", lags=2, **QUICK, **options)
    found.save(tmp_path / "a")
    read = dr.load_forecast(tmp_path / "a")
    assert read.table.equals(found.table)
    assert read.forecaster.recipe.to_dict() == found.recipe.to_dict()
