"""A verdict on somebody's code, made in a process of its own: only a whole verdict counts.

Their code may end the process, crash it, close the standard output or run for ever. In a forked
child none of that looks like a verdict, since the parent prints and exits by the child's message.
What their code prints comes through a pipe, so that no more than its beginning is shown, and what
it starts ends with it.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from typing import Any, NoReturn

import typer

from deltarule.cli.code.user_code import staying
from deltarule.cli.guard import explained, say_error, say_note
from deltarule.cli.offspring import die_with_the_parent, ending
from deltarule.core.errors import UsageError

Verdict = tuple[str, int]
"""What goes to the standard output, and the exit status."""

_LOOK = 0.05
"""Seconds between two looks at whether the child is still there."""

_SHOWN = 1 << 16
"""Bytes of what their code prints that are shown."""


def apart(
    work: Callable[[], Verdict], whose: str, seconds: float | None = None, debug: bool = False
) -> Verdict:
    """Return what `work` returns, from a forked child; what it prints goes to standard error.

    Of that the first 64 kB are shown. An error of it is printed and exits as in the command
    itself. Where processes cannot be forked `work` is called here.

    Raises `UsageError` where the child ends without a verdict or takes more than `seconds`.
    """
    if seconds is not None:
        from deltarule.core.arguments import number  # NumPy's, and its threads', place is the child

        seconds = number("--timeout", seconds, low=0.0)
    if not hasattr(os, "fork"):
        if seconds is not None:
            raise UsageError("this system cannot end code after a time; leave out --timeout")
        found: Verdict = staying(work, whose)
        _say_notes()
        return found
    reader, writer = Pipe(duplex=False)
    printed = _Printed(whose)
    for stream in filter(None, (sys.stdout, sys.stderr)):
        stream.flush()  # or the child would write it a second time
    with warnings.catch_warnings():  # "multi-threaded": nothing of ours runs in those threads
        warnings.simplefilter("ignore")
        child = os.fork()
    if child == 0:
        _work(work, whose, writer, printed)
    writer.close()
    os.close(printed.writer)
    try:
        with ending(child):
            text, status, message, trace, notes = _answer(reader, child, whose, seconds, printed)
    finally:
        printed.finish()
    for note in notes:
        say_note(note)
    if message:
        if debug:
            typer.echo(trace, err=True, nl=False)
        say_error(message)
        raise typer.Exit(status)
    return text, status


class _Printed:
    """What the child prints: it writes to `writer`, and the first bytes are passed on."""

    def __init__(self, whose: str) -> None:
        self.whose = whose
        self.reader, self.writer = os.pipe()
        self.count = 0
        self.open = True

    def read(self) -> None:
        """Pass on what there is; more than is shown is counted alone."""
        found = os.read(self.reader, _SHOWN)
        self.open = bool(found)
        shown = found[: max(0, _SHOWN - self.count)]
        self.count += len(found)
        with contextlib.suppress(OSError):  # their words are worth less than the verdict
            typer.echo(shown, err=True, nl=False)

    def finish(self) -> None:
        """Pass on what is left in the pipe, and say what was left out."""
        end = self.count + (1 << 20)  # somebody who got away may write for ever
        while self.open and self.count < end and wait([self.reader], 0):
            self.read()
        os.close(self.reader)
        if self.count > _SHOWN:
            typer.echo(err=True)
            say_note(
                f"the code of {self.whose} printed {self.count:,} bytes; the first {_SHOWN:,} are "
                "shown"
            )


def _say_notes() -> None:
    """Say what was noted in this very process."""
    for note in _notes():
        say_note(note)


def _notes() -> list[str]:
    # Not imported here: where it is not, no code was run.
    surroundings = sys.modules.get("deltarule.cli.code.surroundings")
    return [] if surroundings is None else list(surroundings.take_notes())


def _work(
    work: Callable[[], Verdict], whose: str, writer: Connection, printed: _Printed
) -> NoReturn:
    """Send the verdict or the error, and end without what their code left for the end."""
    child = os.getpid()
    try:
        die_with_the_parent()
        _print_into(printed.writer)
        try:
            answer = [*staying(work, whose), "", ""]
        except BaseException as error:
            message, status = explained(error)
            answer = ["", status, message, traceback.format_exc()]
        if os.getpid() == child:  # their code may have forked, and both come here
            for stream in filter(None, (sys.stdout, sys.stderr)):
                with contextlib.suppress(OSError, ValueError):  # they have closed it
                    stream.flush()
            writer.send_bytes(json.dumps([*answer, _notes()]).encode())
    finally:
        os._exit(0)


def _print_into(writer: int) -> None:
    """Let what their code prints stay out of the verdict, such as a JSON object."""
    for number, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(writer, number)
        stream = open(number, "w", buffering=1, errors="replace", closefd=False)  # noqa: SIM115
        setattr(sys, name, stream)
    os.close(writer)


def _answer(
    reader: Connection, child: int, whose: str, seconds: float | None, printed: _Printed
) -> tuple[str, int, str, str, list[str]]:
    """Return the child's message; what it prints is passed on meanwhile."""
    end = None if seconds is None else time.monotonic() + seconds
    ended, status = False, 0
    with reader:
        while True:
            heard: list[Any] = [] if reader.closed else [reader]
            heard += [printed.reader] if printed.open else []
            # once more after the end: it may have sent and ended between two looks
            ready = wait(heard, 0 if ended else _LOOK)
            if printed.reader in ready:
                printed.read()
            if reader in ready:
                try:
                    text, code, message, trace, notes = json.loads(reader.recv_bytes())
                    return text, code, message, trace, notes
                except (EOFError, OSError, ValueError):  # no message will come
                    reader.close()
            elif ended:
                raise UsageError(
                    f"the code of {whose} ended the process ({_how(status)}) before the check was "
                    "made"
                )
            if end is not None and time.monotonic() > end:
                raise UsageError(
                    f"the code of {whose} took more than {seconds:g} s and was ended; give more "
                    "by `--timeout`, or leave it out to wait"
                )
            if not ended:
                # it stays to be waited for, so that its number is nobody else's
                found = os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT)
                ended, status = found is not None, 0 if found is None else _status(found)


def _status(found: os.waitid_result) -> int:
    """Return the exit status, or minus the number of the signal that ended a process."""
    return found.si_status if found.si_code == os.CLD_EXITED else -found.si_status


def _how(code: int) -> str:
    if code >= 0:
        return f"exit status {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:  # a real-time signal
        return f"signal {-code}"
