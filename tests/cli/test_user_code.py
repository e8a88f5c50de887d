"""Somebody's own functions that end the process, never end, or return what is no number."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from command_line import COMMAND, Cli

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="code is run apart in a fork")

_ARRAY = "type('A', (), {'__array__': lambda *_, **__: 1 / 0})()"

HOSTILE = {
    "exit": ("sys.exit(0)", "mine.py:9 called sys.exit(0) before the check was made; remove it"),
    "quit": ("quit()", "mine.py:9 called sys.exit(None)"),
    "raised_exit": ("raise SystemExit('done')", "mine.py:9 called sys.exit('done')"),
    "base": ("raise BaseException('x')", "mine.py:9 raised BaseException"),
    "generator_exit": ("raise GeneratorExit", "mine.py:9 raised GeneratorExit"),
    "gone": ("os._exit(0)", "mine.py:f ended the process (exit status 0) before the check"),
    "wrong": ("os._exit(1)", "ended the process (exit status 1) before the check was made"),
    "killed": ("os.kill(os.getpid(), signal.SIGKILL)", "ended the process (signal SIGKILL)"),
    "crash": ("ctypes.string_at(0)", "ended the process (signal SIGSEGV)"),
    "abort": ("os.abort()", "ended the process (signal SIGABRT)"),
    "closed": ("os.closerange(3, 64); sys.exit(0)", "ended the process (exit status 0)"),
    "recursive": ("a = []; a.append(a); return a", "inside itself|maximum number of dimension"),
    "generator": ("return (v for v in [1.0])", "generator|dtype object"),
    "no_array": (f"return {_ARRAY}", "ZeroDivisionError"),
    "endless": ("return f(*_)", "RecursionError"),
    "nothing": ("pass", "None"),
    "text": ("return 'one'", "number"),
    "raises": ("raise ValueError('mine')", "ValueError: mine"),
    "memory": ("raise MemoryError('mine')", "MemoryError: mine"),
    "thread": ("threading.Thread(target=time.sleep, args=(60,)).start(); sys.exit(0)", "mine.py:9"),
}

HEAD = (
    "import os, sys, signal, ctypes, threading, time, atexit, faulthandler\nx = [0.5, 1.0]\n"
    "faulthandler.disable()  # pytest's\n\n\n\n\n"
)


def _write(folder: Path, body: str) -> None:
    (folder / "mine.py").write_text(f"{HEAD}def f(*_):\n    {body}\n")


def test_a_file_is_run_as_it_stands(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two lines of one length within a second: Python would run the first one's bytecode."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    for factor, status in ((3, 0), (2, 1)):
        (tmp_path / "mine.py").write_text(
            f"{HEAD}def f(x):\n    return (x**3).sum(), {factor} * x**2\n"
        )
        os.utime(tmp_path / "mine.py", (10**9, 10**9))
        result = cli("check", "mine.py:f")
        assert result.exit_code == status, result.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["mine.py"]


@pytest.mark.parametrize("command", ["check", "diagnose"])
@pytest.mark.parametrize("name", HOSTILE)
def test_it_is_an_error_and_no_verdict(cli: Cli, tmp_path: Path, name: str, command: str) -> None:
    body, said = HOSTILE[name]
    _write(tmp_path, body)
    more = ["--network", "1-1"] if command == "diagnose" else ["--gradient", "mine.py:f"]
    result = cli(command, "mine.py:f", *more)
    assert result.exit_code == 2, result.stderr
    assert result.stdout == ""
    assert any(words in result.stderr for words in said.split("|"))
    assert "bug" not in result.stderr


@pytest.mark.parametrize("name", ["recursive", "generator", "no_array"])
def test_a_gradient_that_is_no_numbers(cli: Cli, tmp_path: Path, name: str) -> None:
    body, said = HOSTILE[name]
    (tmp_path / "mine.py").write_text(
        f"{HEAD}def f_gradient(*_):\n    {body}\ndef f(x):\n    return (x**3).sum()\n"
    )
    result = cli("check", "mine.py:f")
    assert result.exit_code == 2, result.stderr
    assert any(words in result.stderr for words in said.split("|"))
    assert "error: the gradient" in result.stderr


@pytest.mark.parametrize(
    ("body", "said"),
    [("sys.exit(0)", "mine.py:8 called sys.exit(0)"), ("os._exit(0)", "(exit status 0)")],
)
def test_importing_is_no_verdict_either(cli: Cli, tmp_path: Path, body: str, said: str) -> None:
    (tmp_path / "mine.py").write_text(f"{HEAD}{body}\n")
    for arguments in (("check", "mine.py:f"), ("diagnose", "mine:f", "--network", "1-1")):
        result = cli(*arguments)
        assert (result.exit_code, said in result.stderr) == (2, True), result.stderr


def test_what_it_does_to_the_streams_and_the_end_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        HEAD + "atexit.register(os._exit, 0)\nprint('hello')\n"
        "def f(x):\n    os.write(1, b'there')\n    return (x**3).sum(), 2 * x**2\n"
        "def g(x):\n    sys.stdout.close(); os.closerange(1, 2); return (x**3).sum(), 2 * x**2\n"
    )
    for name in "fg":
        result = subprocess.run(
            [*COMMAND, "check", f"mine.py:{name}", "--x", "0.5,1", "--json"],
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert result.returncode == 1, result.stderr
        assert json.loads(result.stdout)["wrong"] == 2
        assert result.stderr.startswith("hello\n")
        assert ("there" in result.stderr) == (name == "f")


def test_a_time_limit(cli: Cli, tmp_path: Path) -> None:
    _write(tmp_path, "time.sleep(60)")
    began = time.monotonic()
    for more in (("check",), ("diagnose", "--network", "1-1")):
        result = cli(*more, "mine.py:f", "--timeout", "0.2")
        assert result.exit_code == 2
        assert "mine.py:f took more than 0.2 s and was ended; give more by `--timeout`" in (
            result.stderr
        )
    assert time.monotonic() - began < 20
    _write(tmp_path, "return (_[0] ** 3).sum(), 3 * _[0] ** 2")
    assert cli("check", "mine.py:f", "--x", "0.5,1", "--timeout", "60").exit_code == 0
    assert "--timeout has to be" in cli("check", "mine.py:f", "--timeout", "-1").stderr


def test_the_traceback_comes_along(cli: Cli, tmp_path: Path) -> None:
    _write(tmp_path, "raise ValueError('mine')")
    result = cli("check", "mine.py:f", "--debug")
    assert "Traceback" in result.stderr
    assert 'mine.py", line 9, in f' in result.stderr


def test_it_may_fork_and_leave_somebody_behind(cli: Cli, tmp_path: Path) -> None:
    """The verdict is one, and nobody waits for the other process."""
    fork = "f.forked = getattr(f, 'forked', 0) or os.fork() or time.sleep(5) or 1"
    _write(tmp_path, f"{fork}\n    return (_[0] ** 3).sum(), 3 * _[0] ** 2")
    began = time.monotonic()
    result = cli("check", "mine.py:f")
    assert (result.exit_code, result.stdout.count("is right")) == (0, 1), result.stderr
    assert time.monotonic() - began < 4


@pytest.mark.parametrize("where", ["module", "sweep"])
def test_everywhere_else_it_is_no_bug_either(cli: Cli, tmp_path: Path, where: str) -> None:
    right = "return (_[0] ** 3).sum(), 3 * _[0] ** 2"
    count = "f.n = getattr(f, 'n', 0) + 1; f.n < {} or sys.exit(0)"
    if where == "module":
        (tmp_path / "mine.py").write_text("def __getattr__(name):\n    raise SystemExit\n")
    else:
        _write(tmp_path, f"print(file=open('calls', 'a'))\n    {right}")
        assert cli("check", "mine.py:f").exit_code == 0
        calls = len((tmp_path / "calls").read_text())
        _write(tmp_path, f"{count.format(calls + 1)}\n    {right}")
    result = cli("check", "mine.py:f", "--sweep", "v.png")
    assert (result.exit_code, result.stdout) == (2, ""), result.stderr
    assert "called sys.exit(" in result.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone has a way")
def test_it_does_not_outlive_the_command(tmp_path: Path) -> None:
    _write(tmp_path, "print(os.getpid(), flush=True); time.sleep(60)")
    process = subprocess.Popen(
        [*COMMAND, "check", "mine.py:f"], cwd=tmp_path, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    child = int(process.stderr.readline())
    killed = time.monotonic()
    process.kill()
    process.wait()
    assert process.stderr.read() == ""  # it comes when whoever could write there has ended
    assert time.monotonic() - killed < 20
    process.stderr.close()
    assert child != process.pid
