"""Ctrl-C as a request: the current step is finished, then training ends."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType


class Interrupt:
    """Whether somebody asked for the end."""

    def __init__(self) -> None:
        self.requested = False

    def request(self, signum: int, frame: FrameType | None) -> None:
        """Take the first Ctrl-C as a request; a second one interrupts at once."""
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True


_TRAINING: list[Interrupt] = []
"""The trainings in the main thread, the innermost last."""


def ask_to_stop() -> bool:
    """Ask the training in the main thread for its end; say whether there is one.

    For programs that end in other ways than Ctrl-C: the command line asks on SIGTERM and SIGHUP.
    A second time interrupts at once.
    """
    if _TRAINING:
        _TRAINING[-1].request(signal.SIGINT, None)
    return bool(_TRAINING)


_AROUND: ContextVar[Interrupt | None] = ContextVar("interrupt", default=None)
"""What the main thread listens for, in threads that it has given its context."""


@contextmanager
def listening() -> Iterator[Interrupt]:
    """Listen for Ctrl-C inside the block; the handler before it is put back afterwards.

    Outside the main thread signals cannot be handled; what is listened for is what the main thread
    does that has given this one its context (`contextvars.copy_context`), if any. Where the
    program has a handler of its own, or ignores Ctrl-C, that stays; `ask_to_stop` is heard.
    """
    if threading.current_thread() is not threading.main_thread():
        yield _AROUND.get() or Interrupt()
        return
    interrupt = Interrupt()
    ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    _TRAINING.append(interrupt)
    before = _AROUND.set(interrupt)
    if ours:
        signal.signal(signal.SIGINT, interrupt.request)
    try:
        yield interrupt
    finally:
        _TRAINING.remove(interrupt)
        _AROUND.reset(before)
        if ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)
