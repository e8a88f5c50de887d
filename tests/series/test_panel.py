"""Many series at once: by the same networks, or by some of its own for each."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import deltarule as dr
from deltarule.core.errors import DataError, UsageError
from deltarule.series.several import several_series

QUICK: dict[str, Any] = {"networks": 2, "epochs": 20, "engine": "reference"}


def rows(lengths: dict[str, int]) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    names = [name for name, n in lengths.items() for _ in range(n)]
    times = [2000 + t for n in lengths.values() for t in range(n)]
    return {"shop": names, "year": times, "sold": rng.normal(size=len(names)).cumsum()}


LONG = {"b": 40, "a": 60, "c": 50}


def test_series_are_told_apart_in_their_order() -> None:
    data = rows(LONG)
    mixed = np.random.default_rng(1).permutation(150)
    order = mixed[np.argsort(np.array(data["year"])[mixed], kind="stable")]  # years of all shops
    shuffled = {name: [values[i] for i in order] for name, values in data.items()}
    plain, other = (
        several_series(data, "shop", "sold", "year"),
        several_series(shuffled, "shop", "sold", "year"),
    )
    assert list(plain) == ["b", "a", "c"]
    assert {name: len(s) for name, s in plain.items()} == LONG
    for name, series in plain.items():
        np.testing.assert_array_equal(series.values, other[name].values)


def test_a_damaged_row_is_named_by_its_place_in_the_whole() -> None:
    data = rows({"a": 20, "b": 20})
    data["year"][27] = 2050
    with pytest.raises(DataError, match=r"the columns, b: .* not sorted.*the columns, row 29"):
        several_series(data, "shop", "sold", "year")
    with pytest.raises(UsageError, match="which column tells the series apart"):
        several_series(data)


def test_each_is_what_it_would_be_alone() -> None:
    data = rows(LONG)
    panel = dr.forecast_panel(
        data, "shop", "sold", "year", lags=3, horizon=2, together=False, **QUICK
    )
    alone = dr.forecast(np.array(data["sold"][40:100]), lags=3, horizon=2, test_from="59", **QUICK)
    np.testing.assert_array_equal(panel["a"].mean, alone.mean)
    assert panel["a"].measures["network"]["2058-2059"] == alone.measures["network"]["59-60"]


def test_one_network_for_all_sees_no_future_of_any() -> None:
    """The last values of one series change no forecast on the test part of another."""
    data = rows(LONG)
    options: dict[str, Any] = {"lags": 3, "horizon": 2, "backtest": 2, **QUICK}
    one = dr.forecast_panel(data, "shop", "sold", "year", **options)
    data["sold"] = data["sold"].copy()
    data["sold"][38:40] += 100  # the test part of b
    two = dr.forecast_panel(data, "shop", "sold", "year", **options)
    for name in LONG:
        a, b = one[name].walks["network"], two[name].walks["network"]
        np.testing.assert_array_equal(a.f, b.f)
        np.testing.assert_array_equal(a.fitted, b.fitted)
    assert not np.array_equal(
        one["c"].mean, two["c"].mean
    )  # the future is of networks that saw all
    thetas = {id(f.forecaster.networks.thetas) for f in one.forecasts.values()}
    assert len(thetas) == 1


def test_short_series_are_named_or_left_out() -> None:
    data = rows({"a": 40, "b": 5, "c": 6})
    with pytest.raises(
        DataError, match=r"2 of 3 series cannot be used \(b, c\): the columns, b: 5"
    ):
        dr.forecast_panel(data, "shop", "sold", "year", lags=4, **QUICK)
    panel = dr.forecast_panel(data, "shop", "sold", "year", lags=4, skip_short=True, **QUICK)
    assert (list(panel.forecasts), list(panel.skipped)) == (["a"], ["b", "c"])
    with pytest.raises(DataError, match="no series is long enough"):
        dr.forecast_panel(rows({"b": 5}), "shop", "sold", "year", skip_short=True, **QUICK)
    with pytest.raises(UsageError, match="there is no series 'A'"):
        panel["A"]
    with pytest.raises(UsageError, match="lags are found for one series"):
        dr.forecast_panel(data, "shop", "sold", "year", lags="auto", **QUICK)


def test_a_panels_folder(tmp_path: Path) -> None:
    panel = dr.forecast_panel(rows(LONG), "shop", "sold", "year", lags=3, horizon=2, **QUICK)
    panel.save(tmp_path / "p")
    read = dr.load_forecast(tmp_path / "p", "a")
    assert read.table.equals(panel["a"].table)
    new = read.more({"year": [2060], "sold": [1.5]})
    assert new.table["time"].to_list() == ["2061", "2062"]
    with pytest.raises(UsageError, match=r"which of its 3 series\? Name it .*: b, a, c"):
        dr.load_forecast(tmp_path / "p")
    with pytest.raises(UsageError, match="there is no series 'd'"):
        dr.load_forecast(tmp_path / "p", "d")


def test_m1_yearly_by_one_small_network() -> None:
    """Linear on differences, pooled: about as good as the line from the first value to the last."""
    panel = dr.forecast_panel(
        "m1_yearly", horizon=6, lags=3, difference=1, network="3-1", networks=2, epochs=300
    )
    assert len(panel) == 181
    assert panel.summary["drift"]["mase"] == pytest.approx(3.490, abs=5e-4)
    assert panel.summary["persistence"]["mase"] == pytest.approx(4.893, abs=5e-4)
    assert panel.summary["network"]["mase"] == pytest.approx(3.475, abs=0.03)
    assert panel.table.shape == (6 * 181, 6)


def test_static_covariates_tell_series_apart(tmp_path: Path) -> None:
    """Two kinds of series that differ in how they fall back: one network has to know the kind."""
    rng = np.random.default_rng(0)
    data: dict[str, Any] = {"name": [], "t": [], "y": [], "kind": [], "size": []}
    for i in range(8):
        kind, y = "ab"[i % 2], [rng.normal()]
        for _ in range(39):
            y.append((0.9 if kind == "a" else -0.9) * y[-1] + rng.normal())
        data["name"] += [f"s{i}"] * 40
        data["t"] += range(40)
        data["y"] += y
        data["kind"] += [kind] * 40
        data["size"] += [float(i)] * 40
    options = {"lags": 1, "networks": 3, "epochs": 500}
    plain = dr.forecast_panel(data, "name", "y", "t", test_from="20", **options)
    told = dr.forecast_panel(data, "name", "y", "t", test_from="20", static=["kind"], **options)
    assert told["s0"].series.static == {"kind=a": 1.0, "kind=b": 0.0}
    assert told["s0"].recipe.network == "3-2-1"
    assert told.summary["network"]["mase"] < 0.85 * plain.summary["network"]["mase"]
    told.save(tmp_path / "f")
    again = dr.load_forecast(tmp_path / "f", "s1")
    assert again.table["forecast"].to_list() == told["s1"].table["forecast"].to_list()
    why = dr.why_forecast(again, "40")
    assert [s.name for s in why.shares] == ["lag 1", "kind=a", "kind=b"]
    total = why.mean + sum(s.share for s in why.shares) + why.rest
    assert total == pytest.approx(why.forecast, rel=1e-12)
    sizes = dr.forecast_panel(data, "name", "y", "t", static=["size"], lags=1, **QUICK)
    numbers = [f.series.static["size"] for f in sizes.forecasts.values()]
    assert np.mean(numbers) == pytest.approx(0.0)
    assert np.std(numbers) == pytest.approx(1.0)
    data["size"][45] = 9.5
    with pytest.raises(DataError, match=r"'size' is not the same in all rows of 's1', .*row 46"):
        dr.forecast_panel(data, "name", "y", "t", static=["size"], lags=1, **QUICK)
    with pytest.raises(UsageError, match="tells networks of its own nothing"):
        dr.forecast_panel(data, "name", "y", "t", static=["kind"], together=False, lags=1, **QUICK)
