"""Who may ask: the host, the token, the origin, in this order, for pages and for sockets."""

from __future__ import annotations

import http.client
import json
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from deltarule.web.guard import new_token

Get = Callable[..., http.client.HTTPResponse]


@pytest.fixture
def own(address: str) -> str:
    """Host and port of the lab."""
    return urlsplit(address).netloc


@pytest.fixture
def token(address: str) -> str:
    return parse_qs(urlsplit(address).query)["token"][0]


@pytest.fixture
def get(own: str) -> Iterator[Get]:
    with ExitStack() as stack:

        def ask(path: str, **headers: str) -> http.client.HTTPResponse:
            connection = http.client.HTTPConnection(own, timeout=20)
            stack.callback(connection.close)
            connection.putrequest("GET", path, skip_host=True)
            for name, value in {"host": own, **headers}.items():
                connection.putheader(name, value)
            connection.endheaders()
            return connection.getresponse()

        yield ask


def test_a_token_is_48_hex_digits_and_new_every_time() -> None:
    tokens = {new_token() for _ in range(50)}
    assert len(tokens) == 50
    assert all(len(t) == 48 and int(t, 16) >= 0 for t in tokens)


def test_the_token_is_needed_once(get: Get, token: str) -> None:
    assert get("/").status == 403
    found = get(f"/?token={token}")
    assert (found.status, b"deltarule lab" in found.read()) == (200, True)
    cookie = found.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert get("/main.js", cookie=cookie.partition(";")[0]).status == 200
    assert get("/main.js").status == 403


def test_what_every_answer_carries(get: Get, token: str) -> None:
    for found in (get("/"), get(f"/?token={token}"), get(f"/nothing?token={token}")):
        policy = found.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert found.headers["x-content-type-options"] == "nosniff"
        assert found.headers["referrer-policy"] == "no-referrer"
        assert found.headers["cross-origin-opener-policy"] == "same-origin"
        assert found.headers["cross-origin-resource-policy"] == "same-origin"
        assert found.headers["access-control-allow-origin"] is None


@pytest.mark.parametrize(
    ("headers", "given", "status"),
    [
        ({"host": "evil.example:{port}"}, "{token}", 400),
        ({"host": "127.0.0.1:9"}, "{token}", 400),
        ({"host": "127.0.0.1"}, "{token}", 400),
        ({"host": ""}, "{token}", 400),
        ({}, "{token}0", 403),
        ({}, "", 403),
        ({}, "\N{SNOWMAN}", 403),
        ({"cookie": "deltarule_lab_{port}=0"}, None, 403),
        ({"cookie": "deltarule_lab_{port}={token}"}, None, 200),
        ({"cookie": 'deltarule_lab_{port}="; a'}, None, 403),
        ({"origin": "http://evil.example"}, "{token}", 403),
        ({"origin": "null"}, "{token}", 403),
        ({"origin": "http://127.0.0.1:{port}"}, "{token}", 200),
        ({"host": "localhost:{port}"}, "{token}", 200),
        ({"host": "[::1]:{port}"}, "{token}", 200),
    ],
)
def test_who_may_ask(
    get: Get, own: str, token: str, headers: dict[str, str], given: str | None, status: int
) -> None:
    values = {"port": own.rpartition(":")[2], "token": token}
    path = "/" if given is None else f"/?token={quote(given.format(**values))}"
    written = {name: value.format(**values) for name, value in headers.items()}
    assert get(path, **written).status == status


@pytest.mark.parametrize(
    "path",
    [
        "/../app.py", "/%2e%2e/app.py", "//etc/passwd", "/vendor/../../app.py", "/%00",
        "/..%5capp.py", "/static/../../__init__.py", "/lessons/xor.toml", "/vendor",
    ],
)  # fmt: skip
def test_nothing_outside_is_served(get: Get, token: str, path: str) -> None:
    assert get(f"{path}?token={token}").status in (400, 404)


def test_a_socket_needs_host_token_and_origin(own: str, token: str) -> None:
    for path, origin in (
        ("/session", f"http://{own}"),
        (f"/session?token={token}", "http://evil.example"),
        (f"/session?token={token}", None),
        (f"/session?token={token[:-2]}", f"http://{own}"),
    ):
        with pytest.raises(InvalidStatus, match="403"), connect(f"ws://{own}{path}", origin=origin):  # type: ignore[arg-type]
            pass


def test_a_session_over_its_socket(own: str, token: str) -> None:
    with connect(f"ws://{own}/session?token={token}", origin=f"http://{own}") as socket:  # type: ignore[arg-type]
        shown = json.loads(socket.recv())
        assert shown["sizes"] == [2, 3, 1]
        socket.send(json.dumps({"do": "step", "n": 5, "id": 7}))
        answer = json.loads(socket.recv())
        assert answer["id"] == 7
        assert answer["lanes"][0]["point"]["step"] == 5
        for hostile in ("{", "", "[]", '{"do": 1}'):
            socket.send(hostile)
            assert "error" in json.loads(socket.recv())


def test_messages_at_random_are_refused_or_harmless(own: str, token: str) -> None:
    rng = random.Random(1)
    atoms = [None, True, -1, 0, 1, 3, 1e300, "", "xor", "play", "\x00", [], [1, 1, 1], {"do": 1}]
    verbs = ["setup", "look", "step", "back", "explain", "check", "task", "x"]
    names = ["n", "by", "step", "row", "lane", "weight", "setup", "lesson"]
    with connect(f"ws://{own}/session?token={token}", origin=f"http://{own}") as socket:  # type: ignore[arg-type]
        socket.recv()
        for _ in range(300):
            message = {name: rng.choice(atoms) for name in rng.sample(names, 3)}
            socket.send(json.dumps({**message, "do": rng.choice(verbs)}))
            answer = json.loads(socket.recv())
            assert "error" in answer or set(answer) & {"lanes", "check", "explanation", "lacking"}
        socket.send(json.dumps({"do": "step", "n": 1, "id": 1}))
        assert json.loads(socket.recv())["lanes"]


def test_frames_that_are_too_large_or_no_text_end_that_page_alone(own: str, token: str) -> None:
    for frame in ("x" * 200_000, b"\xff\xfe"):
        with connect(f"ws://{own}/session?token={token}", origin=f"http://{own}") as socket:  # type: ignore[arg-type]
            socket.recv()
            socket.send(frame)
            with pytest.raises(ConnectionClosed):
                socket.recv()
    with connect(f"ws://{own}/session?token={token}", origin=f"http://{own}") as socket:  # type: ignore[arg-type]
        assert json.loads(socket.recv())["sizes"] == [2, 3, 1]
