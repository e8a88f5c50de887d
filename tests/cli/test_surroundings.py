"""What somebody's code does to its process: said once by name, and no verdict depends on it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from command_line import COMMAND, Cli

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="code is run apart in a fork")

HEAD = "import locale, os, subprocess, sys, time, warnings\nimport numpy as np\nx = [0.5, 1.0]\n"

DONE = {
    "cwd": ("os.chdir('/')", "changes the working directory; the check goes on as if it had not"),
    "gone": ("os.mkdir('d'); os.chdir('d'); os.rmdir('../d')", "changes the working directory"),
    "seterr": ("np.seterr(all='raise')", "changes NumPy's error state (np.seterr)"),
    "print": ("np.set_printoptions(precision=2)", "changes how NumPy prints numbers"),
    "locale": ("locale.setlocale(locale.LC_ALL, 'C.UTF-8' if locale.setlocale(locale.LC_ALL) == 'C'"
               " else 'C')", "changes the locale"),
    "filters": ("warnings.simplefilter('always')", "changes the filters of floating-point"),
    "close": ("sys.stdout.close()", "closes or replaces the standard output; the check goes on"),
    "stream": ("sys.stdout = open(os.devnull, 'w')", "closes or replaces the standard output"),
    "seed": ("np.random.seed(0)", "seeds NumPy's global random state or draws from it"),
    "draw": ("np.random.rand()", "seeds NumPy's global random state or draws from it"),
}  # fmt: skip


@pytest.mark.parametrize("name", DONE)
@pytest.mark.parametrize("where", ["module", "f"])
def test_it_is_said_and_put_back(cli: Cli, tmp_path: Path, name: str, where: str) -> None:
    does, said = DONE[name]
    once = f"    if not hasattr(f, 'done'):\n        f.done = 1; {does}\n" if where == "f" else ""
    (tmp_path / "mine.py").write_text(
        f"{HEAD}{does if where == 'module' else ''}\n"
        f"def f(x):\n    np.exp(-1000 * x ** 2)\n{once}    return (x**3).sum(), 3 * x**2\n"
    )
    result = cli("check", "mine.py:f", "--sweep", "v.png")
    assert result.exit_code == 0, result.stderr
    assert (tmp_path / "v.png").exists()
    who = "importing mine.py" if where == "module" else "mine.py:f"
    notes = [line for line in result.stderr.splitlines() if line.startswith("note: ")]
    assert [note.startswith(f"note: {who} {said}") for note in notes] == [True], result.stderr


def test_every_kind_is_one_sentence(cli: Cli, tmp_path: Path) -> None:
    lines = "".join(
        f"    {does}\n" for name, (does, _) in DONE.items() if name not in ("gone", "stream")
    )
    (tmp_path / "mine.py").write_text(
        f"{HEAD}def f(theta, X, T):\n{lines}    return np.zeros_like(theta)\n"
    )
    result = cli("diagnose", "mine.py:f", "--network", "1-1", "--format", "json")
    assert result.exit_code == 1, result.stderr
    assert json.loads(result.stdout)["verdict"] != "correct"
    notes = result.stderr.splitlines()
    assert len(notes) == len({note.split(" ", 2)[2] for note in notes}) == 7
    assert all(note.startswith("note: mine.py:f ") for note in notes)


def test_who_changes_nothing_is_told_nothing(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        f"{HEAD}def f(x):\n    with np.errstate(all='raise'), warnings.catch_warnings():\n"
        "        warnings.simplefilter('error')\n        np.random.default_rng(0).normal()\n"
        "        return (x**3).sum(), 3 * x**2\n"
    )
    result = cli("check", "mine.py:f")
    assert (result.exit_code, result.stderr) == (0, "")


def test_megabytes_are_cut_and_counted(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        f"{HEAD}print('begin')\n"
        "def f(x):\n    if not hasattr(f, 'done'):\n        f.done = 1\n"
        "        os.write(2, b'e' * 1000)\n        for _ in range(200): print('o' * 99_999)\n"
        "    return (x**3).sum(), 3 * x**2\n"
    )
    began = time.monotonic()
    result = subprocess.run([*COMMAND, "check", "mine.py:f", "--json"], cwd=tmp_path,
                            capture_output=True, text=True, check=False, timeout=60)  # fmt: skip
    assert time.monotonic() - began < 20
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["passed"] is True
    shown, note = result.stderr.split("\nnote: ")
    assert shown.startswith("begin\n" + "e" * 1000 + "ooo")
    assert len(shown) == 1 << 16
    assert note == ("the code of mine.py:f printed 20,001,006 bytes; the first 65,536 are shown\n")


def test_endless_output_ends_with_the_time(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(f"{HEAD}def f(x):\n    while True: print('o' * 9999)\n")
    began = time.monotonic()
    result = cli("check", "mine.py:f", "--timeout", "1")
    assert time.monotonic() - began < 15
    assert result.exit_code == 2
    assert "took more than 1 s and was ended" in result.stderr
    assert "the first 65,536 are shown" in result.stderr
    assert len(result.stderr) < 67_000


_STARTS = {
    "child": "subprocess.Popen(['sleep', '60'])",
    "grandchild": "subprocess.Popen(['sh', '-c', 'sleep 60 & echo $!; sleep 60'])",
    "orphan": "subprocess.run(['sh', '-c', 'sleep 60 & echo $!'])",
    "session": "subprocess.Popen(['sleep', '60'], start_new_session=True)",
    "daemon": "subprocess.run(['sh', '-c', 'setsid sleep 60 & echo $!'])",
}


@pytest.mark.skipif(sys.platform != "linux", reason="orphans are inherited on Linux alone")
@pytest.mark.parametrize("end", ["time.sleep(60)", "return (x**3).sum(), 3 * x**2", "os._exit(0)"])
def test_what_it_starts_ends_with_it(cli: Cli, tmp_path: Path, end: str) -> None:
    import psutil

    starts = "".join(f"        mine.append({start})\n" for start in _STARTS.values())
    (tmp_path / "mine.py").write_text(
        f"{HEAD}mine = []\ndef f(x):\n    if not mine:\n{starts}"
        "        print(*(getattr(p, 'pid', 0) for p in mine), flush=True)\n"
        f"        time.sleep(.3)\n    {end}\n"
    )
    before = {p.pid for p in psutil.process_iter()}
    result = cli("check", "mine.py:f", "--timeout", "1.5")
    assert result.exit_code == (0 if end.startswith("return") else 2)
    pids = {int(word) for word in result.stderr.split() if word.isdigit()} - before
    assert len(pids & {p.pid for p in psutil.process_iter()}) == 0
    assert len(pids) >= 6
    assert not [p for p in psutil.process_iter(["cmdline"])
                if p.pid not in before and p.info["cmdline"] == ["sleep", "60"]]  # fmt: skip


@pytest.mark.parametrize("whom", ["killpg", "kill"])
def test_ctrl_c_reaches_all_that_it_has_started(tmp_path: Path, whom: str) -> None:
    import psutil

    (tmp_path / "mine.py").write_text(
        f"{HEAD}def f(x):\n    p = subprocess.Popen(['sleep', '60'])\n"
        "    print(p.pid, flush=True)\n    time.sleep(60)\n"
    )
    heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    run = f"{heard}from deltarule.cli.main import app; app(['check', 'mine.py:f'])"
    process = subprocess.Popen([sys.executable, "-c", run], cwd=tmp_path, text=True,
                               stderr=subprocess.PIPE, start_new_session=True)  # fmt: skip
    assert process.stderr is not None
    started = int(process.stderr.readline())
    getattr(os, whom)(process.pid, signal.SIGINT)
    assert "interrupted" in process.communicate(timeout=20)[1]
    assert process.returncode == 130
    assert not psutil.pid_exists(started)


@pytest.mark.parametrize("command", ["check", "diagnose"])
@pytest.mark.parametrize("loop", ["a = []; a.append(a); return a",
                                  "a = [np.ones(2)]; a.append([a]); return a",
                                  "a = []; a.append((a, 1.0)); return (a, a)"])  # fmt: skip
def test_a_list_inside_itself(cli: Cli, tmp_path: Path, loop: str, command: str) -> None:
    (tmp_path / "mine.py").write_text(
        f"{HEAD}def g(*_):\n    {loop}\ndef f(x):\n    return (x**3).sum()\n"
    )
    more = (["mine.py:f", "--gradient", "mine.py:g"] if command == "check"
            else ["mine.py:g", "--network", "1-1"])  # fmt: skip
    result = cli(command, *more)
    assert result.exit_code == 2
    what = "the gradient" if command == "check" else "what the function returns"
    assert f"error: {what} is a list inside itself; numbers are needed" in result.stderr
