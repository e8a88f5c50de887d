"""Tuning: what it finds is what its command trains, and its judge took no part."""

from __future__ import annotations

import itertools
import json
import shlex

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

import deltarule as dr
from deltarule.cli.main import app
from deltarule.core.errors import UsageError
from deltarule.studies.tuning.space import DEFAULT, SPACE, checked_space, draw
from deltarule.studies.tuning.tuned import _epsilon

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
                 "--seed", "5", "--test", "0.3", "--json", "--workers", "1"]  # fmt: skip
    said = run.invoke(app, arguments)
    assert said.exit_code == 0, said.output
    told = json.loads(said.stdout)
    written = sorted(p.name for p in (tmp_path / "circles-tune").iterdir())
    assert written == ["mattered.png", "trials.csv"]
    again = run.invoke(app, [*shlex.split(told["command"])[1:], "--json"])
    assert json.loads(again.stdout)["test"] == told["held_out"]
    assert run.invoke(app, arguments).exit_code == 2  # there are trials already
    plainly = run.invoke(app, [*arguments[:-3], "--force", "--workers", "1"])
    assert "rows that took no part (95 % interval" in plainly.stdout
    assert told["command"] in plainly.stdout


def test_ids_are_not_learned_from_and_stand_in_the_command(circles, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pl.read_csv(circles).with_row_index("number").write_csv("numbered.csv")
    run, few = CliRunner(), ["--trials", "1", "--splits", "1", "--workers", "1", "--json"]
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
    assert _epsilon(ranks, levels) == pytest.approx(0.7)
    assert _epsilon(ranks, np.array(["a"] * 4)) == 0.0


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"data": "xor"}, "settings cannot be chosen without rows to judge them by"),
        ({"space": {"optimiser": ["adam"]}}, "did you mean 'optimizer'"),
        ({"space": {"optimizer": ["adm"]}}, "did you mean 'adam'"),
        ({"space": {"hidden": []}}, "no value to try"),
        ({"trials": 0}, "trials is a whole number"),
        ({"time": -1.0}, "time"),
        ({"trials": 2, "space": {"optimizer": "levenberg_marquardt"}}, "no trial can be trained"),
    ],
)
def test_what_cannot_be_is_refused(given, message):
    with pytest.raises(UsageError, match=message):
        dr.tune(**{"data": "iris", "workers": 1, **given})
