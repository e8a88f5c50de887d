"""No value of the future changes an earlier forecast, quantile, scaling, lag or split.

Every option that a forecast has is drawn here; one that is new has to be drawn, too.
"""

from __future__ import annotations

import datetime
import importlib.util
from dataclasses import fields
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import deltarule as dr
from deltarule.series.forecaster import fit
from deltarule.series.recipe import INTERVALS, Recipe

N, CUT, H = 96, 60, 3
STL = ["stl"] if importlib.util.find_spec("statsmodels") else []
QUICK: dict[str, Any] = {"networks": 2, "epochs": 2, "engine": "reference", "paths": 20}
"""The engines agree elsewhere; how many networks, epochs and paths there are sees no value."""

DRAWN: dict[str, st.SearchStrategy[Any]] = {
    "lags": st.sampled_from([2, (1, 3), "auto"]),
    "horizon": st.sampled_from([1, H]),
    "network": st.sampled_from([None, "4-2-1", "4-2-3"]),
    "layer": st.sampled_from([None, None, "elman:2"]),
    "strategy": st.sampled_from(["recursive", "direct"]),
    "activation": st.sampled_from(["tanh", "relu"]),
    "optimizer": st.sampled_from(["adam:0.01", "lbfgs"]),
    "batch_size": st.sampled_from([None, 8]),
    "l2": st.sampled_from([0.0, 0.01]),
    "penalty": st.sampled_from([None, "weight_elimination:0.01"]),
    "patience": st.sampled_from([0, 1]),
    "stride": st.sampled_from([1, 3]),
    "window": st.sampled_from([None, 20]),
    "half_life": st.sampled_from([None, 20.0]),
    "loss": st.sampled_from(["half_squared_error", "huber", "quantile:0.7"]),
    "rule": st.sampled_from(["exact", "hidden=offset:0.1"]),
    "transform": st.sampled_from(["none", "log", "box_cox:0.5"]),
    "detrend": st.booleans(),
    "deseason": st.sampled_from(["none", "classical", *STL]),
    "difference": st.sampled_from([(), 1, (1, 4)]),
    "season": st.just(4),
    "quantiles": st.sampled_from([(0.1, 0.5, 0.9), (0.25, 0.75)]),
    "intervals": st.sampled_from(INTERVALS),
    "calibration": st.sampled_from([0.25, 0.5]),
    "gap": st.sampled_from([0, 2]),
    "backtest": st.sampled_from([1, 2, 3]),
    "seed": st.integers(0, 3),
    "dtype": st.sampled_from(["float32", "float64"]),
}
COLUMN = st.sampled_from(["value", "past", "known"])


def values(n: int = N) -> np.ndarray:
    rng = np.random.default_rng(1)
    return np.exp(0.2 * rng.normal(size=n).cumsum() / 3 + 0.3 * np.sin(np.arange(n) * np.pi / 2))


def fitting(options: dict[str, Any], column: str) -> dict[str, Any]:
    """Return the options less those that exclude each other."""
    o = dict(options)
    if o["network"] is not None:
        o |= {"lags": 2 if column == "past" else 4, "layer": None}
        inputs = 4 if column != "known" else 4 + int(o["network"][-1])
        o["network"] = f"{inputs}{o['network'][1:]}"
    if o["strategy"] == "direct" and o["network"] is not None:
        o["network"] = o["network"][:-1] + "1"
        inputs = 4 if column != "known" else 4 + o["horizon"]
        o["network"] = f"{inputs}-2-1"
    if column == "past":  # what is known in the past alone cannot be fed back
        o |= {} if o["strategy"] == "direct" or o["network"] else {"horizon": 1}
        if o["network"] and o["strategy"] != "direct":
            o["network"] = f"4-2-{o['horizon']}"
    if o["layer"] is not None:
        o |= {"activation": "tanh", "batch_size": None}
    if o["layer"] is not None and column != "value":
        o["layer"] = None
    if o["optimizer"] == "lbfgs":
        o |= {"batch_size": None, "rule": "exact"}
    outputs = int(o["network"][-1]) if o["network"] else 1
    outputs = o["horizon"] if o["strategy"] == "direct" else outputs
    if o["intervals"] == "pinball" and o["horizon"] > outputs:
        o["intervals"] = "paths"
    if o["intervals"] == "pinball" and o["horizon"] > 1:
        o["difference"] = ()
    return o


def test_every_option_is_drawn() -> None:
    same = set(QUICK) | {"threads"}
    assert set(DRAWN) | same == {f.name for f in fields(Recipe)}


