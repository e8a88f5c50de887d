"""A destination that is one process's alone, from before the training until the model is there.

The lock ends with the process that holds it, however that ends; its file is removed with it, or,
after a kill, by the next one that takes the lock.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deltarule.core.errors import LockError
from deltarule.core.files import unwritable

_HELD: set[tuple[int, int, Path]] = set()
"""What is claimed: by which process and thread, and what. Who has it may claim it again."""

_LOOK = 0.01
"""Seconds between two tries."""


@contextmanager
def claimed(out: str | Path, *, wait: float = 0.0, what: str = "training") -> Iterator[None]:
    """Keep others from writing a model to `out` during the block; missing parents are made.

    `what` is who else it may be that has it: a training, a study.

    Raises `LockError` where somebody else has it for more than `wait` seconds, `ResourceError`
    where the place cannot be written.
    """
    target = Path(out).resolve()
    key = os.getpid(), threading.get_ident(), target
    if key in _HELD:
        yield
        return
    made = [p for p in target.parents if not p.exists()]
    try:
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritable(Path(out), error) from error
        with _locked(Path(out), target.parent / f".{target.name}.deltarule-lock", wait, what):
            _HELD.add(key)
            try:
                yield
            finally:
                _HELD.discard(key)
    finally:
        with contextlib.suppress(OSError):  # they go where they stayed empty
            for parent in made:
                parent.rmdir()


@contextmanager
def _locked(out: Path, path: Path, wait: float, what: str) -> Iterator[None]:
    if sys.platform == "win32":
        yield
        return
    end = time.monotonic() + wait
    while (held := _try(out, path)) is None:
        if time.monotonic() >= end:
            raise LockError(
                f"{out}: another {what}{_by_whom(path)} is going to write there. Wait "
                "until it has ended, or choose another folder with `--out`."
            )
        time.sleep(_LOOK)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            path.unlink()
        os.close(held)


def _try(out: Path, path: Path) -> int | None:
    """Return the open file that holds the lock, or nothing where somebody else has it."""
    import fcntl

    try:
        held = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise unwritable(out, error) from error
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(held)
        return None
    except OSError:  # a file system without locks
        return held
    with contextlib.suppress(OSError):
        if os.stat(path).st_ino == os.fstat(held).st_ino:
            os.ftruncate(held, 0)
            os.write(held, str(os.getpid()).encode())
            return held
    os.close(held)  # whoever had it has removed the file just now
    return None


def _by_whom(path: Path) -> str:
    with contextlib.suppress(OSError):
        number = path.read_text(encoding="ascii", errors="replace")
        return f" (process {number})" if number.isdecimal() else ""
    return ""
