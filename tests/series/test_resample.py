"""Rows at any times made regular, by hand."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import deltarule as dr
from deltarule.core.errors import DataError, UsageError
from deltarule.series import as_series

QUICK: dict[str, Any] = {"lags": 2, "networks": 1, "epochs": 5, "engine": "reference"}


def visits(n: int, seed: int = 0) -> dict[str, Any]:
    """Rows at random hours over n days, unsorted, with a value missing now and then."""
    rng = np.random.default_rng(seed)
    start = datetime.datetime(2021, 1, 1)
    when = [start + datetime.timedelta(hours=int(h)) for h in rng.integers(0, 24 * n, 6 * n)]
    y = rng.normal(100, 10, 6 * n)
    y[::17] = np.nan
    return {"when": when, "y": y}


@pytest.mark.parametrize("how", ["mean", "sum", "last", "min", "max"])
def test_days_and_months_are_those_by_hand(how: str) -> None:
    data = visits(200)
    order = np.argsort(np.array(data["when"], "datetime64[s]"), kind="stable")
    by_hand: dict[str, list[float]] = {}
    for i in order:
        if not np.isnan(data["y"][i]):
            by_hand.setdefault(data["when"][i].strftime("%Y-%m"), []).append(data["y"][i])
    make = {"mean": np.mean, "sum": np.sum, "last": lambda v: v[-1], "min": min, "max": max}[how]
    series = as_series(data, "y", "when", resample=f"month:{how}")
    assert [series.calendar.label(i) for i in range(len(series))] == list(by_hand)
    np.testing.assert_allclose(series.values, [make(v) for v in by_hand.values()], rtol=1e-12)
    said = f"1,200 rows made 7 months, each the {how} of its rows, the last of those until "
    assert said + f"{max(data['when']):%Y-%m-%d %H:%M}" in series.notes[-1]


@pytest.mark.parametrize(("every", "label"), [("day", "2021-01-02"), ("week", "2021-01-04")])
def test_times_are_the_beginnings(every: str, label: str) -> None:
    series = as_series(visits(100), "y", "when", resample=every)
    assert series.calendar.label(1) == label
    assert series.calendar.name == every


def test_what_has_no_rows_is_missing() -> None:
    data = visits(60)
    kept = [t.month != 2 or t.day not in (3, 4) for t in data["when"]]
    data = {"when": [t for t, k in zip(data["when"], kept, strict=True) if k], "y": data["y"][kept]}
    said = r"first at the columns, the day of 2021-02-05, 'when' \(2 missing from 2021-02-03 on"
    with pytest.raises(DataError, match=said):
        as_series(data, "y", "when", resample="day")
    filled = as_series(data, "y", "when", resample="day", missing="previous")
    assert filled.values[33] == filled.values[34] == filled.values[32]


def test_rows_at_one_time_are_told_how_they_become_regular() -> None:
    with pytest.raises(DataError, match="or make them regular with `--resample`;"):
        as_series({"when": ["2021-01-01", "2021-01-01"], "y": [1.0, 2.0]}, "y", "when")
    with pytest.raises(DataError, match="Leave one row for each time;"):
        as_series({"when": [1, 1], "y": [1.0, 2.0]}, "y", "when")


def test_a_forecast_goes_on_with_rows_as_they_come(tmp_path: Path) -> None:
    data = visits(120)
    found = dr.forecast(data, "y", "when", resample="week:sum", **QUICK)
    found.save(tmp_path / "f")
    last = found.series.calendar.label(len(found.series) - 1)
    start = datetime.datetime.fromisoformat(last) + datetime.timedelta(days=7)
    new = {"when": [start + datetime.timedelta(hours=9 * i) for i in range(19)], "y": [50.0] * 19}
    more = dr.load_forecast(tmp_path / "f").more(new)
    assert more.series.values[-1] == 50.0 * 19
    assert len(more.series) == len(found.series) + 1


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("fortnight", "unknown time to resample to 'fortnight'"),
        ("month:average", "unknown way to resample 'average'"),
    ],
)
def test_refused(rule: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        as_series(visits(30), "y", "when", resample=rule)
    with pytest.raises(UsageError, match="'month' are all further apart than one day"):
        as_series("airpassengers", resample="day:sum")
    assert len(as_series("airpassengers", resample="month:sum")) == 144
    with pytest.raises(UsageError, match="'year' is no column of dates"):
        as_series("sunspots", resample="month")