def agree(a: dr.Forecast, b: dr.Forecast, last: int) -> None:
    """Everything that is said up to an origin is the same."""
    assert a.recipe == b.recipe
    assert a.segments == b.segments
    for name, walk in a.walks.items():
        other, before = b.walks[name], walk.origins <= last
        assert before.any()
        np.testing.assert_array_equal(walk.f[before], other.f[before])
        np.testing.assert_array_equal(walk.fitted, other.fitted)
        assert (walk.quantiles is None) == (other.quantiles is None)
        if walk.quantiles is not None:
            np.testing.assert_array_equal(walk.quantiles[before], other.quantiles[before])


@settings(max_examples=25)
@given(st.fixed_dictionaries(DRAWN), st.integers(CUT + H, N - 1), COLUMN)
def test_no_future_value_changes_an_earlier_word(
    options: dict[str, Any], changed: int, column: str
) -> None:
    """A covariate known in the future is given beforehand: it may change forecasts of its time."""
    options, rng = fitting(options, column), np.random.default_rng(3)
    ahead = options["horizon"] if column == "known" else 0
    data = {"t": np.arange(N + ahead), "value": np.append(values(), np.full(ahead, np.nan))}
    if column != "value":
        data[column] = rng.normal(size=N + ahead)
    other = {name: column.copy() for name, column in data.items()}
    other[column][changed] = other[column][changed] * 3 + 1
    asked = {"known": [], "past": [], column: [column]}
    same = {"test_from": str(CUT), "known": asked["known"], "past": asked["past"], **QUICK}
    a, b = (dr.forecast(d, "value", "t", **{**same, **options}) for d in (data, other))
    agree(a, b, changed - options["horizon"] if column == "known" else changed)
    known = changed - options["gap"]
    scales = [fit(f.series, f.recipe, f.recipe.lags, known) for f in (a, b)]
    assert scales[0].transform.to_dict() == scales[1].transform.to_dict()
    assert scales[0].covariates == scales[1].covariates


HOW = st.sampled_from(["month", "month:sum", "month:last", "month:min", "month:max", None])


@settings(max_examples=15)
@given(
    HOW, st.sampled_from(["previous", "zero", "interpolate"]), st.integers(CUT, N - 1), st.data()
)
def test_neither_does_one_that_is_resampled_or_filled(
    resample: str | None, missing: str, changed: int, data: st.DataObject
) -> None:
    """Rows at any days, or one a month, of which some months have none.

    A line to the next value has seen that: then what is before the gap is the same.
    """
    gone = data.draw(st.sets(st.integers(5, N - 2), max_size=12)) - {changed}
    months = [(2000 + m // 12, m % 12 + 1) for m in range(N)]
    days = (1, 9, 20) if resample else (1,)
    rows = [(i, day) for i in range(N) if i not in gone for day in days]
    when = [datetime.date(*months[i], day) for i, day in rows]
    y = np.repeat(values(), len(days)).reshape(N, -1)[[i for i, _ in rows]].mean(axis=1)
    y = y * np.random.default_rng(2).uniform(0.9, 1.1, len(rows))
    other = y.copy()
    other[[k for k, (i, _) in enumerate(rows) if i == changed][-1]] *= 3.0
    options = {"lags": 3, "missing": missing, "resample": resample, "test_from": "2005-01", **QUICK}
    a, b = (dr.forecast({"day": when, "y": v}, "y", "day", **options) for v in (y, other))
    last = changed
    while missing == "interpolate" and last - 1 in gone:
        last -= 1
    if last >= CUT:
        agree(a, b, last)


@settings(max_examples=8)
@given(st.booleans(), st.sampled_from(["conformal", "bootstrap"]), st.integers(0, 2), st.booleans())
def test_neither_does_one_of_another_series(
    together: bool, intervals: str, who: int, static: bool
) -> None:
    """Of a panel whose series have the same times; what is static is no value of any time."""
    n, names = 50, "abc"
    y = np.concatenate([values(n) * k for k in (1, 5, 20)])
    data = {"shop": np.repeat(list(names), n), "t": np.tile(np.arange(n), 3), "y": y}
    data["size"] = np.repeat([1.0, 5.0, 20.0], n)
    other = {**data, "y": y.copy()}
    other["y"][who * n + 45] *= 7.0
    options = {"lags": 3, "test_from": "40", "backtest": 2, "intervals": intervals, **QUICK}
    options |= {"together": together, "static": ["size"] if static and together else []}
    a, b = (dr.forecast_panel(d, "shop", "y", "t", **options) for d in (data, other))
    for name in names:
        agree(a[name], b[name], 45)
