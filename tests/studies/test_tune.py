"""Tuning: what it finds is what its command trains, and its judge took no part."""

from __future__ import annotations

import itertools
import json
import shlex
import time

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

import deltarule as dr
from deltarule.cli.main import app
from deltarule.core.errors import UsageError
from deltarule.studies.tuning.mattered import epsilon, mattered
from deltarule.studies.tuning.space import DEFAULT, SPACE, checked_space, draw

SMALL = {"hidden": ["8", "none"], "activation": ["tanh"], "optimizer": ["adam"], "lr": [0.05, 1e-4]}


@pytest.fixture
def circles(tmp_path):
    """A file whose classes no straight line parts."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 2))
    where = np.where((X**2).sum(axis=1) < 1.2, "in", "out")
    path = tmp_path / "circles.csv"
    pl.DataFrame({"a": X[:, 0], "b": X[:, 1], "where": where}).write_csv(path)
    return path


def test_what_matters_is_found(circles, tmp_path):
    """No straight line parts the classes, and the low rate gets nowhere: both are told."""
    found = dr.tune(circles, "where", trials=12, splits=3, space=SMALL, workers=1)
    assert (found.best.hidden, found.best.lr) == ("8", 0.05)
    assert set(list(found.mattered)[:2]) == {"lr", "hidden"}
    assert found.held_out["accuracy"] > 0.9 > found.table["accuracy"].min()
    assert found.table["error"].is_sorted()
    found.plot(tmp_path / "p.png")
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")


def test_the_command_trains_the_winner(circles, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = CliRunner()
    arguments = ["tune", "circles.csv", "--target", "where", "--trials", "3", "--hidden", "4",
                 "--seed", "5", "--test", "0.3", "--splits", "2", "--epochs", "40",
                 "--json", "--workers", "1"]  # fmt: skip
    said = run.invoke(app, arguments)
    assert said.exit_code == 0, said.output
    told = json.loads(said.stdout)
    written = sorted(p.name for p in (tmp_path / "circles-tune").iterdir())
    assert written == ["mattered.png", "trials.csv", "tune.json"]
    again = run.invoke(app, [*shlex.split(told["command"])[1:], "--json"])
    assert json.loads(again.stdout)["test"] == told["held_out"]
    assert run.invoke(app, arguments).exit_code == 2  # there are trials already
    plainly = run.invoke(app, [*arguments[:-3], "--force", "--workers", "1"])
    assert "rows that took no part (95 % interval" in plainly.stdout
    assert told["command"] in plainly.stdout
    shown = run.invoke(app, ["show", "circles-tune"])
    assert shown.stdout == plainly.stdout
    (tmp_path / "circles-tune" / "tune.json").write_text("{}")
    assert run.invoke(app, ["show", "circles-tune"]).exit_code == 5


def test_ids_are_not_learned_from_and_stand_in_the_command(circles, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pl.read_csv(circles).with_row_index("number").write_csv("numbered.csv")
    few = ["--trials", "1", "--splits", "1", "--epochs", "40", "--workers", "1", "--json"]
    run = CliRunner()
    said = run.invoke(app, ["tune", "numbered.csv", "--target", "where", "--id", "number", *few])
    assert said.exit_code == 0, said.output
    told = json.loads(said.stdout)
    words = shlex.split(told["command"])
    assert words[words.index("--id") + 1] == "number"
    again = run.invoke(app, [*words[1:], "--json", "--out", "m"])
    assert json.loads(again.stdout)["test"] == told["held_out"]
    assert dr.load("m").ids == ("number",)
    found = dr.tune("numbered.csv", "where", ids=["number"], trials=1, splits=1, space=SMALL)
    assert found.search.problem.table.names == ("a", "b", "where")


def test_the_rows_that_judge_take_no_part(circles):
    table = pl.read_csv(circles)
    found = dr.tune(circles, "where", trials=1, splits=2, space=SMALL, workers=1)
    put_away = found.fitted.plan.prepared["test"].rows
    searched = found.search.problem.table
    kept = set(zip(searched["a"].values, searched["b"].values, strict=True))
    assert len(put_away) == 60
    assert len(kept) == 240
    assert not kept & set(table[put_away.tolist()].select("a", "b").iter_rows())


def test_a_series_is_split_in_order(tmp_path):
    """The last rows judge, and those before them score."""
    x = np.arange(200.0)
    path = tmp_path / "s.csv"
    pl.DataFrame({"day": x, "now": np.sin(x / 9), "next": np.sin((x + 1) / 9)}).write_csv(path)
    found = dr.tune(path, "next", trials=1, splits=1, space=SMALL, workers=1)
    assert found.fitted.plan.prepared["test"].rows.tolist() == list(range(160, 200))
    assert found.search.problem.reading["split"] == "ordered"
    assert found.search.problem.table["day"].values.tolist() == list(range(160))


def test_ctrl_c_takes_the_best_so_far(circles):
    def stop(search):
        if search.scores:
            raise KeyboardInterrupt

    found = dr.tune(circles, "where", time=60, splits=2, space=SMALL, workers=1, tell=stop)
    assert found.interrupted
    assert len(found.table) >= 1


def test_a_space_that_is_through_ends(circles):
    space = {name: [values[0]] for name, values in SPACE.items()} | {"lr": [0.01, 0.02]}
    found = dr.tune(circles, "where", time=60, splits=2, space=space, workers=1)
    assert found.table["lr"].sort().to_list() == [0.01, 0.02]


def test_draws_are_three_rates_of_each_structure():
    first, *others = itertools.islice(draw(checked_space(None), 0), 31)
    assert first == DEFAULT
    for three in (others[k : k + 3] for k in range(0, 30, 3)):
        assert len({(t.hidden, t.optimizer, t.l2, t.batch_size) for t in three}) == 1
        assert [t.third for t in three] == ["low", "middle", "high"]
        assert sorted(t.lr for t in three) == [t.lr for t in three]


def test_epsilon_squared_by_hand():
    """Two groups (1, 2), (3, 4): within 0.5 + 0.5 over 2; total 5 over 3: 1 - 0.5 / (5/3)."""
    ranks, levels = np.array([1.0, 2, 3, 4]), np.array(["a", "a", "b", "b"])
    assert epsilon(ranks, levels) == pytest.approx(0.7)
    assert epsilon(ranks, np.array(["a"] * 4)) == 0.0


def structures(count, seed=0):
    """Return trials as a search draws them, three rates of each structure."""
    return list(itertools.islice(draw(checked_space(None), seed), 1, 1 + 3 * count))


def test_what_chance_explains_is_not_claimed():
    """Errors that have nothing to do with the settings: a claim in 5 of 100 searches at most.

    All three rates of a structure share their luck, so that a test which took them for independent
    draws would claim far more often. 200 searches, 3.3 standard errors above 5 %: 20.
    """
    claims = 0
    for search in range(200):
        trials, rng = structures(9, search), np.random.default_rng(search)
        errors = np.repeat(rng.normal(size=9), 3) + 0.1 * rng.normal(size=27)
        claims += any(share is not None for share in mattered(trials, errors).values())
    assert claims <= 20


def test_what_decides_is_found_and_a_few_trials_tell_nothing():
    trials = structures(27)
    errors = [t.third == "low" for t in trials] + 0.01 * np.random.default_rng(1).random(81)
    found = mattered(trials, errors)
    assert next(iter(found)) == "lr"
    assert found["lr"] > 0.5
    slow = [0.01 * k + (t.optimizer == "momentum") for k, t in enumerate(trials)]
    assert mattered(trials, slow)["optimizer"] > 0.5
    assert set(mattered(trials[:6], errors[:6]).values()) == {None}


def test_the_time_is_kept():
    """One trial is scored, whatever it takes; then nothing is begun."""
    began = time.monotonic()
    found = dr.tune("iris", time=1.0, space={"hidden": ["8"], "activation": ["tanh"]})
    assert len(found.table) >= 1
    assert time.monotonic() - began < 8.0  # 1 s on a machine with nothing else to do
    assert found.seconds < 8.0


def test_options_of_the_table_stand_in_the_command(tmp_path, monkeypatch):
    """Two targets, an order of categories, few columns: what is searched is what is trained."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    x, size = rng.random(120), rng.choice(["S", "M", "L"], 120)
    up = np.searchsorted(["L", "M", "S"], size)
    pl.DataFrame({"x": x, "size": size, "junk": rng.random(120), "a": np.exp(x + up),
                  "b": np.exp(x - up)}).write_csv("t.csv")  # fmt: skip
    run, few = CliRunner(), ["--trials", "1", "--splits", "1", "--workers", "1", "--json"]
    said = run.invoke(app, ["tune", "t.csv", "--target", "a", "--target", "b", "--only", "x",
                            "--only", "size", "--ordinal", "size=S,M,L", "--target-transform",
                            "log", "--epochs", "20", *few])  # fmt: skip
    assert said.exit_code == 0, said.output
    told = json.loads(said.stdout)
    again = run.invoke(app, [*shlex.split(told["command"])[1:], "--json", "--out", "m"])
    assert json.loads(again.stdout)["test"] == told["held_out"]
    model = dr.load("m")
    assert model.targets.names == ("a", "b")
    assert model.inputs.width == 2


