"""`deltarule train --resume`: killed, interrupted, ended; what is gone on from, what is refused."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command_line import COMMAND, Cli

import deltarule as dr
from deltarule.training.keeping.checkpoint import CHECKPOINT

LONG = ("--epochs", "400", "--patience", "0", "--hidden", "24", "--engine", "reference")
"""A second or two."""


def weights(folder: Path) -> tuple[bytes, bytes]:
    """Return theta with its transforms, and the history."""
    return (folder / "model.safetensors").read_bytes(), (folder / "history.csv").read_bytes()


def stopped(cli: Cli, folder: Path, number: int, *options: str) -> int:
    """Train iris in a process that gets a signal after its first checkpoint; its exit status."""
    arguments = ["train", "iris", *LONG, "--checkpoint-every", "9", "--out", str(folder), *options]
    with subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.DEVNULL) as process:
        while not (folder / CHECKPOINT).exists():
            assert process.poll() is None
            time.sleep(0.005)
        process.send_signal(number)
    return process.returncode


@pytest.mark.skipif(os.name == "nt", reason="sends signals")
def test_a_kill_and_a_resume_lead_to_the_bits_of_a_run_that_was_not_disturbed(
    cli: Cli, tmp_path: Path
) -> None:
    folder = tmp_path / "m"
    assert stopped(cli, folder, signal.SIGKILL) == -signal.SIGKILL
    assert [path.name for path in folder.iterdir() if path.name[0] != "."] == [CHECKPOINT]
    shown = cli("show", "m")
    assert shown.exit_code == 5
    assert "m: its training has not ended. `deltarule train --resume m` goes on" in shown.stderr
    anew = cli("train", "iris", *LONG, "--out", "m")
    assert anew.exit_code == 2
    assert "m: a training that has not ended is there" in anew.stderr
    assert "--resume m" in anew.stderr
    more = cli("train", "--resume", "m", "--more-epochs", "5")
    assert more.exit_code == 2
    assert "the training has not ended" in more.stderr

    result = cli("train", "--resume", "m")
    assert result.exit_code == 0, result.stderr
    assert "resumed" in result.stdout
    cli("train", "iris", *LONG, "--out", "whole", "--quiet")
    assert weights(folder) == weights(tmp_path / "whole")
    assert len(json.loads((folder / "run.json").read_text())["commands"]) == 1
    again = cli("train", "--resume", "m")
    assert again.exit_code == 0
    assert again.stdout.startswith("m: the training has ended; nothing is left to do.")
    assert os.listdir(tmp_path) in (["m", "whole"], ["whole", "m"])


@pytest.mark.skipif(os.name == "nt", reason="sends signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_leaves_a_model_and_a_training_to_go_on_with(
    cli: Cli, tmp_path: Path, number: signal.Signals
) -> None:
    folder = tmp_path / "m"
    assert stopped(cli, folder, number) == 128 + number
    assert dr.load(folder).description["status"] == "interrupted"
    result = cli("train", "--resume", "m", "--quiet")
    assert (result.exit_code, result.stdout) == (0, "")
    cli("train", "iris", *LONG, "--out", "whole", "--quiet")
    assert weights(folder) == weights(tmp_path / "whole")
    assert dr.load(folder).description["status"] == "finished"


def test_an_interrupted_training_says_how_to_go_on(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    requested = iter([False] * 20)
    monkeypatch.setattr(
        "deltarule.training.interrupt.Interrupt.requested",
        property(lambda self: next(requested, True), lambda self, value: None),
        raising=False,
    )
    result = cli("train", "iris", *LONG, "--out", "my run")
    assert result.exit_code == 130
    assert "deltarule train --resume 'my run'" in result.stdout


def test_more_epochs_are_those_of_one_long_run(cli: Cli, tmp_path: Path) -> None:
    options = ("train", "wine", "--patience", "0", "--hidden", "8", "--optimizer", "rmsprop")
    cli(*options, "--epochs", "5")
    result = cli("train", "--resume", "wine-model", "--more-epochs", "7", "--json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["epochs"] == 12
    cli(*options, "--epochs", "12", "--out", "whole")
    assert weights(tmp_path / "wine-model") == weights(tmp_path / "whole")
    assert json.loads((tmp_path / "wine-model" / "run.json").read_text())["commands"] == [
        "deltarule train wine --patience 0 --hidden 8 --optimizer rmsprop --epochs 5",
        "deltarule train --resume wine-model --more-epochs 7 --json",
    ]


def test_patience_is_given_anew(cli: Cli) -> None:
    cli("train", "iris", "--lr", "0.05", "--patience", "3")
    result = cli("train", "--resume", "iris-model", "--more-epochs", "2", "--json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["stopped"] in ("epochs", "patience")


def test_the_file_is_found_from_elsewhere_and_may_have_moved(
    cli: Cli, people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ("--target", "rich", "--missing", "mean", "--epochs", "2", "--drop", "name")
    assert cli("train", "people.csv", *options).exit_code == 0
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    go_on = ("train", "--resume", "../people-model", "--more-epochs", "1")
    assert cli(*go_on).exit_code == 0
    shutil.move(people, tmp_path / "elsewhere" / "moved.csv")
    gone = cli(*go_on)
    assert gone.exit_code == 3
    assert "where it is: `deltarule train FILE --resume ../people-model`" in gone.stderr
    assert cli("train", "moved.csv", *go_on[1:]).exit_code == 0
    with (tmp_path / "elsewhere" / "moved.csv").open("a") as file:
        csv.writer(file).writerow(["new", 33, "Rome", "true", 5, "no"])
    changed = cli("train", "moved.csv", *go_on[1:])
    assert changed.exit_code == 2
    assert "the data are not those that this training began with: another SHA-256 of T, X" in (
        changed.stderr
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--hidden", "3"), "--hidden was '8' there and is '3' here"),
        (("--epochs", "9"), "--epochs was 2 there and is 9 here"),
        (("--drop", "x"), "--drop was "),
        (("wine", "--more-epochs", "1"), "network inputs: 4 there, 13 here"),
    ],
)
def test_another_training_is_refused_and_the_difference_named(
    cli: Cli, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    cli("train", "iris", "--epochs", "2", "--hidden", "8")
    before = {path.name: path.read_bytes() for path in (tmp_path / "iris-model").iterdir()}
    result = cli("train", *arguments, "--resume", "iris-model")
    assert result.exit_code == 2
    assert said in result.stderr
    assert before == {p.name: p.read_bytes() for p in (tmp_path / "iris-model").iterdir()}


def no_folder(folder: Path) -> None:
    shutil.rmtree(folder)


def no_checkpoint(folder: Path) -> None:
    (folder / CHECKPOINT).unlink()


def damaged(folder: Path) -> None:
    (folder / CHECKPOINT).write_bytes((folder / CHECKPOINT).read_bytes()[:-1])


def from_python(folder: Path) -> None:
    no_checkpoint(folder)
    xor = dr.data.load("xor")
    net = dr.Network(2, [dr.Dense(1)])
    dr.train(net, xor.X, xor.T, epochs=1, checkpoint=folder)


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [(no_folder, 5, "there is no checkpoint"), (no_checkpoint, 5, "there is no checkpoint"),
     (damaged, 5, "it is not a checkpoint"), (from_python, 2, "not of a training that the")],
)  # fmt: skip
def test_what_cannot_be_gone_on_from(
    cli: Cli, tmp_path: Path, change: Callable[[Path], None], code: int, said: str
) -> None:
    cli("train", "iris", "--epochs", "2", "--hidden", "8")
    change(tmp_path / "iris-model")
    result = cli("train", "--resume", "iris-model")
    assert result.exit_code == code
    assert said in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("iris", "--checkpoint-every", "often"), "not 'often'"),
        (("iris", "--checkpoint-every", "0s"), "not '0s'"),
        (("iris", "--more-epochs", "3"), "--more-epochs goes with --resume"),
        (("--epochs", "3"), "DATA is missing"),
        (("iris", "--optimizer", "lbfgs", "--checkpoint-every", "5"), "inside SciPy"),
    ],
)
def test_what_does_not_fit_together(cli: Cli, tmp_path: Path, arguments: Any, said: str) -> None:
    result = cli("train", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert not list(tmp_path.iterdir())


def test_scipy_s_optimizers_are_trained_without_a_checkpoint(cli: Cli, tmp_path: Path) -> None:
    assert cli("train", "iris", "--optimizer", "lbfgs", "--epochs", "3").exit_code == 0
    assert not (tmp_path / "iris-model" / CHECKPOINT).exists()


def test_a_training_that_diverged_is_not_gone_on_with(cli: Cli) -> None:
    assert cli("train", "diabetes", "--optimizer", "sgd", "--lr", "1e9").exit_code == 4
    result = cli("train", "--resume", "diabetes-model", "--more-epochs", "2")
    assert result.exit_code == 2
    assert "a number stopped being finite" in result.stderr


def test_a_forecast_reads_what_had_been_trained(cli: Cli, tmp_path: Path) -> None:
    options = ("forecast", "lynx", "--lags", "2", "--networks", "2", "--epochs", "20", "--quiet")
    for out in ("a", "b"):
        assert cli(*options, "--checkpoints", "kept", "--out", out).exit_code == 0
    assert cli(*options, "--out", "c").exit_code == 0
    found = [(tmp_path / out / "model.safetensors").read_bytes() for out in "abc"]
    assert found[0] == found[1] == found[2]
    assert len(list((tmp_path / "kept").iterdir())) >= 2


def test_what_every_run_keeps(cli: Cli, tmp_path: Path) -> None:
    command = ("train", "iris", "--epochs", "2", "--out", "a b", "--drop", "sepal length (cm)")
    result = cli(*command)
    assert result.exit_code == 0, result.stderr
    said = json.loads((tmp_path / "a b" / "run.json").read_text())
    assert said["commands"] == [
        "deltarule train iris --epochs 2 --out 'a b' --drop 'sepal length (cm)'"
    ]
    assert len(said["data"]["sha256"]) == 64
    assert set(said["machine"]) == {"host", "system", "processor", "processors"}
    assert said["made"].endswith("+00:00")


def test_a_folder_of_its_own_is_not_taken_for_another(cli: Cli, tmp_path: Path) -> None:
    cli("train", "iris", "--epochs", "2", "--hidden", "8")
    before = weights(tmp_path / "iris-model")
    go_on = ("train", "--resume", "iris-model", "--more-epochs", "1")
    result = cli(*go_on, "--out", "other")
    assert result.exit_code == 2
    assert "goes on in its own folder, and --out names other" in result.stderr
    assert weights(tmp_path / "iris-model") == before
    result = cli(*go_on, "--out", str(tmp_path / "iris-model"))
    assert result.exit_code == 0, result.stderr
    assert "reference (as before)" in result.stdout
