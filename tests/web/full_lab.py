"""`make lab-test`: every view and lesson at three widths, axe-core, 2,000 hostile requests.

Pictures of the page are held against small ones in `pictures/`; LAB_PICTURES=write makes them anew,
and LAB_SHOTS=FOLDER keeps the pictures at their size, to be looked at.
"""

from __future__ import annotations

import http.client
import io
import json
import os
import random
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import numpy as np
import pytest
from browsers import Browser
from labs import lab
from PIL import Image
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

import deltarule as dr
from deltarule.web.lessons import ORDER
from deltarule.web.session import DATA

PICTURES = Path(__file__).with_name("pictures")
WIDTHS = (390, 1280, 1920)
SMALL = 96
"""Width of a picture that is kept; letters are grey there, and another font changes little."""
APART = 0.06
"""Mean difference of two small pictures, of the whole range, up to which they are the same."""
HOSTILE = 2_000
SIZES = (
    "", "Content-Length: -1\r\n", "Content-Length: 99999999999\r\n",
    "Transfer-Encoding: chunked\r\n", "X: " + "y" * 20_000 + "\r\n",
)  # fmt: skip
PATIENCE = 1.0
"""Seconds that an answer is waited for: a server may wait for the rest of a request."""


@pytest.fixture(autouse=True)
def _no_troubles(chromium: Browser) -> Iterator[None]:
    chromium.troubles.clear()
    yield
    assert chromium.troubles == []


def _opened(chromium: Browser, address: str, setup: dict[str, Any], **options: Any) -> Any:
    own = f"{address}#{urlencode({'setup': json.dumps(setup)})}"
    return chromium.page(own, ready="#picture svg, #picture canvas", **options)


def _lanes(page: Any) -> None:
    page.click("#epoch")
    page.locator("#lanes td:nth-child(3)", has_text="1").first.wait_for()


def _why(page: Any) -> None:
    page.locator("#picture .hit").nth(1).press("Enter")
    page.wait_for_selector("#formula .katex")
    page.click("#why summary")


def _own(page: Any) -> None:
    page.click("#own summary")
    page.click("#draw", position={"x": 60, "y": 60})
    page.click("#along summary")


def _check(page: Any) -> None:
    page.click("#check")
    page.wait_for_selector("#v canvas")
    page.click("#ask")
    page.locator("#quiz-choices button").first.click()
    page.locator("#quiz-answer", has_text="deltarule diagnose").wait_for()


def _node(page: Any) -> None:
    page.locator("#picture .node").nth(1).press("Enter")
    page.wait_for_selector("#bend canvas")
    page.focus("#stage")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    page.locator("#stage-formula .katex").first.wait_for()


def _heat(page: Any) -> None:
    _lanes(page)
    page.click("#confusion summary")
    page.locator("#picture canvas").nth(2).press("Enter")
    page.locator("#picture button", has_text="All nodes").wait_for()
    page.keyboard.press("Enter")
    page.wait_for_selector("#formula .katex")


SPIRAL = {"data": "moons:60,0.1", "hidden": "4,3", "activation": "tanh"}
HEAT = {
    "data": "digits", "hidden": "128", "activation": "tanh", "batch_size": 32,
    "lanes": [{"optimizer": "adam", "lr": 0.002}],
}  # fmt: skip
VIEWS: dict[str, tuple[dict[str, Any], Callable[[Any], None]]] = {
    "lanes": ({"data": "parity:3", "hidden": "3,3", "lanes": [{}, {"mistake": "sign"}]}, _lanes),
    "why": ({"data": "parity:3", "hidden": "3,3"}, _why),
    "own": (SPIRAL, _own),
    "check": ({"data": "parity:3", "hidden": "3,3"}, _check),
    "node": ({"data": "parity:3", "hidden": "3,3"}, _node),
    "heat": (HEAT, _heat),
    "large": ({"data": "digits", "hidden": "32"}, _lanes),
}


