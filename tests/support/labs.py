"""The lab, or a served model, as a process of its own."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
from collections.abc import Iterator

from command_line import COMMAND

__all__ = ["a_second", "lab", "served"]


def a_second() -> float:
    """Return 1 where the processors are this test's; longer as more programs share each of them."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def lab(
    *words: str, env: dict[str, str] | None = None
) -> contextlib.AbstractContextManager[tuple[subprocess.Popen[str], str]]:
    """Give the lab's process and its address; it is ended."""
    return served("lab", "--no-browser", *words, env=env)


@contextlib.contextmanager
def served(
    *words: str, env: dict[str, str] | None = None
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Give the process of a command that serves, and its address; it is ended."""
    command = [*COMMAND, *words]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=env) as run:
        try:
            assert run.stdout is not None
            line = run.stdout.readline()
            found = re.search(r"http\S+", line)
            assert found, line + (run.stderr.read() if run.stderr else "")
            yield run, found[0]
        finally:
            run.kill()
