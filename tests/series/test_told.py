"""What a forecast tells: notes, text that is dates, its repr, the picture of why."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import deltarule as dr
from deltarule.core.errors import DataError
from deltarule.series.fitted import outside

MONTHS = [str(m) for m in np.arange("2020-01", "2022-01", dtype="datetime64[M]")]
QUICK = {"lags": 2, "networks": 1, "epochs": 20, "engine": "reference"}


@pytest.mark.parametrize(
    "when",
    [
        MONTHS,
        [f"{m}-01" for m in MONTHS],
        [f"01.{m[5:]}.{m[:4]}" for m in MONTHS],
    ],
)
def test_text_that_is_dates_is_read_as_in_a_file(when: list[str]) -> None:
    data = {"when": when, "y": np.arange(24.0) % 5}
    for table in (data, pl.DataFrame(data)):
        found = dr.forecast(table, **QUICK)
        assert found.series.time == "when"
        assert found.times == ["2022-01"]


def test_dates_that_can_be_read_in_two_ways_are_asked_about() -> None:
    when = [f"0{1 + i % 9}/0{1 + i // 9}/2020" for i in range(20)]
    with pytest.raises(DataError, match=r"row 10, .*'01/02/2020' .*2 ways.*date-format"):
        dr.forecast({"when": when, "y": np.arange(20.0) % 7}, "y", "when", **QUICK)
    form = {"date_format": "%d/%m/%Y"}
    with pytest.raises(DataError, match="irregular"):
        dr.forecast({"when": when, "y": np.arange(20.0) % 7}, "y", "when", form=form, **QUICK)


def test_a_forecast_outside_its_quantiles_is_said(tmp_path: Path) -> None:
    mean, spread = np.array([5.0, 0.5, 0.5]), np.array([[0.0, 1.0]] * 3)
    assert "the forecast of a is above its highest" in outside(["a", "b", "c"], mean, spread)[0]
    assert "too high and most values came below" in outside(["a", "b", "c"], mean, spread)[0]
    assert "of a, c is below its lowest" in outside("abc", mean * [-1, 1, -1], spread)[0]
    assert outside(["a"], mean[:1], None) == outside(["a"], mean[1:2], spread[:1]) == []
    # a line that bends upwards at the end: whoever has not seen it forecasts too low
    y = np.r_[np.sin(np.arange(60.0)), 3.0 * np.arange(40.0)]
    found = dr.forecast(y, lags=2, networks=2, epochs=50, test_from="50")
    q = found.table.row(0, named=True)
    told = not q["q0.1"] <= q["forecast"] <= q["q0.9"]
    assert any("quantile" in note for note in found.notes) == told
    found.save(tmp_path / "f")
    assert dr.load_forecast(tmp_path / "f").notes == [n for n in found.notes if "quantile" in n]


def test_the_repr_of_a_loaded_forecast_is_short(tmp_path: Path) -> None:
    dr.forecast("lynx", horizon=3, **QUICK).save(tmp_path / "f")
    assert repr(dr.load_forecast(tmp_path / "f")) == (
        "Fitted to trappings, 1821 to 1934: 1 network 2-2-1, 3 steps ahead; .table forecasts, "
        ".more(rows) goes on"
    )


@pytest.mark.parametrize(("transform", "wide"), [("none", False), ("log", True)])
def test_the_picture_of_why_has_an_axis_for_every_unit(
    tmp_path: Path, transform: str, wide: bool
) -> None:
    from PIL import Image

    found = dr.forecast("lynx", transform=transform, **QUICK)
    dr.why_forecast(found, "1935").plot(tmp_path / "why.png")
    with Image.open(tmp_path / "why.png") as picture:
        assert (picture.width > 1100) == wide


def test_a_value_far_from_its_neighbours_is_named() -> None:
    rng = np.random.default_rng(0)
    t = np.arange(96)
    y = 100 + 10 * np.sin(2 * np.pi * t / 12) + rng.normal(0, 2, 96)
    months = [f"{2015 + i // 12}-{i % 12 + 1:02d}" for i in range(96)]

    def notes(values: np.ndarray) -> list[str]:
        found = dr.forecast({"month": months, "y": values}, "y", "month", lags=2, networks=1,
                            epochs=2)  # fmt: skip
        return [note for note in found.notes if "far from the values around" in note]

    assert notes(y) == []
    assert notes(y + 80 * (t > 60)) == []  # a step is no single value
    assert notes(rng.standard_t(3, 96)) == []
    spoilt = y.copy()
    spoilt[50] = 900
    (note,) = notes(spoilt)
    assert note.startswith("900 at 2019-03: more than 30 times as far from the values around")
    assert notes(np.where(t % 3 == 0, 5.0, 0.0)) == []  # mostly no distance at all
