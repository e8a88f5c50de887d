"""Bad input: the exit status, the place, the remedy, and nothing half-written."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest
from command_line import QUICK, Cli

GOOD = "a,b,y\n" + "".join(f"{i},{i % 7},{'no' if i < 15 else 'yes'}\n" for i in range(30))

BAD: dict[str, tuple[str | bytes, int, tuple[str, ...]]] = {
    "empty": ("", 3, ("bad.csv", "empty")),
    "header only": ("a,b,y\n", 3, ("no row of data",)),
    "few cells": (GOOD + "1,2\n", 3, ("bad.csv:32",)),
    "many cells": (GOOD + "1,2,3,4\n", 3, ("bad.csv:32",)),
    "text": (GOOD + "x,2,no\n", 3, ("bad.csv:32:1", "'x'", "--text a")),
    "nan": (GOOD + "NaN,2,no\n", 3, ("bad.csv:32:1", "--missing")),
    "inf": (GOOD + "inf,2,no\n", 3, ("bad.csv:32:1", "infinite")),
    "huge": (GOOD + "1e999,2,no\n", 3, ("bad.csv:32:1",)),
    "one class": (GOOD.replace("yes", "no"), 3, ("one class", "'no'")),
    "class of one row": (GOOD + "1,2,perhaps\n", 3, ("bad.csv:32:3", "'perhaps'", "single row")),
    "duplicate": (GOOD.replace("a,b,y", "a,a,y"), 3, ("'a'", "name of its own")),
    "separator": (GOOD.replace(",", ";") + "1;2\n", 3, ("--separator ';'",)),
    "utf-16": (GOOD.encode("utf-16-le"), 3, ("--encoding utf-16-le",)),
    "latin-1": (GOOD.replace("no", "né").encode("latin-1"), 3, ("bad.csv:2", "--encoding latin-1")),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_tables(cli: Cli, tmp_path: Path, name: str) -> None:
    content, status, said = BAD[name]
    data = content.encode() if isinstance(content, str) else content
    (tmp_path / "bad.csv").write_bytes(data)
    result = cli("train", "bad.csv", "--target", "y", *QUICK)
    assert result.exit_code == status, result.stderr
    assert result.stderr.startswith("error: ")
    assert "Traceback" not in result.stderr
    for part in said:
        assert part in result.stderr
    assert result.stdout == ""
    assert [p.name for p in tmp_path.iterdir()] == ["bad.csv"]


OPTIONS: list[tuple[tuple[str, ...], int, str]] = [
    (("--target", "z"), 3, "there is no target column 'z'"),
    ((), 2, "`--target`"),
    (("--target", "y", "--batch-size", "0"), 2, "batch_size is a whole number of at least 1"),
    (("--target", "y", "--lr", "-1"), 2, "lr has to be"),
    (("--target", "y", "--lr", "quick"), 2, "a schedule such as cosine"),
    (("--target", "y", "--activation", "rleu"), 2, "did you mean 'relu'"),
    (
        ("--target", "y", "--network", "dense:1", "--activation", "relu"),
        2,
        "leave out --activation",
    ),
    (("--target", "y", "--activation", "softmax"), 2, "last layer only"),
    (("--target", "y", "--optimizer", "adan"), 2, "did you mean 'adam'"),
    (("--target", "y", "--loss", "entropy"), 2, "unknown loss"),
    (("--target", "y", "--loss", "cross_entropy"), 2, "binary_cross_entropy"),
    (("--target", "y", "--hidden", "4,-1"), 2, "numbers of nodes"),
    (("--target", "y", "--dtype", "float16"), 2, "float32"),
    (("--target", "y", "--engine", "gpu"), 2, "unknown engine"),
    (("--target", "y", "--scale", "max"), 2, "minmax"),
    (("--target", "y", "--missing", "guess"), 2, "mean"),
    (("--target", "y", "--task", "regression"), 3, "regression needs numbers"),
    (("--target", "y", "--validation", "0.6", "--test", "0.6"), 2, "leave none to train on"),
    (("--target", "y", "--test", "1.5"), 2, "`--test`"),
    (("--target", "y", "--seed", "-1"), 2, "seed"),
    (("--target", "y", "--drop", "c"), 3, "'c'"),
    (("--target", "y", "--class-weight", "fair"), 2, "balanced"),
    (("--target", "y", "--clip-norm", "-1"), 2, "clip_norm"),
    (("--target", "y", "--epochs", "many"), 2, "epochs"),
    (("--target", "y", "--nosuch", "1"), 2, "nosuch"),
]


@pytest.mark.parametrize(("options", "status", "said"), OPTIONS)
def test_bad_options(
    cli: Cli, tmp_path: Path, options: tuple[str, ...], status: int, said: str
) -> None:
    (tmp_path / "good.csv").write_text(GOOD)
    result = cli("train", "good.csv", *options)
    assert result.exit_code == status, result.stderr
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["good.csv"]


def test_a_missing_file_and_a_near_name(cli: Cli) -> None:
    result = cli("train", "nothing.csv", "--target", "y")
    assert (result.exit_code, "no such file" in result.stderr) == (3, True)
    result = cli("train", "digitz")
    assert (result.exit_code, "did you mean 'digits'" in result.stderr) == (3, True)


def test_npz_that_would_execute_something_is_refused(cli: Cli, tmp_path: Path) -> None:
    with (tmp_path / "o.npz").open("wb") as file:
        np.savez(file, X=np.array([{}, {}], dtype=object), T=np.zeros(2))
    result = cli("train", "o.npz")
    assert result.exit_code == 3
    assert "object" in result.stderr


def test_a_full_disk(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", full)
    result = cli("train", "xor", "--epochs", "1")
    assert result.exit_code == 6
    assert "No space left" in result.stderr
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_costs_no_training(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "mkdir", refuse)
    result = cli("train", "xor")
    assert result.exit_code == 6
    assert "Permission denied" in result.stderr
    assert result.stdout == ""


def test_a_bug_says_that_it_is_one(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def bug(*_: object, **__: object) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr("deltarule.models.plan", bug)
    result = cli("train", "xor")
    assert result.exit_code == 70  # 1 is a check's verdict
    assert "this is a bug in deltarule (ZeroDivisionError: by zero)" in result.stderr
    assert "`--debug`" in result.stderr
    assert "Traceback" not in result.stderr
    assert "Traceback" in cli("train", "xor", "--debug").stderr


@pytest.mark.parametrize(
    ("raised", "status", "said"),
    [
        (MemoryError("Unable to allocate 9 TiB"), 6, "not enough memory"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (OSError(errno.ENOSPC, "No space left on device"), 6, "No space left"),
    ],
)
def test_what_the_machine_says(
    cli: Cli,
    monkeypatch: pytest.MonkeyPatch,
    raised: BaseException,
    status: int,
    said: str,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise raised

    monkeypatch.setattr("deltarule.models.plan", fail)
    result = cli("train", "xor")
    assert result.exit_code == status
    assert said in result.stderr
