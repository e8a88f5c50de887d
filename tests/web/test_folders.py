"""Folders that the lab is started with: a study's and a forecast's."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import deltarule as dr
from deltarule.studies import Results
from deltarule.web.session import Session


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("lab") / "factor"
    net = dr.Network(2, [dr.Dense(2, "sigmoid"), dr.Dense(1, "sigmoid")], init="uniform:1")
    vary = {"rule": ["exact", "hidden=constant"]}
    dr.Study(net, "xor", vary=vary, seeds=6, optimizer="sgd:1", reduction="sum", epochs=300,
             stop="all_within:0.4").run(folder)  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def forecast(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("lab") / "lynx"
    found = dr.forecast("lynx", lags=4, horizon=2, networks=1, epochs=20, layer="gru:3")
    found.save(folder)
    return folder


def test_a_study_is_shown_as_it_stands(study: Path) -> None:
    session = Session(folder=study)
    assert session.begin()["folder"] == "study"
    shown = session.answer({"do": "folder"})["shown"]
    json.dumps(shown, allow_nan=False)
    results = Results.load(study)
    assert (shown["done"], shown["size"]) == (12, results.definition.size())
    assert [row[0] for row in shown["rows"]] == ["exact", "hidden=constant"]
    assert shown["says"] == results.answers()
    curve = np.array(results.cells[("exact",)]["curve"].to_list())
    middle = np.quantile(curve, 0.5, axis=0, method="nearest")
    np.testing.assert_allclose(shown["curves"][0]["E"], middle, rtol=1e-4)


def test_a_study_is_looked_at_anew_every_time(study: Path, tmp_path: Path) -> None:
    """As while it runs: a part more is a part more."""
    begun = tmp_path / "begun"
    (begun / "parts").mkdir(parents=True)
    (begun / "study.json").write_bytes((study / "study.json").read_bytes())
    session = Session(folder=begun)
    assert session.answer({"do": "folder"})["shown"]["done"] == 0
    part = next((study / "parts").iterdir())
    (begun / "parts" / part.name).write_bytes(part.read_bytes())
    assert session.answer({"do": "folder"})["shown"]["done"] > 0


def test_a_forecast_with_its_steps(forecast: Path) -> None:
    session = Session(folder=forecast)
    shown = session.answer({"do": "folder"})["shown"]
    json.dumps(shown, allow_nan=False)
    fitted = dr.load_forecast(forecast)
    assert shown["head"] == fitted.table.columns
    forecasts = [row[1] for row in shown["rows"]]
    assert forecasts == pytest.approx(fitted.table["forecast"].to_list(), rel=1e-5)
    assert shown["values"][-1] == pytest.approx(fitted.series.values[-1], rel=1e-5)
    assert len(shown["steps"]["rows"]) == 4
    why = session.answer({"do": "folder", "at": "1936"})["shown"]
    expected = dr.why_forecast(fitted, "1936")
    assert why["says"] == str(expected)
    shares = [row[4] for row in why["rows"]]
    assert shares == pytest.approx([s.share for s in expected.shares], rel=1e-3)
    with pytest.raises(dr.DeltaruleError, match="1700"):
        session.answer({"do": "folder", "at": "1700"})


def test_folders_of_others_and_none(tmp_path: Path) -> None:
    with pytest.raises(dr.UsageError, match="study"):
        Session(folder=tmp_path)
    with pytest.raises(dr.UsageError, match="deltarule lab FOLDER"):
        Session().answer({"do": "folder"})
