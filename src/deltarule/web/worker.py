"""A page's session in a process of its own: it takes no time from other pages, and ends at once."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import shutil
import signal
import tempfile
import threading
import traceback
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any

from deltarule.core.errors import DeltaruleError, UsageError

if TYPE_CHECKING:
    from deltarule.web.session import Session

MOST_CHARACTERS = 64 * 1024
"""Of a message from a page."""

_FORKS = "forkserver" in multiprocessing.get_all_start_methods()
"""Where it can be, a session is a fork of one process that has imported everything."""
_CONTEXT: Any = multiprocessing.get_context("forkserver" if _FORKS else "spawn")


def get_ready() -> None:
    """Start the process that sessions are forked from, so that the first page need not wait."""
    if _FORKS:
        from multiprocessing import forkserver

        _CONTEXT.set_forkserver_preload(["__main__", "deltarule.web.start"])
        forkserver.ensure_running()


class EndedError(Exception):
    """The session's process is no more."""


class Worker:
    """A session in a process of its own. `ask` waits for its answer; `end` ends it, at any time."""

    def __init__(self, *given: str) -> None:
        """Start a session with `given`, the arguments of `start.started`."""
        self._folder = tempfile.TemporaryDirectory(prefix="deltarule-lab-")
        self._pipe, theirs = _CONTEXT.Pipe()
        self._process = _CONTEXT.Process(
            target=_work, args=(theirs, self._folder.name, given), daemon=True
        )
        self._process.start()
        theirs.close()

    def begin(self) -> str:
        """Return what a page is shown first. Raises what is wrong with the data."""
        return self._received()

    def ask(self, text: str) -> str:
        """Return the answer to a message, both as JSON. Raises `EndedError`."""
        try:
            self._pipe.send(text)
        except (OSError, ValueError):
            raise EndedError from None
        return self._received()

    def _received(self) -> str:
        try:
            found: str | DeltaruleError = self._pipe.recv()
        except (EOFError, OSError):
            raise EndedError from None
        if isinstance(found, DeltaruleError):
            raise found
        return found

    def end(self) -> None:
        """Kill the process, whatever it does, and remove what it wrote."""
        self._process.kill()
        self._process.join()
        with contextlib.suppress(OSError):
            self._pipe.close()
        self._folder.cleanup()


def _work(pipe: Connection, folder: str, given: tuple[str, ...]) -> None:
    """Answer messages until the other end is closed."""
    from threadpoolctl import threadpool_limits

    from deltarule.web.start import started

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which ends this
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    tempfile.tempdir = folder
    threading.Thread(target=_end_with_the_server, args=(folder,), daemon=True).start()
    one_thread = threadpool_limits(1)  # pages share the machine, and their networks are small
    with one_thread, contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        try:
            session = started(*given)
        except DeltaruleError as error:
            pipe.send(error)
            raise EOFError from None
        pipe.send(_plain(session.begin()))
        while True:
            pipe.send(_plain(answer(session, pipe.recv())))
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def _end_with_the_server(folder: str) -> None:
    """Wait for the server's end, however it ends, and end with it in the midst of anything."""
    server = multiprocessing.parent_process()
    assert server is not None
    wait([server.sentinel])
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)


def _plain(found: dict[str, Any]) -> str:
    return json.dumps(found, separators=(",", ":"), allow_nan=False)


def answer(session: Session, text: str) -> dict[str, Any]:
    """Return the answer to a message, or what is wrong with it; `id` comes back as it was."""
    number = None
    try:
        if len(text) > MOST_CHARACTERS:
            raise UsageError(f"a message has at most {MOST_CHARACTERS} characters")
        message = json.loads(text)
        number = message.get("id") if isinstance(message, dict) else None
        number = number if isinstance(number, int) else None
        found = session.answer(message)
    except DeltaruleError as error:
        found = {"error": str(error)}
    except (json.JSONDecodeError, RecursionError) as error:
        found = {"error": f"a message is a JSON object: {error}"[:300]}
    except Exception as error:  # a bug of ours ends neither the page nor what was trained
        traceback.print_exc()
        found = {"error": f"this is a bug of the lab: {type(error).__name__}: {error}"[:300]}
    return {**found, "id": number}
