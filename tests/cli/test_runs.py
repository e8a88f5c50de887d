"""`deltarule runs` and `deltarule compare`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import Cli


@pytest.fixture
def three(cli: Cli) -> Cli:
    """Two models of iris, and a forecast."""
    cli("train", "iris", "--epochs", "2", "--hidden", "4", "--out", "a", "--quiet")
    cli("train", "iris", "--epochs", "9", "--hidden", "4", "--lr", "0.05", "--out", "b", "--quiet")
    options = ("--lags", "2", "--networks", "2", "--epochs", "5", "--quiet", "--out", "c")
    assert cli("forecast", "lynx", *options).exit_code == 0
    return cli


def test_runs_in_a_table_and_two_side_by_side(three: Cli, tmp_path: Path) -> None:
    result = three("runs", ".", "--sort", "accuracy")
    assert result.exit_code == 0, result.stderr
    lines = [line.split() for line in result.stdout.splitlines()]
    assert lines[0][:4] == ["folder", "status", "data", "network"]
    assert [line[:2] for line in lines[1:]] == [["b", "finished"], ["a", "finished"],
                                                ["c", "forecast"]]  # fmt: skip
    found = json.loads(three("runs", "--json").stdout)
    assert [row["folder"] for row in found] == ["a", "b", "c"]
    assert found[0]["accuracy"] < found[1]["accuracy"]

    result = three("compare", "a", "b", "--plot", "c.png")
    assert result.exit_code == 0, result.stderr
    assert "optimizer lr  0.001  0.05" in result.stdout
    assert "on the same 30 test rows the share of wrong rows is" in result.stdout
    assert (tmp_path / "c.png").exists()
    found = json.loads(three("compare", "a", "b", "--json").stdout)
    assert found["paired"]["rows"] == 30
    assert {"option": "epochs", "a": 2, "b": 9} in found["options"]

    result = three("compare", "a", "c")
    assert result.exit_code == 2
    assert "c: this is the folder of a forecast, and the other one is a model's" in result.stderr
    three("train", "--resume", "a", "--more-epochs", "3", "--quiet")  # as another engine is asked
    assert "engine" not in three("compare", "a", "b").stdout


def test_two_forecasts_side_by_side(three: Cli) -> None:
    options = ("--lags", "3", "--networks", "2", "--epochs", "5", "--quiet", "--out", "d")
    assert three("forecast", "lynx", *options).exit_code == 0
    said = json.loads(three("compare", "c", "d", "--json").stdout)
    assert {"option": "lags", "a": [1, 2], "b": [1, 2, 3]} in said["options"]
    kept = [json.loads(Path(name, "run.json").read_text())["metrics"]["network"] for name in "cd"]
    assert said["scores"]["rmse"] == dict(
        zip("ab", [k["1912-1934"]["rmse"] for k in kept], strict=True)
    )
    result = three("compare", "c", "d")
    assert result.exit_code == 0, result.stderr
    assert "no paired test: a forecast keeps" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("runs", "nowhere"), 2, "nowhere: there is no such folder"),
        (("runs", ".", "--sort", "acuracy"), 2, "did you mean 'accuracy'"),
        (("compare", "a", "nowhere"), 5, ": there is no such folder"),
        (("compare", "a", "a", "--plot", "."), 2, ".: this is a folder"),
    ],
)
def test_what_is_not_there(cli: Cli, arguments: tuple[str, ...], code: int, said: str) -> None:
    result = cli(*arguments)
    assert result.exit_code == code
    assert said in result.stderr


def test_no_runs(cli: Cli) -> None:
    assert "no runs are there" in cli("runs", ".").stdout
