"""Runs in a table, and two of them side by side; the paired test against counts by hand."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest

import deltarule as dr
from deltarule.data import read_table
from deltarule.models import Recipe, compare, fit, runs, save
from deltarule.models.comparing import _tested
from deltarule.models.read import read_tensors


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models of wine on the same test rows, one on others, one of diabetes, a network alone."""
    place = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("deltarule.models.pictures.gallery.draw", lambda *_: [])
        wine = read_table("wine")
        for name, recipe in {
            "good": Recipe(hidden=(8,), epochs=12, lr=0.02),
            "bad": Recipe(hidden=(8,), epochs=1),
            "other": Recipe(hidden=(8,), epochs=2, seed=1),
        }.items():
            save(fit(wine, recipe), place / name)
        save(fit(read_table("diabetes"), Recipe(hidden=(4,), epochs=2)), place / "diabetes")
    net = dr.Network(2, [dr.Dense(1)])
    dr.save(place / "inner" / "alone", net, net.init())
    return place


def test_errors_of_the_test_rows_are_kept_as_they_are_measured(folders: Path) -> None:
    for name, score in (("good", "accuracy"), ("diabetes", "rmse")):
        said = json.loads((folders / name / "run.json").read_text())
        kept = read_tensors(folders / name, said)
        mean = kept["test.errors"].mean()
        found = 1.0 - mean if score == "accuracy" else mean**0.5
        assert found == pytest.approx(said["metrics"]["test"][score])
        assert len(kept["test.rows"]) == said["data"]["rows"]["test"]
        model, table = dr.load(folders / name), read_table(said["data"]["source"])
        rows = kept["test.rows"].astype(int)
        said_so = model.predict(table)[rows]
        column = table[model.targets.names[0]]
        if score == "accuracy":
            true = np.array(column.categories)[column.values[rows]]
            assert np.array_equal(kept["test.errors"], said_so != true)
        else:
            assert kept["test.errors"] == pytest.approx(
                (said_so - column.values[rows]) ** 2, rel=1e-3
            )


def test_what_differs_and_which_is_better(folders: Path) -> None:
    found = compare(folders / "good", folders / "bad")
    assert [(n, a, b) for n, a, b in found.options] == [
        ("optimizer lr", 0.02, 0.001), ("epochs", 12, 1),
    ]  # fmt: skip
    assert list(found.scores)[:2] == ["loss", "accuracy"]
    paired = found.paired
    assert paired is not None
    assert (paired.rows, paired.what) == (36, "wrong")
    assert paired.a == pytest.approx(1 - found.scores["accuracy"][0])
    assert paired.difference == pytest.approx(paired.a - paired.b)
    assert paired.low <= paired.difference <= paired.high < 0
    assert paired.p < 0.05
    assert "the first has fewer wrong rows" in paired.sentence
    back = compare(folders / "bad", folders / "good").paired
    assert back is not None
    assert "the second has fewer wrong rows" in back.sentence


def test_rows_of_one_run_alone_are_left_out(folders: Path) -> None:
    found = compare(folders / "good", folders / "other")
    assert found.paired is not None
    assert 2 <= found.paired.rows < 36
    assert f"{36 - found.paired.rows} rows that are test rows of one run alone" in found.reason


def test_why_there_is_no_paired_test(folders: Path) -> None:
    found = compare(folders / "good", folders / "diabetes")
    assert found.paired is None
    assert "the targets or their rows are not the same" in found.reason
    assert found.scores["rmse"][0] is None
    found = compare(folders / "inner" / "alone", folders / "good")
    assert found.paired is None
    assert "not both runs have kept test rows" in found.reason


