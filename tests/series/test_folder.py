"""A forecast's folder: read back the same, continued by new rows, refused where it is damaged."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import deltarule as dr
from deltarule.core.errors import DataError, FileError, UsageError

QUICK: dict[str, Any] = {"networks": 2, "epochs": 20, "engine": "reference"}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "lynx"
    dr.forecast("lynx", lags=4, horizon=2, transform="log", difference=1, **QUICK).save(folder)
    return folder


def test_what_is_read_back_says_the_same(place: Path) -> None:
    found = dr.forecast("lynx", lags=4, horizon=2, transform="log", difference=1, **QUICK)
    read = dr.load_forecast(place)
    assert read.table.equals(found.table)
    assert read.description["verdict"] == found.verdict
    assert read.forecaster.recipe == found.recipe
    one, two = dr.why_forecast(read, "1930"), dr.why_forecast(found, "1930")
    assert one.shares == two.shares
    assert {p.name for p in place.iterdir()} == {
        "model.safetensors", "run.json", "history.csv", "forecast.csv", "backtest.csv",
        "forecast.png",
    }  # fmt: skip


def test_new_rows_continue_the_series(place: Path) -> None:
    read = dr.load_forecast(place)
    new = read.more({"year": [1935, 1936], "trappings": [3000.0, 2000.0]})
    assert new.table["time"].to_list() == ["1937", "1938"]
    assert set(new.score()) >= {"mae", "rmse"}
    longer = np.append(read.series.values, [3000.0, 2000.0])
    series = dr.forecast(longer, lags=4, horizon=2, **QUICK).series
    said = read.forecaster.forecasts(series, np.array([116]), 2)[0]
    np.testing.assert_allclose(new.table["forecast"], said)
    whole = read.more("lynx")
    assert whole.table.equals(read.table)
    overlap = read.more({"year": [1934, 1935, 1936], "trappings": [3396.0, 3000.0, 2000.0]})
    assert overlap.table.equals(new.table)


@pytest.mark.parametrize(
    ("years", "values", "message"),
    [
        ([1936], [1.0], "the rows begin at 1936, and the series ends at 1934: give all rows from"),
        ([1934], [1.0], "'trappings' is 1 at 1934 and was 3396 in training"),
        ([1935, 1937], [1.0, 2.0], "one value a step, such as at 1821 and 1822"),
    ],
)
def test_rows_that_do_not_continue_it(
    place: Path, years: list[int], values: list[float], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        dr.load_forecast(place).more({"year": years, "trappings": values})


def test_known_covariates_go_on(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=104)
    y = 2 * x[:100] + rng.normal(size=100)
    data = {"t": np.arange(102), "y": np.append(y, [np.nan] * 2), "x": x[:102]}
    dr.forecast(data, "y", "t", 1, 2, known=["x"], **QUICK).save(tmp_path / "a")
    read = dr.load_forecast(tmp_path / "a")
    rows = {"t": [100, 101, 102, 103], "y": [0.5, 0.2, np.nan, np.nan], "x": x[100:]}
    new = read.more(rows)
    assert new.table["time"].to_list() == ["102", "103"]
    assert len(new.series) == 102
    np.testing.assert_array_equal(new.series.known["x"], x)


def test_a_model_is_no_forecast_and_the_reverse(place: Path, tmp_path: Path) -> None:
    with pytest.raises(FileError, match="this is the folder of a forecast"):
        dr.load(place)
    with pytest.raises(FileError, match="there is no such folder"):
        dr.load_forecast(tmp_path / "none")
    other = tmp_path / "model"
    from deltarule.data import read_table
    from deltarule.models import Recipe, fit, save

    save(fit(read_table("iris"), Recipe(hidden=(2,), epochs=1)), other)
    with pytest.raises(FileError, match="this is the folder of a model"):
        dr.load_forecast(other)


def test_damage_is_found(place: Path, tmp_path: Path) -> None:
    for path in place.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    plain = json.loads((tmp_path / "run.json").read_text())
    plain["recipe"]["lags"] = [1]
    (tmp_path / "run.json").write_text(json.dumps(plain))
    with pytest.raises(FileError, match="its checksum does not fit"):
        dr.load_forecast(tmp_path)


def test_a_folder_is_replaced_on_request_alone(place: Path) -> None:
    found = dr.forecast("lynx", lags=4, **QUICK)
    with pytest.raises(UsageError, match="it exists already"):
        found.save(place)
