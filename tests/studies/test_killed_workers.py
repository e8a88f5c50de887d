"""Workers that are ended from outside cost time, and no run."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from pathlib import Path

import psutil

import deltarule as dr

SCRIPT = Path(__file__).with_name("killed_workers.py")
NUMBERS = ["l2", "seed", "epochs", "error"]


def workers(process: psutil.Process) -> list[psutil.Process]:
    found = []
    for child in process.children(recursive=True):
        with contextlib.suppress(psutil.Error):  # it has just ended
            if "--process-name" in child.cmdline():
                found.append(child)
    return found


def test_killed_workers_runs_are_done_again(tmp_path):
    killed, parts = 0, tmp_path / "study" / "parts"
    with subprocess.Popen(
        [sys.executable, SCRIPT, tmp_path / "study"], stderr=subprocess.PIPE, text=True
    ) as study:
        seen, process = 0, psutil.Process(study.pid)
        while study.poll() is None:
            now = len(list(parts.glob("*.parquet"))) if parts.exists() else 0
            at_work = workers(process) if killed < 3 else []
            if now > seen or (killed == 0 and len(at_work) == 2):
                time.sleep(0.3)  # in the middle of their next tasks
                for worker in at_work[:1]:
                    with contextlib.suppress(psutil.Error):
                        worker.kill()
                        killed += 1
                seen = now
            time.sleep(0.02)
        errors = study.stderr.read()
    assert study.returncode == 0, errors
    assert killed > 0
    found = dr.Results.load(tmp_path / "study").runs.select(NUMBERS)
    assert len(found) == found.select("l2", "seed").n_unique() == 500
    subprocess.run([sys.executable, SCRIPT, tmp_path / "quiet"], check=True)
    assert found.equals(dr.Results.load(tmp_path / "quiet").runs.select(NUMBERS))
