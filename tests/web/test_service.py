"""`deltarule serve`: the answers are predict's, and no request does harm."""

from __future__ import annotations

import contextlib
import csv
import http.client
import json
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from labs import served
from typer.testing import CliRunner

from deltarule.cli.main import app
from deltarule.core.errors import DeltaruleError
from deltarule.data import read_table
from deltarule.models import Model, Recipe, fit, load, save
from deltarule.web.described import example, openapi
from deltarule.web.rows import MOST_ROWS, rows_of
from deltarule.web.service import MOST_BYTES, answer

HOSTILE = int(os.environ.get("FUZZ_CASES", "250"))
JSON = {"content-type": "application/json"}
NAMES = ("name", "age", "city", "married", "born", "income")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a model on numbers, texts, truth values and dates, with an id."""
    place = tmp_path_factory.mktemp("service")
    lines = [",".join(NAMES)]
    for i in range(80):
        cells = [f"p{i}", 20 + i % 40, ("Rome", "Bonn", "Oslo")[i % 3], str(i % 2 == 0).lower(),
                 f"19{50 + i % 40}-0{1 + i % 9}-11", 1000 + 10 * (i % 40)]  # fmt: skip
        lines.append(",".join(map(str, cells)))
    (place / "people.csv").write_text("\n".join(lines) + "\n")
    table = read_table(place / "people.csv", target="income", text=["name"])
    recipe = Recipe(hidden=(5,), epochs=3, missing="mean")
    save(fit(table, recipe, target="income", ids=["name"]), place / "model")
    return place


@pytest.fixture(scope="module")
def model(folder: Path) -> Model:
    return load(folder / "model")


@pytest.fixture(scope="module")
def service(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    with served("serve", str(folder / "model"), "--port", "0") as (run, address):
        yield run, urlsplit(address).netloc


def ask(own: str, rows: Any, path: str = "/predict", **headers: str) -> tuple[int, Any]:
    """Return the status and the answer to a request."""
    connection = http.client.HTTPConnection(own, timeout=30)
    try:
        connection.request("POST", path, json.dumps(rows), {**JSON, **headers})
        found = connection.getresponse()
        text = found.read()
        assert "json" in found.headers["content-type"] or found.status in (400, 403, 405), text
        return found.status, json.loads(text) if text[:1] == b"{" else text.decode()
    finally:
        connection.close()


def test_the_answers_are_those_of_predict(
    folder: Path, service: tuple[Any, str], tmp_path: Path
) -> None:
    out = tmp_path / "out.csv"
    said = CliRunner().invoke(
        app, ["predict", str(folder / "model"), str(folder / "people.csv"), "--out", str(out)]
    )
    assert said.exit_code == 0, said.output
    theirs = list(csv.DictReader(out.read_text().splitlines()))
    with (folder / "people.csv").open() as file:
        given = list(csv.DictReader(file))
    rows = [
        {**r, "age": float(r["age"]), "married": r["married"] == "true", "income": None}
        for r in given
    ]
    status, found = ask(service[1], rows)
    assert (status, found["notes"]) == (200, [])
    ours = found["predictions"]
    assert list(ours[0]) == list(theirs[0])
    assert [p["name"] for p in ours] == [p["name"] for p in theirs]
    key = "predicted_income"
    assert [p[key] for p in ours] == pytest.approx([float(p[key]) for p in theirs], rel=1e-8)


def test_classes_have_the_types_of_the_table(tmp_path: Path) -> None:
    table = read_table("digits")
    model = fit(table, Recipe(hidden=(4,), epochs=1)).model
    (said,) = answer(model, [example(model)])["predictions"]
    assert isinstance(said["predicted_digit"], int)
    assert sum(v for k, v in said.items() if k.startswith("probability")) == pytest.approx(1)


def test_labels_are_said_each_by_its_own_words(folder: Path) -> None:
    lines = [
        "x,wet,windy",
        *(f"{i},{['no', 'yes'][i % 2]},{['no', 'yes'][i % 3 == 0]}" for i in range(90)),
    ]
    (folder / "labels.csv").write_text("\n".join(lines) + "\n")
    targets = ["wet", "windy"]
    table = read_table(folder / "labels.csv", target=targets)
    model = fit(table, Recipe(hidden=(3,), epochs=2, task="multilabel"), target=targets).model
    (said,) = answer(model, [{"x": 3}])["predictions"]
    assert said["predicted_wet"] in ("no", "yes")
    assert said["predicted_windy"] in ("no", "yes")
    assert list(said)[2:] == ["probability_wet", "probability_windy"]


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"age": "old"}, "row 1, column 'age': \"old\" is not a finite number"),
        ({"age": True}, "row 1, column 'age': true is not a finite number"),
        ({"age": 10**400}, "row 1, column 'age'"),
        ({"age": 1e300}, "age"),
        ({"city": ["Rome"]}, "row 1, column 'city'"),
        ({"city": "Paris"}, "row 1, column 'city'.*'Paris', unseen in training"),
        ({"married": "perhaps"}, "row 1, column 'married': \"perhaps\" is not true or false"),
        ({"born": "yesterday"}, "row 1, column 'born': \"yesterday\" is not written like the date"),
        ({"name": {"first": "Ann"}}, "row 1, column 'name'"),
    ],
)
def test_a_cell_that_cannot_be_used_is_named(model: Model, row: dict[str, Any], says: str) -> None:
    with pytest.raises(DeltaruleError, match=says):
        answer(model, [{**example(model), **row}])


def test_a_column_that_is_in_no_row_is_named_with_its_nearest(model: Model) -> None:
    row = {name: value for name, value in example(model).items() if name != "city"}
    with pytest.raises(DeltaruleError, match="no row has the column 'city', did you mean 'cty'"):
        answer(model, [{**row, "cty": "Rome"}])


def test_what_is_done_to_a_row_is_noted(model: Model) -> None:
    (note, far) = answer(model, [{**example(model), "city": None, "age": 2000}])["notes"]
    assert "missing, replaced by" in note
    assert "far outside" in far
    unseen = answer(model, [{**example(model), "city": "Paris", "shoes": 43}], "ignore")
    assert "'shoes'" in unseen["notes"][0]
    assert "'Paris'" in unseen["notes"][1]


def test_the_description_and_the_page(model: Model, service: tuple[Any, str]) -> None:
    plain = openapi(model)
    row = plain["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
    properties = row["schema"]["items"]["properties"]
    assert properties["age"]["type"] == ["number", "null"]
    assert list(properties) == ["name", "age", "city", "married", "born"]
    connection = http.client.HTTPConnection(service[1], timeout=20)
    for path, says in (("/openapi.json", b'"openapi"'), ("/", b"<textarea"), ("/lab.css", b"body")):
        connection.request("GET", path)
        found = connection.getresponse()
        assert (found.status, says in found.read()) == (200, True)
        assert "default-src 'self'" in found.headers["content-security-policy"]
    connection.close()


def test_another_page_may_not_ask_nor_another_name(service: tuple[Any, str], model: Model) -> None:
    rows = [example(model)]
    assert ask(service[1], rows)[0] == 200
    assert ask(service[1], rows, Origin="http://evil.example")[0] == 403
    assert ask(service[1], rows, Host="evil.example")[0] == 400


def test_other_machines_need_the_token_that_is_printed(folder: Path, model: Model) -> None:
    words = ("serve", str(folder / "model"), "--port", "0", "--host", "0.0.0.0")
    with served(*words) as (_, address):
        port = urlsplit(address).netloc.rpartition(":")[2]
        (token,) = parse_qs(urlsplit(address).query)["token"]
        own, rows = f"127.0.0.1:{port}", [example(model)]
        assert ask(own, rows)[0] == 403
        assert ask(own, rows, Authorization="Bearer wrong")[0] == 403
        assert ask(own, rows, Authorization=f"Bearer {token}")[0] == 200
        assert ask(own, rows, f"/predict?token={token}")[0] == 200


@pytest.mark.parametrize(
    ("name", "code", "says"), [("model.pkl", 2, "a pickle is not"), ("nowhere", 5, "nowhere")]
)
def test_what_is_not_served(tmp_path: Path, name: str, code: int, says: str) -> None:
    (tmp_path / "model.pkl").write_bytes(b"\x80\x04cos\nsystem\n")
    said = CliRunner().invoke(app, ["serve", str(tmp_path / name)])
    assert (said.exit_code, says in said.output) == (code, True)


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_it_ends_within_a_second_though_somebody_is_connected(folder: Path) -> None:
    with served("serve", str(folder / "model"), "--port", "0") as (run, address):
        host, _, port = urlsplit(address).netloc.partition(":")
        with socket.create_connection((host, int(port))) as idle:
            idle.sendall(b"POST /predict HTTP/1.1\r\n")
            began = time.monotonic()
            run.send_signal(signal.SIGINT)
            assert run.wait(30) == 0
            busy = max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
            assert time.monotonic() - began < 2 * busy  # a second, and what others take meanwhile
            assert run.stderr is not None
            assert run.stderr.read() == ""


def _body(rng: random.Random, model: Model) -> bytes:
    """Return a body that is wrong in some way, or nearly right."""
    row = example(model)
    name = rng.choice([*row, "income", "?", "\ud800", "x" * 2000])
    atoms = [None, True, -1, 1e308, 10**300, "", "\x00", "\ud83d", "1970-01-01", [], {}, [[1]],
             "x" * 10_000, "NaN", {"$ne": None}, "__class__", -0.0]  # fmt: skip
    text = json.dumps([{**row, name: rng.choice(atoms)}])
    deep = rng.choice([50, 5_000, 200_000])
    odd = rng.choice([*atoms, [row] * 3 + [1], [[]], [None]])
    wide = [{f"c{i}": i for i in range(rng.choice([3, 5_000]))}]
    return rng.choice([
        text.encode()[: rng.randrange(len(text))],
        text.replace(":", rng.choice(["", "::", ": NaN", ": -Infinity, "]), 1).encode(),
        rng.choice([b"[" * deep, b'{"age":' * deep, b"[" * deep + b"]" * deep]),
        json.dumps(odd).encode(),
        b"[" + b"9" * rng.choice([10, 4_000, 10_000, 100_000]) + b"]",
        rng.randbytes(rng.randrange(1, 400)),
        json.dumps(wide).encode(),
        b"\xef\xbb\xbf" + text.encode() if rng.random() < 0.5 else text.encode("utf-16"),
        text.encode(),
    ])  # fmt: skip


def _request(rng: random.Random, own: str, model: Model) -> bytes:
    """Return the bytes of a hostile request."""
    body = _body(rng, model)
    length, method, path, kind, more = len(body), "POST", "/predict", "application/json", ""
    match rng.randrange(14):
        case 0:
            return rng.randbytes(rng.randrange(1, 3_000)) + b"\r\n\r\n"
        case 1:
            method = rng.choice(["GET", "PUT", "DELETE", "TRACE", "get", "POST" * 100])
        case 2:
            path = rng.choice(["/../", "/%00", "/predict/", "//", "/predict?unknown=x", "*",
                               "/static/../app.py", "http://evil/", "/" + "?" * 6_000])  # fmt: skip
        case 3:
            kind = rng.choice(["text/plain", "", "application/x-www-form-urlencoded"])
        case 4:
            more = rng.choice(["x: " + "y" * 40_000, "transfer-encoding: chunked", "host: evil",
                               "content-length: 3", "x\x00y: 1", "origin: null",
                               "upgrade: websocket\r\nconnection: upgrade"]) + "\r\n"  # fmt: skip
        case 5:
            length = rng.choice([-1, MOST_BYTES * 10, 10**30, "x", 0])  # type: ignore[assignment]
    head = f"{method} {path} HTTP/1.1\r\nhost: {own}\r\ncontent-type: {kind}\r\n{more}"
    return f"{head}content-length: {length}\r\nconnection: close\r\n\r\n".encode("latin-1") + body


def test_hostile_requests_are_refused_or_harmless(
    service: tuple[subprocess.Popen[str], str], model: Model
) -> None:
    """FUZZ_CASES of them; whatever comes is answered in words, and the next one is served."""
    run, own = service
    host, _, port = own.partition(":")
    rng, statuses = random.Random(18), dict[int, int]()
    for k in range(HOSTILE):
        request = _request(rng, own, model)
        with socket.create_connection((host, int(port)), timeout=20) as connection:
            try:
                connection.sendall(request)
                connection.shutdown(socket.SHUT_WR)
                found = b"".join(iter(lambda: connection.recv(1 << 16), b""))
            except OSError:
                found = b""  # the rest of what is too large is not read
        status = int(found[9:12]) if found[:5] == b"HTTP/" else 0
        statuses[status] = statuses.get(status, 0) + 1
        assert status < 500, (k, request[:300], found[:300])
        if status == 200 and b"predictions" in found:
            said = json.loads(found.partition(b"\r\n\r\n")[2], parse_constant=pytest.fail)
            assert len(said["predictions"]) == 1
    assert statuses.get(0, 0) < HOSTILE / 4
    assert {200, 400, 404, 405, 415, 422} <= set(statuses), statuses
    assert ask(own, [example(model)])[0] == 200
    assert run.poll() is None


def test_large_and_slow_bodies(service: tuple[Any, str], model: Model) -> None:
    own = service[1]
    host, _, port = own.partition(":")
    head = f"POST /predict HTTP/1.1\r\nhost: {own}\r\ncontent-type: application/json\r\n"
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(f"{head}content-length: {MOST_BYTES * 2}\r\n\r\n".encode())
        with contextlib.suppress(ConnectionError):  # what is too much is not taken
            for _ in range(MOST_BYTES * 2 // 65_536):
                connection.sendall(b" " * 65_536)
            assert b" 413 " in connection.recv(100)
    assert ask(own, [example(model)] * (MOST_ROWS + 1))[0] in (400, 413)
    slow = [socket.create_connection((host, int(port)), timeout=30) for _ in range(20)]
    for connection in slow:
        connection.sendall(head.encode())  # and never the rest of it
    assert ask(own, [example(model)])[0] == 200
    began = time.monotonic()
    assert slow[0].recv(100) == b""
    assert time.monotonic() - began < 12
    for connection in slow:
        connection.close()


def test_rows_of_a_body() -> None:
    assert rows_of(b'{"a": 1}') == [{"a": 1}]
    for body, says in (
        (b"", "not JSON"), (b"[]", "0 rows"), (b"[1]", "row 1 is a number"), (b"3", "a number"),
        (b"[{}, null]", "row 2 is null"), (b'[{"a": NaN}]', "NaN"), (b"[" * 10**6, "too deep"),
    ):  # fmt: skip
        with pytest.raises(DeltaruleError, match=says):
            rows_of(body)
