"""A child process and all that it has started, ended together."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

_SET_PARENT_DEATH_SIGNAL, _SET_CHILD_SUBREAPER = 1, 36  # PR_SET_... of sys/prctl.h

_ROUNDS = 100
"""So often is looked for another one, started just before its parent was killed."""


def die_with_the_parent() -> None:
    """Let this process not run on where its parent is killed; Linux alone has a way."""
    _prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)


@contextmanager
def ending(child: int) -> Iterator[None]:
    """Kill a child, if it still runs, and whatever it has started, at the end of the block.

    A process group would find them, too, but one of its own could neither read from the terminal
    nor hear Ctrl-C. On Linux those whose parent has ended are found as well: this process, being
    made their subreaper, inherits them.
    """
    import psutil

    # it may have ended by now, and a Mac tells no time of such a one
    me, began = psutil.Process(), _started(psutil.Process(child)) or time.time()
    _prctl(_SET_CHILD_SUBREAPER, 1)
    try:
        yield
    finally:
        for _ in range(_ROUNDS):
            found = [p for p in me.children(recursive=True) if _started(p) >= began]
            if not found:
                break
            for process in found:
                with contextlib.suppress(psutil.Error):
                    process.kill()
            for process in found:
                with contextlib.suppress(ChildProcessError):  # a grandchild: it comes here later
                    os.waitpid(process.pid, 0)
        _prctl(_SET_CHILD_SUBREAPER, 0)


def _started(process: object) -> float:
    import psutil

    try:
        return float(process.create_time())  # type: ignore[attr-defined]
    except psutil.Error:
        return 0.0


def _prctl(what: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(what, value)
