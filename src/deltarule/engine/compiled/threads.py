"""The threads that run a program together: all of them enter it, or none is kept waiting.

A program's threads meet at a counter in its memory (`barrier.py`) and wait there, in machine code
that no exception reaches, until all have come. So whatever keeps one of them from entering - no
thread to be had, an interrupt between two instructions, the end of the interpreter - has to
release the others before it is raised, and nothing may be freed until they have left.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from deltarule.core.errors import ResourceError
from deltarule.engine.compiled.programs.arguments import Call

__all__ = ["ParallelRun", "Workers"]

RELEASED = 2**62
"""What the counter is set to for nobody to wait at it any more; more than it can ever reach."""


class Workers:
    """Up to `count` helping threads of the process that asks: a forked child starts its own."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._pool: ThreadPoolExecutor | None = None
        self._process = 0

    def submit(self, work: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Have a thread do some work; raises `ResourceError` where there can be none."""
        if self._pool is None or self._process != os.getpid():
            self._pool, self._process = ThreadPoolExecutor(self._count, "deltarule"), os.getpid()
        try:
            return self._pool.submit(work, *arguments)
        except BaseException as error:
            # an interrupt may leave the pool's own locks in disorder, with an error on top of it
            self._pool = None
            if (interrupt := _interrupt(error)) is not None:
                raise interrupt from None
            if not isinstance(error, RuntimeError):
                raise
            raise ResourceError(
                f"training on {self._count + 1} threads: a thread could not be started ({error}). "
                'engine="reference" starts none, and with fewer processors for this process '
                "(`taskset -c 0`) the compiled engine starts fewer"
            ) from error

    def shutdown(self) -> None:
        """Wait for the work and end the threads, if they are this process's."""
        if self._pool is not None and self._process == os.getpid():
            self._pool.shutdown()


def _interrupt(error: BaseException | None) -> BaseException | None:
    """Return the interrupt at the bottom of an error, such as Ctrl-C between two instructions."""
    while error is not None:
        if not isinstance(error, Exception):
            return error
        error = error.__context__
    return None


class ParallelRun:
    """Runs a program on `threads` threads, of which the caller's is number 0.

    Args:
        run: run(call, number), the machine code.
        threads: how many threads the program waits for.
        counter: the address of the counter at which they meet.
    """

    def __init__(self, run: Callable[[Any, int], None], threads: int, counter: int) -> None:
        self._run = run
        self._helping = threads - 1
        self._workers = Workers(self._helping)
        self._counter = ctypes.c_int64.from_address(counter) if self._helping else ctypes.c_int64()

    def __call__(self, call: Call) -> None:
        """Do a call; whatever one of the threads raises is raised when all have left."""
        self._counter.value = 0
        # known before anybody is asked: an interrupt inside `submit` loses none of them
        parts: list[Future[None]] = [Future() for _ in range(self._helping)]
        entered = False
        try:
            for number, part in enumerate(parts, 1):
                self._workers.submit(self._take_part, part, call, number)
            self._run(call, 0)
            entered = True
        finally:
            self._leave(parts, entered)
        for part in parts:
            part.result()

    def _take_part(self, part: Future[None], call: Call, number: int) -> None:
        """Enter as a helper, unless the call was called off."""
        if not part.set_running_or_notify_cancel():
            return
        try:
            self._run(call, number)
            part.set_result(None)
        except BaseException as error:
            self._counter.value = RELEASED
            part.set_exception(error)

    def _leave(self, parts: list[Future[None]], entered: bool) -> None:
        """Wait until no helper is inside, however often this is interrupted."""
        interrupt: BaseException | None = None
        while True:
            try:
                if not entered:
                    for part in parts:
                        part.cancel()
                    self._counter.value = RELEASED
                for part in parts:
                    if not part.cancelled():
                        part.exception()
                break
            except BaseException as error:
                interrupt = _interrupt(error) or error
        if interrupt is not None:
            raise interrupt