def test_models_of_other_targets_say_so_and_counts_have_squared_errors(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    numbers = {"x": rng.normal(size=60), "n": rng.poisson(3, 60), "m": rng.poisson(30, 60)}
    table = read_table(numbers)
    recipe = Recipe(hidden=(), epochs=1, task="count")
    for name in ("n", "m"):
        save(fit(table, recipe, target=name), tmp_path / name)
    found = compare(tmp_path / "n", tmp_path / "m")
    assert ("data target", "n", "m") in found.options
    paired = compare(tmp_path / "n", tmp_path / "n").paired
    assert paired is not None
    assert "the mean squared error is" in paired.sentence


def test_a_model_beside_itself(folders: Path) -> None:
    found = compare(folders / "good", folders / "good")
    assert found.options == []
    assert found.paired is not None
    assert (found.paired.difference, found.paired.p) == (0.0, 1.0)
    assert "no difference is shown" in found.paired.sentence


def test_p_is_the_share_of_sign_patterns() -> None:
    a, b = np.array([0.3, 0.9, 0.4, 0.8, 0.7]), np.array([0.1, 0.2, 0.5, 0.1, 0.2])
    d = a - b
    means = [abs(np.mean(d * signs)) for signs in product((-1.0, 1.0), repeat=5)]
    share = np.mean([m >= abs(d.mean()) - 1e-12 for m in means])
    assert _tested("squared error", a, b).p == pytest.approx(share)


def test_of_classes_it_is_mcnemar_s() -> None:
    a, b = np.zeros(400), np.zeros(400)
    a[:30], b[30:44] = 1.0, 1.0
    exact = binomtest(14, 44).pvalue
    assert _tested("wrong", a, b).p == pytest.approx(exact, abs=0.01)


def test_equal_models_are_rarely_called_different() -> None:
    """Errors of two models that are equally good, drawn 200 times: p < 0.05 about 1 time in 20."""
    rng = np.random.default_rng(3)
    claims = sum(
        _tested("squared error", *rng.exponential(size=(2, 12))).p < 0.05 for _ in range(200)
    )
    assert 2 <= claims <= 20


def test_curves_of_both_in_one_picture(folders: Path, tmp_path: Path) -> None:
    compare(folders / "good", folders / "bad").plot(tmp_path / "c.png")
    compare(folders / "inner" / "alone", folders / "good").plot(tmp_path / "d.png")
    for name in ("c.png", "d.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(dr.UsageError, match="the file exists"):
        compare(folders / "good", folders / "bad").plot(tmp_path / "mine.txt")


def test_every_run_has_a_row(folders: Path, tmp_path: Path) -> None:
    place = Path(shutil.copytree(folders, tmp_path / "runs"))
    xor = dr.data.load("xor")
    dr.train(dr.Network(2, [dr.Dense(1)]), xor.X, xor.T, epochs=3, checkpoint=place / "begun")
    damaged = place / "other" / "run.json"
    damaged.write_bytes(damaged.read_bytes()[:-20])
    shutil.copytree(place / "good", place / ".hidden")
    table = runs(place)
    assert table["folder"].to_list() == ["bad", "begun", "diabetes", "good", "inner/alone", "other"]
    rows: dict[str, dict[str, Any]] = {row["folder"]: row for row in table.to_dicts()}
    assert rows["good"]["network"] == "13-8-3"
    assert (rows["good"]["status"], rows["good"]["part"]) == ("finished", "test")
    assert (rows["begun"]["status"], rows["begun"]["epochs"]) == ("unfinished", 3)
    assert rows["other"]["status"] == "damaged: run.json"
    assert rows["diabetes"]["accuracy"] is None
    best = runs(place, sort="accuracy")
    assert best["folder"][0] == "good"
    assert best["accuracy"].drop_nulls().is_sorted(descending=True)
    assert runs(place, sort="rmse")["folder"][0] == "diabetes"
    assert runs(tmp_path / "runs" / "inner" / "alone")["folder"].to_list() == ["."]


def test_what_is_no_column_and_no_folder(folders: Path) -> None:
    with pytest.raises(dr.UsageError, match="did you mean 'accuracy'"):
        runs(folders, sort="acuracy")
    with pytest.raises(dr.UsageError, match="no such folder"):
        runs(folders / "nowhere")
    with pytest.raises(dr.FileError, match="no such folder"):
        compare(folders / "good", folders / "nowhere")


def test_runs_without_test_rows_are_held_side_by_side_by_their_training_rows(tmp_path) -> None:
    for name, epochs in (("short", 1), ("long", 300)):
        recipe = Recipe(hidden=(4,), epochs=epochs, lr=0.1)
        save(fit(read_table("xor"), recipe), tmp_path / name)
    found = compare(tmp_path / "short", tmp_path / "long")
    assert (found.part, found.paired) == ("train", None)
    assert found.scores["loss"][1] < found.scores["loss"][0]


def test_fewer_wrong_rows_are_no_better_probabilities(tmp_path) -> None:
    """A rare class is never said by a run that knows nothing, and sooner by one that does."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=1500)
    y = np.where(rng.random(1500) < 1 / (1 + np.exp(3 - 1.5 * x)), "yes", "no")
    recipe = Recipe(hidden=(), epochs=60, lr=0.05)
    save(fit(read_table({"x": rng.normal(size=1500), "y": y}), recipe, target="y"), tmp_path / "a")
    sooner = replace(recipe, threshold="0.05")
    save(fit(read_table({"x": x, "y": y}), sooner, target="y"), tmp_path / "b")
    found = compare(tmp_path / "a", tmp_path / "b")
    assert found.paired is not None
    assert found.paired.shown
    assert "the first has fewer wrong rows" in found.paired.sentence
    assert found.scores["auc"][0] < found.scores["auc"][1]
    assert "by AUC and Brier score it is the other one" in found.reason
