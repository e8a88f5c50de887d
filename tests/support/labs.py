"""The lab as a process of its own."""

from __future__ import annotations

import contextlib
import re
import subprocess
from collections.abc import Iterator

from command_line import COMMAND

__all__ = ["lab"]


@contextlib.contextmanager
def lab(*words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Give the process and its address; it is ended."""
    command = [*COMMAND, "lab", "--no-browser", *words]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as run:
        try:
            assert run.stdout is not None
            line = run.stdout.readline()
            found = re.search(r"http\S+", line)
            assert found, line + (run.stderr.read() if run.stderr else "")
            yield run, found[0]
        finally:
            run.kill()
