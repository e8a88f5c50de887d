"""The threads that run a program together: all of them enter it, or none is kept waiting.

A program's threads meet at a counter in its memory (`barrier.py`) and wait there, in machine code
that no exception reaches, until all have come. So whatever keeps one of them from entering - no
thread to be had, an interrupt between two instructions, the end of the interpreter - has to
release the others before it is raised, and nothing may be freed until they have left.

An interrupt is raised between any two instructions of Python, in the middle of `threading` and
`concurrent.futures`, too, whose locks it leaves as they are. So the words that threads exchange
here are single operations of C that may be repeated: a queue's `put`, a dictionary's `setdefault`.
"""

from __future__ import annotations

import ctypes
import os
import weakref
from _thread import allocate_lock, start_new_thread
from collections import deque
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Any

from deltarule.core.errors import ResourceError
from deltarule.engine.compiled.programs.arguments import Call

RELEASED = 2**62
"""What the counter is set to for nobody to wait at it any more; more than it can ever reach."""

_SECONDS = 0.05
"""How long to wait before looking again: a word that an interrupt has lost costs no more."""


class Workers:
    """Up to `count` helping threads of the process that asks: a forked child starts its own.

    They end with this object, and with the interpreter, which does not wait for them.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._started = 0
        self._process = 0
        self._tasks: SimpleQueue[Any] = SimpleQueue()

    def submit(self, part: Part, work: Callable[..., Any], *arguments: Any) -> None:
        """Have a thread do some work as `part`; raises `ResourceError` where there is none."""
        if self._process != os.getpid():
            self._tasks, self._started, self._process = SimpleQueue(), 0, os.getpid()
            weakref.finalize(self, self._tasks.put, None).atexit = False
        if self._started < self._count:
            try:
                start_new_thread(_serve, (self._tasks,))
            except RuntimeError as error:
                raise ResourceError(
                    f"training on {self._count + 1} threads: a thread could not be started "
                    f'({error}). engine="reference" starts none, and with fewer processors for '
                    "this process (`taskset -c 0`) the compiled engine starts fewer"
                ) from error
            self._started += 1
        self._tasks.put((part, work, arguments))


def _serve(tasks: SimpleQueue[Any]) -> None:
    """Do what comes until the end, which is for every thread at this queue."""
    while True:
        task = tasks.get()
        if task is None:
            tasks.put(None)
            return
        part, work, arguments = task
        part.do(work, arguments)
        del task, part, work, arguments  # nothing is kept alive while waiting


class Part:
    """What one helper has to do: whether it has begun, and how it ended."""

    def __init__(self) -> None:
        self._owner: dict[str, str] = {}
        self._outcome: list[BaseException | None] = []
        self._over = allocate_lock()
        self._over.acquire()

    def belongs_to(self, who: str) -> bool:
        """Whether it is `who`'s: the first to ask has it."""
        return self._owner.setdefault("owner", who) == who

    def do(self, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        """Do the work, unless it was called off."""
        if not self.belongs_to("helper"):
            return
        error: BaseException | None = None
        try:
            work(*arguments)
        except BaseException as raised:
            error = raised
        self._outcome.append(error)
        self._over.release()

    def wait(self) -> BaseException | None:
        """Return how it ended, as soon as it has."""
        while not self._outcome:
            self._over.acquire(timeout=_SECONDS)
        return self._outcome[0]


def work_together(
    parts: list[Part],
    begin: Callable[[], None],
    own: Callable[[], None],
    release: Callable[[], None],
) -> None:
    """Begin the parts, do one's own, and wait until no helper is at work, whatever interrupts it.

    Where something is raised on the way, parts that have not begun are called off and `release`
    makes the others end soon. What a helper has raised is raised.
    """
    done = False
    try:
        begin()
        own()
        done = True
    finally:
        _leave(parts, done, release)
    for part in parts:
        if (error := part.wait()) is not None:
            raise error


def _leave(parts: list[Part], done: bool, release: Callable[[], None]) -> None:
    """Wait until no helper is at work, however often this is interrupted."""
    interrupt: BaseException | None = None
    called_off = [False] * len(parts)
    while True:
        try:
            if not done:
                called_off = [part.belongs_to("caller") for part in parts]
                release()
            for part, off in zip(parts, called_off, strict=True):
                if not off:
                    part.wait()
            break
        except BaseException as error:
            interrupt = error
    if interrupt is not None:
        raise interrupt


def share_out(
    workers: Workers, threads: int, parts: Sequence[Any], go_on: Callable[[Any], Any]
) -> None:
    """Go on with all parts in turn, each by the next thread that is free, until none goes on.

    A thread that finds nothing to do ends: every part left is in another one's hands.
    """
    waiting = deque(parts)

    def work() -> None:
        while waiting:
            try:
                part = waiting.popleft()
            except IndexError:  # another thread was faster
                return
            if go_on(part):
                waiting.append(part)

    helpers = [Part() for _ in range(min(threads, len(parts)) - 1)]

    def begin() -> None:
        for helper in helpers:
            workers.submit(helper, work)

    work_together(helpers, begin, work, waiting.clear)


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
        parts = [Part() for _ in range(self._helping)]

        def begin() -> None:
            for number, part in enumerate(parts, 1):
                self._workers.submit(part, self._enter, call, number)

        work_together(parts, begin, lambda: self._run(call, 0), self._release)

    def _enter(self, call: Call, number: int) -> None:
        """Enter as a helper; who cannot releases the others."""
        try:
            self._run(call, number)
        except BaseException:
            self._release()
            raise

    def _release(self) -> None:
        self._counter.value = RELEASED