def test_classes_weighted_and_networks_over_time(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run, few = CliRunner(), ["--trials", "1", "--splits", "2", "--epochs", "9", "--workers", "1"]
    said = run.invoke(app, ["tune", "adding:5,200", "--network", "elman:4,dense:1", *few, "--json"])
    assert said.exit_code == 0, said.output
    told = json.loads(said.stdout)
    assert told["best"]["network"] == "elman:4,dense:1"
    assert "--network elman:4,dense:1" in told["command"]
    rng = np.random.default_rng(0)
    rare = np.where(rng.random(200) < 0.1, "yes", "no")
    pl.DataFrame({"x": rng.random(200), "rare": rare}).write_csv("rare.csv")
    scores = []
    for more in ([], ["--class-weight", "balanced"]):
        words = ["tune", "rare.csv", "--target", "rare", *few, *more, "--force", "--json"]
        told = json.loads(run.invoke(app, words).stdout)
        scores.append(told["trials"][0]["error"])
    assert "--class-weight balanced" in told["command"]
    assert scores[0] < 0.55  # chance: 0.33
    assert scores[1] > 0.6  # and log 2 where classes are even


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"data": "xor"}, "settings cannot be chosen without rows to judge them by"),
        ({"space": {"optimiser": ["adam"]}}, "did you mean 'optimizer'"),
        ({"space": {"optimizer": ["adm"]}}, "did you mean 'adam'"),
        ({"space": {"hidden": []}}, "no value to try"),
        ({"space": {"network": "gru:4,dense:3", "hidden": "8"}}, "leave out hidden"),
        ({"space": {"network": "gr:4,dense:3"}}, "did you mean 'gru'"),
        ({"space": {"network": "dense:4,dense:2"}}, "the target needs a dense layer of 3"),
        ({"trials": 0}, "trials is a whole number"),
        ({"time": -1.0}, "time"),
        ({"trials": 2, "space": {"optimizer": "levenberg_marquardt"}}, "no trial can be trained"),
    ],
)
def test_what_cannot_be_is_refused(given, message):
    with pytest.raises(UsageError, match=message):
        dr.tune(**{"data": "iris", "workers": 1, **given})
