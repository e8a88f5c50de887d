"""SIGTERM and SIGHUP end a command as Ctrl-C does: what is trained is kept, nothing is left behind.

A job scheduler ends a program with SIGTERM, a closed terminal with SIGHUP. Only where nobody else
has decided what they do: under nohup SIGHUP stays ignored.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_NAMES = ("SIGTERM", "SIGHUP")
_RECEIVED: list[int] = []


def exit_status() -> int:
    """Return 128 + the number of the signal that ended the command; without one, of Ctrl-C."""
    return 128 + (_RECEIVED[0] if _RECEIVED else signal.SIGINT)


@contextmanager
def signals_as_interrupts() -> Iterator[None]:
    """Take SIGTERM and SIGHUP, inside the block, as a Ctrl-C: a request to a training that runs."""
    _RECEIVED.clear()
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
    free = [n for n in numbers if signal.getsignal(n) is signal.SIG_DFL]
    for number in free:
        signal.signal(number, _stop)
    try:
        yield
    finally:
        for number in free:
            signal.signal(number, signal.SIG_DFL)


def _stop(number: int, frame: FrameType | None) -> None:
    _RECEIVED.append(number)
    training = sys.modules.get("deltarule.training.interrupt")  # not imported: nothing trains
    if training is None or not training.ask_to_stop():
        raise KeyboardInterrupt
