"""`deltarule study` as a person types it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from command_line import COMMAND, Cli

QUICK = """
[study]
title = "Quick"
question = "Does it work without f'?"
seeds = 10

[settings]
data = "xor"
hidden = [2]
init = "uniform:1"
output = "sigmoid"
loss = "half_squared_error"
reduction = "sum"
optimizer = "sgd:1"
epochs = 800
stop = "all_within:0.4"

[grid]
rule = ["exact", "hidden=constant:1", "output=constant:1"]
"""


@pytest.fixture
def quick(tmp_path: Path) -> Path:
    path = tmp_path / "quick.toml"
    path.write_text(QUICK)
    return path


@pytest.mark.usefixtures("quick")
def test_a_study_of_one_s_own_from_run_to_report(cli: Cli, tmp_path: Path) -> None:
    result = cli("study", "run", "quick.toml")
    assert result.exit_code == 0, result.output
    assert "3 cells x 10 seeds = 30 runs of at most 800 epochs" in result.stdout
    assert "hidden=constant:1, beside exact: worse (0 against" in result.stdout
    folder = tmp_path / "quick-study"
    made = {path.name for path in folder.iterdir()}
    assert made == {"comparisons.csv", "overview.png", "parts", "report.html", "study.json",
                    "summary.csv"}  # fmt: skip
    page = (folder / "report.html").read_text()
    assert "Does it work without f&#x27;?" in page
    assert page.count("<svg") == 4
    assert "deltarule study run quick.toml" in page
    assert not any(word in page for word in ("src=", 'href="http', "@import", "url(http"))
    shown = cli("study", "show", "quick-study")
    assert shown.stdout.split("answer")[1] == result.stdout.split("answer")[1]


@pytest.mark.usefixtures("quick")
def test_json_is_one_object_with_every_number(cli: Cli) -> None:
    result = cli("study", "run", "quick.toml", "--seeds", "4", "--json", "--out", "q")
    found = json.loads(result.stdout)
    assert found["runs"] == 12
    assert [row["n"] for row in found["summary"]] == [4, 4, 4]
    assert {row["verdict"] for row in found["comparisons"]} <= {"worse", "better",
                                                               "no difference told"}  # fmt: skip
    assert json.loads(cli("study", "show", "q", "--json").stdout)["summary"] == found["summary"]


@pytest.mark.usefixtures("quick")
def test_one_seed_claims_nothing(cli: Cli) -> None:
    result = cli("study", "run", "quick.toml", "--seeds", "1")
    assert result.exit_code == 0, result.output
    assert "nothing can be claimed" in result.stdout
    assert "95 % interval" not in result.stdout.split("certainty")[0]


def test_the_studies_that_come_along_are_listed(cli: Cli) -> None:
    result = cli("study", "list")
    assert "derivative-factor" in result.stdout
    assert "What is the factor f'(net) for" in result.stdout
    assert "did you mean 'sunspots'?" in cli("study", "run", "sunspot").stderr
    names = [row["name"] for row in json.loads(cli("study", "list", "--json").stdout)]
    assert "derivative-factor" in names


def test_a_new_study_runs_as_it_is(cli: Cli, tmp_path: Path) -> None:
    assert cli("study", "new", "mine.toml").exit_code == 0
    assert "deltarule study run mine.toml" in (tmp_path / "mine.toml").read_text()
    again = cli("study", "new", "mine.toml")
    assert again.exit_code == 2
    assert "--force" in again.stderr
    result = cli("study", "run", "mine.toml", "--seeds", "3", "--quiet")
    assert (result.exit_code, result.stdout) == (0, "")
    assert cli("study", "new", "like.toml", "--like", "derivative-factor").exit_code == 0


@pytest.mark.parametrize(
    ("old", "new", "status", "message"),
    [
        ("hidden=constant:1", "hidden=constnt:1", 2, "quick.toml:19: unknown derivative rule"),
        ("epochs = 800", "epochs = 0", 2, "quick.toml:15: epochs is a whole number"),
        ("[grid]", "[grit]", 2, "quick.toml:18: unknown table of a study 'grit'"),
        ("seeds = 10", "seeds = -1", 2, "quick.toml:5: seeds"),
        ("seeds = 10", "sedes = 1", 2, "quick.toml:5: unknown entry of [study] 'sedes', did you"),
        ('"xor"', '"xro"', 3, "quick.toml:8: xro: there is no such file"),
        ('rule = ["exact"', 'lr = ["exact"', 2, "quick.toml:19: "),
        ("epochs = 800", "epochs = ", 2, "quick.toml:15:10: this is no TOML"),
    ],
)
def test_errors_name_the_line(
    cli: Cli, quick: Path, old: str, new: str, status: int, message: str
) -> None:
    quick.write_text(QUICK.replace(old, new))
    result = cli("study", "run", "quick.toml")
    assert result.exit_code == status, result.output
    assert message in result.stderr
    assert not Path("quick-study").exists()


def test_unknown_studies_and_folders(cli: Cli) -> None:
    result = cli("study", "run", "derivative-fator")
    assert result.exit_code == 3
    assert "did you mean 'derivative-factor'" in result.stderr
    assert cli("study", "show", ".").exit_code == 5


@pytest.mark.usefixtures("quick")
def test_a_million_runs_are_asked_about(cli: Cli) -> None:
    result = cli("study", "run", "quick.toml", "--seeds", "4000000")
    assert result.exit_code == 2
    assert "hours" in result.stderr
    assert "MB" in result.stderr
    assert "--yes" in result.stderr


def test_ctrl_c_keeps_what_is_done_and_the_same_command_goes_on(tmp_path: Path) -> None:
    slow = QUICK.replace("epochs = 800", "epochs = 10000").replace("seeds = 10", "seeds = 64")
    slow = slow.replace('stop = "all_within:0.4"', "").replace('"xor"', '"parity:4"')
    (tmp_path / "slow.toml").write_text(
        slow.replace("[grid]", "[grid]\nl2 = [0, 1e-6, 1e-5, 1e-4]")
    )
    command = [*COMMAND, "study", "run", "slow.toml", "--workers", "2"]
    options = {"cwd": tmp_path, "text": True, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    parts = tmp_path / "slow-study" / "parts"
    with subprocess.Popen(command, start_new_session=True, **options) as process:  # type: ignore[call-overload]
        while not (parts.exists() and any(parts.glob("*.parquet"))):
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: the workers hear it, too
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "runs are kept in slow-study; run it again to go on" in errors
    assert "Traceback" not in errors
    assert any(parts.glob("*.parquet"))


FORECASTS = """[study]
title = "Two"
question = "Which?"
measure = "rmse"
seeds = 2
[forecast]
data = "lynx"
lags = 2
epochs = 5
[cells.one]
[cells.two]
l2 = 0.1
"""


def test_a_study_of_forecasts(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(FORECASTS, encoding="utf-8")
    out = tmp_path / "found"
    told = cli("study", "run", str(tmp_path / "mine.toml"), "--out", str(out))
    assert told.exit_code == 0
    assert "2 recipes x 2 seeds, one network a seed" in told.stdout
    assert sorted(p.name for p in out.iterdir()) == [
        "forecast-study.json", "overview.png", "runs.csv",
    ]  # fmt: skip
    again = cli("study", "show", str(out))
    assert again.stdout.strip() in told.stdout
    plain = json.loads(cli("study", "show", str(out), "--json").stdout)
    assert list(plain["cells"]) == ["one", "two"]
    assert len(plain["answers"]) == 1


def test_a_study_of_forecasts_refuses_what_is_not_its_own(cli: Cli, tmp_path: Path) -> None:
    file, out = tmp_path / "mine.toml", tmp_path / "found"
    file.write_text(FORECASTS, encoding="utf-8")
    assert cli("study", "run", str(file), "--out", str(out), "--quiet").stdout == ""
    told = cli("study", "run", str(file), "--out", str(out))
    assert told.exit_code == 2
    assert "replace them with `--fresh`" in told.stderr
    assert cli("study", "run", str(file), "--out", str(out), "--fresh").exit_code == 0
    told = cli("study", "run", str(file), "--workers", "2")
    assert told.exit_code == 2
    assert "leave out `--workers`" in told.stderr
    told = cli("study", "run", str(file), "--out", str(tmp_path))
    assert told.exit_code == 2
    assert "holds other files" in told.stderr
    (out / "forecast-study.json").write_text("{}", encoding="utf-8")
    told = cli("study", "show", str(out))
    assert told.exit_code == 5
    assert "Run the study again" in told.stderr


def test_studies_of_forecasts_are_listed_and_copied(cli: Cli, tmp_path: Path) -> None:
    names = [row["name"] for row in json.loads(cli("study", "list", "--json").stdout)]
    assert {"sunspots", "derivative-factor"} <= set(names)
    path = tmp_path / "mine.toml"
    assert cli("study", "new", str(path), "--like", "lynx").exit_code == 0
    assert "nnetar" in path.read_text(encoding="utf-8")