def _judged(page: Any, name: str) -> None:
    """Look at the page: nothing runs out of it, axe finds nothing, and it looks as it did."""
    from axe_playwright_python.sync_playwright import Axe  # this file is imported by `make test`

    width = page.viewport_size["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    page.evaluate("document.activeElement?.blur()")
    shot = page.screenshot(full_page=True)
    if folder := os.environ.get("LAB_SHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        (Path(folder) / f"{name}-{width}.png").write_bytes(shot)
    picture = Image.open(io.BytesIO(shot)).convert("L")
    small = picture.resize((SMALL, round(SMALL * picture.height / picture.width)), Image.BOX)
    kept = PICTURES / f"{name}-{width}.png"
    if os.environ.get("LAB_PICTURES") == "write":
        PICTURES.mkdir(exist_ok=True)
        small.save(kept)
        return
    with Image.open(kept) as before:
        assert abs(before.height - small.height) <= 0.08 * before.height
        apart = np.abs(np.asarray(before.resize(small.size), float) - np.asarray(small, float))
    assert apart.mean() / 255 < APART


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", VIEWS)
def test_a_view(chromium: Browser, address: str, name: str, width: int) -> None:
    setup, act = VIEWS[name]
    page = _opened(chromium, address, setup, width=width)
    page.locator("#lanes tbody tr").nth(len(setup.get("lanes", [0])) - 1).wait_for()
    act(page)
    _judged(page, name)


@pytest.mark.parametrize("name", ["check", "why", "heat", "node"])
def test_a_view_in_the_dark(chromium: Browser, address: str, name: str) -> None:
    setup, act = VIEWS[name]
    page = _opened(chromium, address, setup, color_scheme="dark", reduced_motion="reduce")
    act(page)
    _judged(page, f"{name}-dark")


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("kind", ["study", "forecast"])
def test_a_folder(chromium: Browser, tmp_path: Path, kind: str, width: int) -> None:
    if kind == "study":
        net = dr.Network(2, [dr.Dense(2, "sigmoid"), dr.Dense(1, "sigmoid")], init="uniform:1")
        vary = {"rule": ["exact", "hidden=constant"]}
        study = dr.Study(net, "xor", vary=vary, seeds=6, epochs=300, optimizer="sgd:1")
        study.run(tmp_path / kind)
    else:
        dr.forecast("lynx", lags=4, horizon=3, epochs=20, layer="gru:3").save(tmp_path / kind)
    with lab(str(tmp_path / kind)) as (_, own):
        page = chromium.page(own, width=width)
        page.locator("#folder-table td").first.wait_for()
        if kind == "forecast":
            page.click("#folder-why")
            page.locator("#folder-shares td").first.wait_for()
        _judged(page, kind)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ORDER)
def test_a_lesson(chromium: Browser, address: str, name: str, width: int) -> None:
    page = chromium.page(f"{address}#lesson={name}", width=width)
    page.locator("#lesson-title").wait_for()
    page.wait_for_url("**setup=**")
    page.select_option("#language", "de" if width == 390 else "en")
    while page.is_enabled("#lesson-next"):
        page.click("#lesson-next")
    page.wait_for_timeout(300)
    _judged(page, f"lesson-{name}")


@pytest.mark.parametrize("data", DATA)
def test_every_data_set_is_drawn(chromium: Browser, address: str, data: str) -> None:
    page = _opened(chromium, address, {"data": data, "hidden": "4"})
    page.wait_for_url(f"**{urlencode({'x': data})[2:].split('%')[0]}**")
    page.click("#epoch")
    page.locator("#lanes td:nth-child(3)", has_text="1").wait_for()
    assert page.text_content("#said") == ""


def _raw(own: str, data: bytes) -> bytes:
    host, _, port = own.partition(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as line:
        try:
            line.sendall(data)
            return line.recv(200)
        except OSError:  # it waits for more, or has closed the line
            return b""


def test_hostile_requests_are_refused_or_harmless(address: str) -> None:
    own, token = urlsplit(address).netloc, parse_qs(urlsplit(address).query)["token"][0]
    open_lines = [socket.create_connection(tuple(own.split(":")), timeout=10) for _ in range(40)]
    for line in open_lines:  # begun and never ended
        line.sendall(b"GET / HTTP/1.1\r\nHost:")
    paths = [
        "/",
        "/session",
        "/../app.py",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/main.js\x00",
        "/a" * 9_000,
    ]
    hosts = [own, "evil.example", "127.0.0.1", f"localhost.evil:{own[-5:]}", "", "[::1]", own + "."]

    def one(seed: int) -> bool:
        rng = random.Random(seed)
        path, host = rng.choice(paths), rng.choice(hosts)
        given = rng.choice([token, token[:-1], token.upper(), "", "0" * 48, token + "0"])
        origin = rng.choice([None, f"http://{own}", "http://evil.example", "null"])
        method = rng.choice(["GET", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "G" * 300])
        size = rng.choice(SIZES)
        head = f"{method} {path}?token={given} HTTP/1.1\r\nHost: {host}\r\n{size}"
        head += f"Origin: {origin}\r\n" if origin else ""
        if seed % 3 == 0:
            head += "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            head += f"Sec-WebSocket-Key: {rng.choice(['dGhlIHNhbXBsZSBub25jZQ==', 'x', ''])}\r\n"
        answer = _raw(own, head.encode("latin-1") + b"\r\n")
        served = answer[9:12] in (b"200", b"101")
        allowed = host == own and given == token and origin in (None, f"http://{own}")
        assert allowed or not served, (head[:200], answer)
        return served

    with ThreadPoolExecutor(16) as threads:
        served = sum(threads.map(one, range(HOSTILE)))
    assert served < HOSTILE / 10
    for line in open_lines:
        line.close()
    connection = http.client.HTTPConnection(own, timeout=10)
    connection.request("GET", f"/?token={token}")
    assert connection.getresponse().status == 200
    connection.close()


def test_hostile_frames_end_their_page_alone(address: str) -> None:
    own, token = urlsplit(address).netloc, parse_qs(urlsplit(address).query)["token"][0]
    rng = random.Random(20)
    url, origin = f"ws://{own}/session?token={token}", f"http://{own}"
    for _ in range(25):
        with connect(url, origin=origin) as page:  # type: ignore[arg-type]
            page.recv()
            for _ in range(12):
                frame = rng.choice([
                    rng.randbytes(rng.randrange(1, 300)), "[" * 60_000, "\x00", "x" * 70_000,
                    '{"do": "file", "name": "a.csv", "data": "' + "A" * 50_000 + '"}',
                    json.dumps({"do": "setup", "setup": {"hidden": "9" * rng.randrange(400)}}),
                ])  # fmt: skip
                try:
                    page.send(frame)
                    page.recv(timeout=20)
                except (ConnectionClosed, InvalidStatus):
                    break
    with connect(url, origin=origin) as page:  # type: ignore[arg-type]
        assert json.loads(page.recv())["sizes"] == [2, 3, 1]


def test_fifty_pages_at_once() -> None:
    """In a lab of its own: sessions of the hostile ones may be at work for a while."""
    with lab() as (_, address), ExitStack() as stack:
        own, token = urlsplit(address).netloc, parse_qs(urlsplit(address).query)["token"][0]
        url, origin = f"ws://{own}/session?token={token}", f"http://{own}"
        pages = [stack.enter_context(connect(url, origin=origin)) for _ in range(50)]  # type: ignore[arg-type]
        for page in pages:
            page.recv()
            page.send('{"do": "step", "by": "epoch", "n": 50}')
        for page in pages:
            assert json.loads(page.recv())["lanes"][0]["point"]["epoch"] == 50
