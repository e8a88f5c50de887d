"""Formulas of somebody's own on the command line: trained, saved without code, found again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import Cli

import deltarule as dr

SOURCE = """
import numpy as np
import deltarule as dr

softsign2 = dr.activations.Custom(
    lambda net: net / (1.0 + np.abs(net)), lambda net, y: (1.0 - np.abs(y)) ** 2,
    name="softsign2", kinks=(0.0,))
loss = dr.losses.Custom(lambda y, T: (y - T) ** 4, lambda y, T: 4 * (y - T) ** 3, name="fourth")
plain = dr.optim.Custom(lambda theta, g, lr, t, penalised: theta - lr * g, name="plain", lr=0.01)

def floored(net, y, slope):
    return np.maximum(slope, 0.1)

def broken(net, y):
    raise RuntimeError("not today")

if __name__ == "__main__":
    raise SystemExit("this file is imported, not run")
"""
TRAIN = ("train", "diabetes", "--hidden", "3", "--epochs", "2", "--seed", "1")


@pytest.mark.filterwarnings("always::deltarule.core.own.code.OwnCodeWarning")
def test_on_the_command_line(cli: Cli, tmp_path: Path) -> None:
    """Trained, saved without code, and loaded with the file again."""
    (tmp_path / "mine.py").write_text(SOURCE)
    own = ("--activation", "mine.py:softsign2", "--loss", "mine.py:loss", "--optimizer",
           "mine.py:plain", "--rule", "hidden=mine.py:floored")  # fmt: skip
    made = cli(*TRAIN, *own, "--out", "m")
    assert made.exit_code == 0, made.output
    said = json.loads((tmp_path / "m" / "run.json").read_text())
    layer = said["network"]["layers"][0]
    assert layer["activation"]["title"] == "softsign2"
    assert len(layer["activation"]["sha256"]) == 64
    refused = cli("predict", "m", "diabetes")
    assert refused.exit_code == 5
    words = " ".join(refused.stderr.split())
    assert "somebody's own, " in words
    assert "mine.py, which no folder holds" in words
    assert "--own FILE.py" in words
    shown = cli("show", "m", "--own", "mine.py")
    assert shown.exit_code == 0, shown.output
    predicted = cli("predict", "m", "diabetes", "--own", "mine.py", "--out", "p.csv")
    why = cli("explain", "m", "--own", "mine.py", "--row", "2", "--weight", "1,1,1")
    checked = cli("check", "m", "--own", "mine.py", "--rows", "5")
    assert "has changed" not in predicted.stderr + why.stderr + checked.stderr
    assert predicted.exit_code == checked.exit_code == 0, predicted.output + checked.output
    assert "hidden=floored" in why.stdout, why.output
    with pytest.raises(dr.FileError, match=r"dr.load\(folder, own=.'(softsign2|fourth|floored)'"):
        dr.load(tmp_path / "m")
    (tmp_path / "mine.py").write_text(SOURCE + "\n# changed\n")
    changed = " ".join(cli("show", "m", "--own", "mine.py").stderr.split())
    assert "softsign2: " in changed
    assert "mine.py has changed since the model was trained" in changed


@pytest.mark.parametrize(
    ("options", "status", "says"),
    [
        (("--activation", "mine.py:softsign3"), 2, "did you mean 'softsign2'"),
        (("--activation", "mine.py:loss"), 2, "is no activation but of the type Custom"),
        (("--activation", "yours.py:softsign2"), 5, "there is no such file"),
        (("--rule", "feedback=mine.py:floored"), 2, "stands for f': hidden=mine.py:floored or"),
        (("--rule", "hidden=mine.py:floored hidden=offset:0.1"), 2, "gives hidden twice"),
        (("--rule", "hidden=mine.py:broken"), 2, "broken: RuntimeError: not today"),
        (("--optimizer", "mine.py:plain", "--lr", "0.1"), 2, "has its own rate"),
        (("--activation", "tanh:abc"), 2, "is not a number"),
    ],
)
def test_bad_input_on_the_command_line(
    cli: Cli, tmp_path: Path, options: tuple[str, ...], status: int, says: str
) -> None:
    (tmp_path / "mine.py").write_text(SOURCE)
    found = cli(*TRAIN, *options)
    assert found.exit_code == status, found.output
    assert says in " ".join(found.stderr.split())


def test_a_file_alone_is_asked_for_the_name_in_it(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(SOURCE)
    result = cli("train", "xor", "--activation", "mine.py")
    assert result.exit_code == 2
    assert "--activation mine.py is a file: say which name in it, mine.py:NAME" in result.stderr


def test_a_bare_function_is_told_where_it_belongs() -> None:
    with pytest.raises(dr.UsageError, match="a function of your own goes into a Custom activation"):
        dr.Dense(2, lambda net: net)
