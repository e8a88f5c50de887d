"""A page's session as a process: killed at any time, idle, many at once, and nothing left."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psutil
import pytest
from labs import a_second, lab
from websockets.sync.client import ClientConnection, connect

import deltarule as dr
from deltarule.web.app import Pages, make_app
from deltarule.web.worker import EndedError, Worker, get_ready

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals")

LONG = {"data": "parity:4", "hidden": "100,100", "lanes": [{"lr": 0.01}]}


@pytest.fixture(scope="module", autouse=True)
def _ready() -> Iterator[None]:
    get_ready()
    yield
    from multiprocessing import forkserver

    forkserver._forkserver._stop()  # type: ignore[attr-defined]


def test_a_session_answers_from_a_process_of_its_own() -> None:
    worker = Worker()
    try:
        assert json.loads(worker.begin())["sizes"] == [2, 3, 1]
        answer = json.loads(worker.ask('{"do": "step", "n": 4, "id": 5}'))
        assert (answer["id"], answer["lanes"][0]["point"]["step"]) == (5, 4)
        assert "error" in json.loads(worker.ask("{"))
    finally:
        worker.end()
    with pytest.raises(EndedError):
        worker.ask("{}")


def test_what_is_wrong_with_the_data_comes_out_of_it() -> None:
    worker = Worker("missing.csv")
    with pytest.raises(dr.DataError, match=r"missing\.csv"):
        worker.begin()
    worker.end()


def test_it_is_killed_at_work_and_leaves_nothing() -> None:
    worker = Worker()
    worker.begin()
    worker.ask(json.dumps({"do": "setup", "setup": LONG}))
    folder = worker._folder.name
    ended: list[BaseException] = []

    def ask() -> None:
        try:
            worker.ask('{"do": "step", "n": 100000}')
        except EndedError as error:
            ended.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    time.sleep(0.2)
    began = time.monotonic()
    worker.end()
    thread.join(5)
    assert time.monotonic() - began < 0.5
    assert len(ended) == 1
    assert not os.path.exists(folder)


def _page(address: str) -> ClientConnection:
    token, own = parse_qs(urlsplit(address).query)["token"][0], urlsplit(address).netloc
    return connect(f"ws://{own}/session?token={token}", origin=f"http://{own}")  # type: ignore[arg-type]


def _asked(socket: ClientConnection, message: dict[str, Any]) -> dict[str, Any]:
    socket.send(json.dumps(message))
    found: dict[str, Any] = json.loads(socket.recv(timeout=60))
    return found


def _gone(processes: list[psutil.Process], seconds: float) -> bool:
    """Whether all of them end; those that nobody has asked about since are ended, too."""
    deadline = time.monotonic() + seconds
    while any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in processes):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_one_page_at_work_takes_no_time_from_another_and_the_end_leaves_nothing(
    number: int, tmp_path: Path
) -> None:
    with contextlib.ExitStack() as stack:
        run, address = stack.enter_context(lab(env={**os.environ, "TMPDIR": str(tmp_path)}))
        busy, other = (stack.enter_context(_page(address)) for _ in range(2))
        busy.recv()
        other.recv()
        _asked(busy, {"do": "setup", "setup": LONG})
        busy.send(json.dumps({"do": "step", "n": 100_000}))  # minutes
        took = []
        for _ in range(9):
            began = time.monotonic()
            _asked(other, {"do": "step"})
            took.append(time.monotonic() - began)
        assert sorted(took)[4] < 0.2
        processes = psutil.Process(run.pid).children(recursive=True)
        assert len(processes) >= 3
        began = time.monotonic()
        run.send_signal(number)
        run.wait(5)
        assert time.monotonic() - began < a_second()
        assert _gone(processes, seconds=3)
        assert run.stderr is not None
        assert number == signal.SIGKILL or run.stderr.read() == ""
    assert list(tmp_path.glob("deltarule-lab-*")) == []


def test_a_page_that_goes_takes_its_session_with_it() -> None:
    with lab() as (run, address):
        with _page(address) as socket:
            socket.recv()
            processes = psutil.Process(run.pid).children(recursive=True)
            socket.send(json.dumps({"do": "setup", "setup": LONG}))
            socket.recv()
            socket.send(json.dumps({"do": "step", "n": 100_000}))
        session = max(processes, key=lambda process: process.pid)
        assert _gone([session], seconds=3)


def test_a_page_that_asks_nothing_is_ended() -> None:
    pages, sent = Pages(), []
    asked = iter([{"type": "websocket.connect"}])

    async def receive() -> dict[str, Any]:
        found = next(asked, None)
        if found is None:
            await asyncio.sleep(60)
        return found or {}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "websocket", "path": "/session", "headers": [], "query_string": b""}
    with contextlib.closing(pages):
        asyncio.run(make_app(pages, idle=0.3)({**scope, "subprotocols": []}, receive, send))
        assert not pages._workers
    assert [m["type"] for m in sent] == ["websocket.accept", "websocket.send", "websocket.close"]
    assert sent[-1]["code"] == 4000


def test_there_are_so_many_pages_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deltarule.web.app.MOST_PAGES", 1)
    with contextlib.closing(Pages()) as pages:
        assert not pages.full
        pages.begin()
        assert not pages.full  # that session waits for the first page
        asyncio.run(pages.start())
        assert pages.full
