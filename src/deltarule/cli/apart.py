"""A verdict on somebody's code, made in a process of its own: only a whole verdict counts.

Their code may end the process, crash it, close the standard output or run for ever. In a forked
child none of that looks like a verdict, since the parent prints and exits by the child's message.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import NoReturn

import typer

from deltarule.cli.guard import explained, say_error
from deltarule.cli.user_code import staying
from deltarule.core.errors import UsageError

__all__ = ["Verdict", "apart"]

Verdict = tuple[str, int]
"""What goes to the standard output, and the exit status."""

_LOOK = 0.05
"""Seconds between two looks at whether the child is still there."""


def apart(
    work: Callable[[], Verdict], whose: str, seconds: float | None = None, debug: bool = False
) -> Verdict:
    """Return what `work` returns, from a forked child whose standard output is standard error.

    An error of it is printed and exits as in the command itself. Where processes cannot be forked
    `work` is called here.

    Raises `UsageError` where the child ends without a verdict or takes more than `seconds`.
    """
    if seconds is not None:
        from deltarule.core.arguments import number  # NumPy's, and its threads', place is the child

        seconds = number("--timeout", seconds, low=0.0)
    if not hasattr(os, "fork"):
        if seconds is not None:
            raise UsageError("this system cannot end code after a time; leave out --timeout")
        return staying(work, whose)  # type: ignore[no-any-return]
    reader, writer = Pipe(duplex=False)
    for stream in filter(None, (sys.stdout, sys.stderr)):
        stream.flush()  # or the child would write it a second time
    with warnings.catch_warnings():  # "multi-threaded": nothing of ours runs in those threads
        warnings.simplefilter("ignore")
        child = os.fork()
    if child == 0:
        _work(work, whose, writer)
    writer.close()
    text, status, message, trace = _answer(reader, child, whose, seconds)
    if message:
        if debug:
            typer.echo(trace, err=True, nl=False)
        say_error(message)
        raise typer.Exit(status)
    return text, status


def _work(work: Callable[[], Verdict], whose: str, writer: Connection) -> NoReturn:
    """Send the verdict or the error, and end without what their code left for the end."""
    child = os.getpid()
    try:
        _die_with_the_parent()
        _print_to_stderr()
        try:
            answer = [*staying(work, whose), "", ""]
        except BaseException as error:
            message, status = explained(error)
            answer = ["", status, message, traceback.format_exc()]
        if os.getpid() == child:  # their code may have forked, and both come here
            writer.send_bytes(json.dumps(answer).encode())
            sys.stdout.flush()
    finally:
        os._exit(0)


def _die_with_the_parent() -> None:
    """Let their code not run on where the command itself is killed; Linux alone has a way."""
    if sys.platform == "linux":
        set_parent_death_signal = 1  # PR_SET_PDEATHSIG of sys/prctl.h
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)


def _print_to_stderr() -> None:
    """Let what their code prints stay out of the verdict, such as a JSON object."""
    try:
        os.dup2(2, 1)
    except OSError:  # standard error is closed
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.stdout = open(1, "w", buffering=1, errors="replace", closefd=False)  # noqa: SIM115


def _answer(
    reader: Connection, child: int, whose: str, seconds: float | None
) -> tuple[str, int, str, str]:
    """Return the child's message; the child has ended then."""
    end = None if seconds is None else time.monotonic() + seconds
    ended, status, heard = False, 0, reader
    try:
        while True:
            # once more after the end: it may have sent and ended between two looks
            if not heard.closed and heard.poll(0 if ended else _LOOK):
                try:
                    text, code, message, trace = json.loads(heard.recv_bytes())
                    return text, code, message, trace
                except (EOFError, OSError, ValueError):  # no message will come
                    heard.close()
            elif heard.closed and not ended:
                time.sleep(_LOOK)
            if ended:
                raise UsageError(
                    f"the code of {whose} ended the process ({_how(status)}) before the check was "
                    "made"
                )
            if end is not None and time.monotonic() > end:
                raise UsageError(
                    f"the code of {whose} took more than {seconds:g} s and was ended; give more "
                    "by `--timeout`, or leave it out to wait"
                )
            done, status = os.waitpid(child, os.WNOHANG)
            ended = done == child
    finally:
        heard.close()
        if not ended:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


def _how(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return f"exit status {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:  # a real-time signal
        return f"signal {-code}"
