"""Studies of forecasts: each seed is what `dr.forecast` gives alone, baselines as published."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import deltarule as dr
from deltarule.core.errors import DataError, UsageError
from deltarule.series.studies import SHIPPED, Outcome, is_study, read_study

TEXT = """[study]
measure = "arv"
seeds = 3
[forecast]
data = "sunspots"
network = "12-4-1"
epochs = 30
[cells.plain]
l2 = 0.0
[cells."with a penalty"]
l2 = 0.01
[[published]]
who = "Somebody"
"1921-1955" = 0.1
"""


def written(tmp_path: Path, text: str = TEXT) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return read_study(written(tmp_path_factory.mktemp("study"))).run()


def test_a_seed_is_a_forecast_of_its_own(found: Outcome) -> None:
    for seed in (0, 2):
        options = {"network": "12-4-1", "epochs": 30, "networks": 1, "seed": seed}
        alone = dr.forecast("sunspots", l2=0.01, **options).arv["network"]
        for period in found.periods:
            mine = found.seeds("with a penalty", period)[seed]
            assert mine == pytest.approx(alone[period], rel=1e-9)


def test_baselines_are_the_published_ones(found: Outcome) -> None:
    said = [found.seeds("AR(12)", p)[0] for p in ("train", "1921-1955", "1956-1979")]
    assert said == pytest.approx([0.1319, 0.1296, 0.3679], abs=5e-5)
    assert found.best_baseline("1956-1979") == ("AR(12)", pytest.approx(0.3679, abs=5e-5))


def test_what_is_told(found: Outcome, tmp_path: Path) -> None:
    head, rows = found.table()
    assert head == ["ARV", "train", "1921-1955", "1956-1979"]
    assert rows[-1] == ["published: Somebody", "-", "0.1", "-"]
    seeds = found.seeds("plain", "1921-1955")
    first, beside, second = found.answers()
    assert f"are {np.sum(seeds < 0.1296)} of 3 seeds of plain; " in first
    low, high = np.quantile(seeds, (0.05, 0.95))
    assert beside.startswith("1921-1955: 0.1 (Somebody) lies within the middle 90 % of the ")
    assert ("plain" in beside) == bool(low <= 0.1 <= high)
    assert second.startswith("1956-1979: below AR(12)")
    assert found.runs.shape == (3 * (2 * 3 + 5), 4)
    again = Outcome.from_dict(found.to_dict())
    assert again.answers() == found.answers()
    found.plot(tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 10_000


def test_averages_are_those_of_a_seeds_networks(tmp_path: Path) -> None:
    text = TEXT.replace("seeds = 3", "seeds = 2\naverage = 3")
    found = read_study(written(tmp_path, text)).run()
    options = {"network": "12-4-1", "epochs": 30, "networks": 3, "seed": 1, "l2": 0.0}
    alone = dr.forecast("sunspots", **options).arv["network"]
    assert found.seeds("plain", "1956-1979")[1] == pytest.approx(alone["1956-1979"], rel=1e-9)


def test_many_series_are_told_with_how_sure_one_is(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = [f"{s},{t},{rng.normal() + t}" for s in range(12) for t in range(20)]
    (tmp_path / "many.csv").write_text("\n".join(["name,t,y", *rows]) + "\n", encoding="utf-8")
    text = f"""[study]
measure = "mase"
seeds = 2
[forecast]
data = "{tmp_path / "many.csv"}"
series = "name"
time = "t"
target = "y"
horizon = 2
lags = 2
epochs = 20
[cells.one]
"""
    found = read_study(written(tmp_path, text)).run()
    assert found.cells["one"].shape == (12, 2, 1)
    assert found.periods == ("test",)
    assert "over the 12 series" in found.answers()[1]
    panel = dr.forecast_panel(
        tmp_path / "many.csv", "name", "y", "t", horizon=2, lags=2, epochs=20, networks=1
    )
    mine = found.seeds("one", "test")[0]
    assert mine == pytest.approx(panel.summary["network"]["mase"], rel=1e-9)
    mine = found.seeds("drift", "test")[0]
    assert mine == pytest.approx(panel.summary["drift"]["mase"], rel=1e-12)


def test_the_transformed_measure_of_a_fit() -> None:
    """As test_published has it, by the definition: the mean square of g(y) - g(f)."""
    study = read_study("lynx", seeds=1)
    cells = {"one": study.cells["Adam, 500 epochs"].with_(epochs=50)}
    found = type(study)(**{**vars(study), "cells": cells}).run()
    alone = dr.forecast("lynx", test_from="1934", lags=8, network="8-4-1", epochs=50, l2=0.0,
                        transform="box_cox:0.5")  # fmt: skip
    model, y = alone.forecaster, alone.series.values
    f = model.forecasts(alone.series, np.arange(8, 114), 1)[:, 0]
    mine = np.mean((2 * (np.sqrt(y[8:]) - np.sqrt(f))) ** 2)
    assert found.seeds("one", "fit")[0] == pytest.approx(mine, rel=1e-9)


@pytest.mark.parametrize("name", SHIPPED)
def test_what_comes_along_can_be_read(name: str) -> None:
    study = read_study(name, seeds=1)
    assert study.seeds == 1
    assert study.title
    assert is_study(name)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("l2 = 0.0\n", "l3 = 0.0\n", r"mine.toml:9: unknown option of a forecast .*l2"),
        ("seeds = 3", "sead = 3", r"mine.toml:3: .*seeds"),
        ("seeds = 3", "seeds = 0", r"mine.toml:1: seeds"),
        ('"arv"', '"arw"', r"mine.toml:1: .*arv"),
        (
            "l2 = 0.01",
            "networks = 7",
            r"mine.toml:11: .* sets networks itself: write average",
        ),
        ('data = "sunspots"\n', "", r"mine.toml:4: .* needs data"),
        ("[study]", "[study", "no TOML"),
        ('who = "Somebody"\n', "", r"mine.toml:12: every \[\[published\]\] says who"),
        ("= 0.1\n", '= "a lot"\n', r"mine.toml:12: the figure of Somebody .* finite number"),
        ("l2 = 0.01", "horizon = 2", r"mine.toml:1: the horizon is the same in all cells"),
        ("seeds = 3", 'transformed = "yes"', r"mine.toml:1: transformed is True or False"),
    ],
)
def test_what_cannot_be_is_named_with_its_line(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        read_study(written(tmp_path, TEXT.replace(old, new, 1)))


def test_a_figure_for_a_period_that_is_not_there(tmp_path: Path) -> None:
    study = read_study(written(tmp_path, TEXT.replace("1921-1955", "1921-1956")))
    with pytest.raises(UsageError, match="Somebody has published '1921-1956', did you mean"):
        study.run()


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(DataError, match=r"nowhere.toml.*sunspots"):
        read_study("nowhere.toml")
    assert not is_study("nowhere.toml")
