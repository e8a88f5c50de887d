"""The command as a process: Ctrl-C, a reader that leaves, an encoding without curves."""

import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from command_line import COMMAND, Cli

import deltarule as dr

# a shell starts its background jobs with SIGINT ignored, and nohup ignores SIGHUP
WITH_SIGNALS = [
    sys.executable, "-c",
    "import os, signal, sys; signal.signal(signal.SIGINT, int(sys.argv[1])); "
    "signal.signal(signal.SIGHUP, signal.SIG_DFL); os.execv(sys.argv[2], sys.argv[2:])",
]  # fmt: skip


ENDS = {
    "SIGINT": (signal.SIGINT, 130, False),
    "SIGTERM": (signal.SIGTERM, 143, False),
    "SIGTERM in the background": (signal.SIGTERM, 143, True),
    "SIGHUP": (signal.SIGHUP, 129, False),
}
"""A signal, the status that follows, whether a shell has started it with `&`."""


def started(folder: Path, background: bool) -> subprocess.Popen[str]:
    """Return a training of a million epochs."""
    folder.mkdir()
    options = ["--epochs", "1000000", "--patience", "0", "--lr", "1e-6"]
    sigint = str(int(signal.SIG_IGN if background else signal.SIG_DFL))
    return subprocess.Popen(
        [*WITH_SIGNALS, sigint, *COMMAND, "train", "sunspots", *options],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )


def test_a_signal_keeps_what_there_is(tmp_path: Path) -> None:
    several = {name: started(tmp_path / name, end[-1]) for name, end in ENDS.items()}
    with ExitStack() as stack:
        for process in several.values():
            stack.enter_context(process)
            stack.callback(process.kill)  # what does not hear it would train on
        for process in several.values():
            assert process.stdout is not None
            assert any(line.startswith("engine") for line in process.stdout)
        time.sleep(2.0)  # the programs are compiled by then
        for name, process in several.items():
            process.send_signal(ENDS[name][0])
        for name, process in several.items():
            out, error = process.communicate(timeout=60)
            assert process.returncode == ENDS[name][1], (name, error)
            assert "interrupted" in out, name
            assert "Traceback" not in error, name
            model = dr.load(tmp_path / name / "sunspots-model")
            assert model.description["status"] == "interrupted"
            assert [p.name for p in (tmp_path / name).iterdir()] == ["sunspots-model"]


def test_a_reader_that_leaves_and_an_encoding_without_curves(tmp_path: Path) -> None:
    ascii_only = {**os.environ, "PYTHONIOENCODING": "ascii"}
    result = subprocess.run(
        [*COMMAND, "train", "xor", "--epochs", "3000", "--patience", "0", "--hidden", "4"],
        cwd=tmp_path, capture_output=True, text=True, check=True, env=ascii_only,
    )  # fmt: skip
    assert "* training" in result.stdout
    assert result.stderr == ""
    (tmp_path / "many.csv").write_text("x1,x2\n" + "0,1\n" * 50_000)
    process = subprocess.Popen(
        [*COMMAND, "predict", "xor-model", "many.csv"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline().startswith("predicted_xor")
    process.stdout.close()
    error = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=60) == 141
    assert error == ""


def test_a_reader_that_leaves_a_training(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, "train", "xor", "--epochs", "3"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.wait(timeout=60) == 141
    assert b"Traceback" not in process.stderr.read()
    process.stderr.close()


def test_a_device_is_never_replaced(cli: Cli) -> None:
    cli("train", "xor", "--epochs", "3")
    result = cli("predict", "xor-model", "xor", "--out", os.devnull, "--force")
    assert result.exit_code == 2
    assert "no regular file, and is not replaced" in result.stderr


def test_warnings_are_sentences(tmp_path: Path) -> None:
    (tmp_path / "a-file").touch()
    result = subprocess.run(
        [*COMMAND, "train", "xor", "--epochs", "3", "--engine", "compiled"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
        env={**os.environ, "DELTARULE_CACHE": str(tmp_path / "a-file")},
    )  # fmt: skip
    assert result.stderr.startswith("warning: ")
    assert "a-file" in result.stderr
    assert ".py:" not in result.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize("right_first", [True, False])
def test_a_verdict_that_cannot_be_written_is_no_verdict(tmp_path: Path, right_first: bool) -> None:
    """Nor is it with standard output closed, right or wrong: every command both ways by turns."""
    gradient = {True: "3 * x**2", False: "2 * x**2"}
    (tmp_path / "mine.py").write_text(
        f"def f(x):\n    return (x**3).sum(), {gradient[right_first]}\n\n"
        f"def g(theta, X, T):\n    x = theta\n    return {gradient[not right_first]}\n"
    )
    check = ["check", "mine.py:f", "--x", "0.5,1"]
    diagnose = ["diagnose", "mine.py:g", "--network", "1-1"]
    explain = ["explain", "--network", "1-1", "--weight", "1,1,1", "--input", "1", "--target", "1"]
    ways = ["> /dev/full", ">&-"] if right_first else [">&-", "> /dev/full"]
    for command, way in zip((check, diagnose, explain), [*ways, ways[0]], strict=True):
        result = subprocess.run(
            ["sh", "-c", f'"$@" {way}', "sh", *COMMAND, *command],
            cwd=tmp_path, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
        assert result.returncode == 6, (command, way, result.stderr)
        assert result.stderr.startswith("error: the output cannot be written: ")
        assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_before_training_leaves_nothing(tmp_path: Path, number: int, status: int) -> None:
    code = (
        "import os, signal, sys, deltarule.data\n"
        f"signal.signal({int(number)}, signal.SIG_DFL)\n"  # which nohup would have left ignored
        f"deltarule.data.read_table = lambda *_, **__: os.kill(os.getpid(), {int(number)})\n"
        "sys.argv = ['deltarule', 'train', 'iris']\n"
        "from deltarule.cli.main import run\n"
        "run()"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (result.returncode, list(tmp_path.iterdir())) == (status, [])
    assert result.stderr == "error: interrupted; nothing was written\n"
