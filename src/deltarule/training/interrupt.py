"""Ctrl-C as a request: the current step is finished, then training ends."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["Interrupt", "listening"]


class Interrupt:
    """Whether somebody asked for the end."""

    def __init__(self) -> None:
        self.requested = False

    def request(self, signum: int, frame: FrameType | None) -> None:
        """Take the first Ctrl-C as a request; a second one interrupts at once."""
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True


@contextmanager
def listening() -> Iterator[Interrupt]:
    """Listen for Ctrl-C inside the block; the handler before it is put back afterwards.

    Outside the main thread signals cannot be handled, and nothing is listened for; nor where
    the program has a handler of its own, or ignores Ctrl-C.
    """
    interrupt = Interrupt()
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield interrupt
        return
    signal.signal(signal.SIGINT, interrupt.request)
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
