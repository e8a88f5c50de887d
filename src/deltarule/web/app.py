"""The lab's server: an address with a token, pages, and a socket for each page's session."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import webbrowser
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from deltarule.core.errors import DeltaruleError
from deltarule.web.guard import new_token
from deltarule.web.listening import LOOPBACK, listen
from deltarule.web.worker import EndedError, Worker, get_ready

_STATIC = Path(__file__).with_name("static")
MOST_PAGES = 64
IDLE = 1_800.0
"""Seconds without a message after which a page's session ends."""
WAITING = 8
"""Messages of a page that wait for the one before them."""


class Pages:
    """The sessions at work, each in a process of its own and with a thread that waits for it."""

    def __init__(self, *given: str) -> None:
        """`given` are the arguments of `start.started`."""
        self._given = given
        self._threads = ThreadPoolExecutor(MOST_PAGES, "page")
        self._workers: set[Worker] = set()
        self._starting = 0
        self._first: tuple[Worker, str] | None = None

    def begin(self) -> None:
        """Start the session of the first page. Raises what is wrong with what the lab shows."""
        worker = Worker(*self._given)
        self._workers.add(worker)
        self._first = worker, worker.begin()

    @property
    def full(self) -> bool:
        """Whether there are as many as there may be."""
        waiting = self._first is not None
        return len(self._workers) - waiting + self._starting >= MOST_PAGES

    async def start(self) -> tuple[Worker, str]:
        """Return a new session, and what it shows first."""
        if self._first is not None:
            found, self._first = self._first, None
            return found
        self._starting += 1
        try:
            worker: Worker = await self.wait(Worker, *self._given)
            self._workers.add(worker)
        finally:
            self._starting -= 1
        try:
            return worker, await self.wait(worker.begin)
        except Exception:
            self.stop(worker)
            raise

    async def wait(self, work: Any, *arguments: Any) -> Any:
        """Return what a call that takes its time returns."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)

    def stop(self, worker: Worker) -> None:
        """End a session."""
        if worker in self._workers:
            self._workers.discard(worker)
            worker.end()

    def close(self) -> None:
        """End all of them, and wait for no one."""
        for worker in list(self._workers):
            self.stop(worker)
        self._threads.shutdown(wait=False, cancel_futures=True)


def make_app(pages: Pages, idle: float = IDLE) -> Any:
    """Return the ASGI application; whoever serves it puts a `Guard` in front."""
    from starlette.applications import Starlette
    from starlette.routing import Mount, Route, WebSocketRoute
    from starlette.staticfiles import StaticFiles
    from starlette.websockets import WebSocket, WebSocketDisconnect

    from deltarule.web.lessons import lessons

    async def session(socket: WebSocket) -> None:
        if pages.full:
            await socket.close(1013)
            return
        await socket.accept()
        try:
            worker, first = await pages.start()
        except (DeltaruleError, EndedError):  # the file that the lab shows is no more what it was
            await socket.close(1011)
            return
        asked: asyncio.Queue[str] = asyncio.Queue(WAITING)

        async def listen() -> None:  # a page that goes is noticed while its session is at work
            while True:
                await asked.put(await asyncio.wait_for(socket.receive_text(), idle))

        async def reply() -> None:
            await socket.send_text(first)
            while True:
                await socket.send_text(await pages.wait(worker.ask, await asked.get()))

        tasks = [asyncio.create_task(listen()), asyncio.create_task(reply())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            reason = done.pop().exception()
        finally:
            pages.stop(worker)
            for task in tasks:
                task.cancel()
        if isinstance(reason, TimeoutError):
            await socket.close(4000)
        elif isinstance(reason, KeyError):
            await socket.close(1003)  # a message that is no text
        elif isinstance(reason, EndedError):
            await socket.close(1011)
        elif reason is not None and not isinstance(reason, WebSocketDisconnect):
            raise reason

    async def all_lessons(_: Any) -> Any:
        from starlette.responses import JSONResponse

        return JSONResponse(lessons())

    return Starlette(
        routes=[
            WebSocketRoute("/session", session),
            Route("/lessons.json", all_lessons),
            Mount("/", StaticFiles(directory=_STATIC, html=True)),
        ]
    )


def serve(
    *given: str,
    lesson: str = "",
    host: str = LOOPBACK,
    port: int = 0,
    browser: bool = True,
    say: Callable[[str], None] = lambda _: None,
) -> None:
    """Serve the lab until it is ended; `say` is given its address.

    `given` is what `start.started` takes; what is wrong with it is raised before anything is said.
    `port` 0 takes a free one. Raises what `listen` raises.
    """

    def opened(address: str) -> None:
        address += f"#lesson={lesson}" * bool(lesson)
        say(address)
        if browser:
            threading.Timer(0.3, webbrowser.open, [address]).start()

    get_ready()
    with contextlib.closing(Pages(*given)) as pages:
        pages.begin()
        listen(make_app(pages), "the lab", opened, host=host, port=port, token=new_token())
