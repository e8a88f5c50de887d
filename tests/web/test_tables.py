"""The data of a page: bundled, made with parameters, and files that are given to it."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

import deltarule as dr
from deltarule.web.session import Session
from deltarule.web.worker import answer


def give(session: Session, name: str, data: bytes, part: int = 30_000) -> dict[str, Any]:
    """Give a file to a session as the page does."""
    found: dict[str, Any] = {}
    for at in range(0, max(1, len(data)), part):
        piece = base64.b64encode(data[at : at + part]).decode()
        message = {"do": "file", "name": name, "data": piece, "more": at + part < len(data)}
        found = answer(session, json.dumps(message))
        if "error" in found:
            break
    return found


PEOPLE = "age;income;town\n" + "".join(
    f"{20 + i};{1000 + 7 * i},5;{'AB'[i % 2]}\n" for i in range(60)
)


def test_a_file_is_read_as_on_the_command_line_and_trained(tmp_path) -> None:
    (tmp_path / "people.csv").write_text(PEOPLE)
    session = Session()
    found = give(session, "people.csv", PEOPLE.encode(), part=100)["file"]
    assert found == {"name": "people.csv", "rows": 60, "columns": ["age", "income", "town"]}
    shown = session.answer({"do": "setup", "setup": {"data": "people.csv", "target": "income"}})
    assert shown["data"][0] == "people.csv"
    assert shown["outputs"] == ["income"]
    ours = session.tables["people.csv"]
    read = dr.data.read_table(tmp_path / "people.csv")
    assert all((ours[name].values == read[name].values).all() for name in read.names)
    session.answer({"do": "step", "by": "epoch", "n": 3})
    assert "--target income" in session.command(0)


def test_the_target_that_nobody_named_is_said() -> None:
    session = Session()
    give(session, "people.csv", PEOPLE.encode())
    shown = session.answer({"do": "setup", "setup": {"data": "people.csv"}})
    assert shown["target"] == ["town"]
    assert any("the target is the last column, 'town'" in note for note in shown["notes"])


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("a.csv", b"a,b\n1,2\n3\n", "a.csv:3: the row has 1 cell"),
        ("a.csv", b"", "a.csv"),
        ("a.csv", b"a,b\n\xff\xfe,1\n", "a.csv:2"),
        ("a.xlsx", b"PK", "deltarule lab FILE"),
        ("../../etc/passwd", b"a,b\n1,2\n", "text files"),
        ("-", b"a,b\n", "text files"),
        ("a.csv", b"x" * (5 << 20), "4 MiB"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_with_its_place(
    name: str, data: bytes, says: str
) -> None:
    session = Session()
    before = json.dumps(session.begin())
    error = give(session, name, data)["error"]
    assert says in error
    assert "/tmp" not in error
    assert json.dumps(session.begin()) == before


def test_places_of_cells_name_the_file_as_it_was_given() -> None:
    session = Session()
    rows = "".join(f"{i},{i * 2}\n" for i in range(40))
    give(session, "holes.csv", f"a,b\n{rows}5,\n{rows}".encode())
    with pytest.raises(dr.DataError, match=r"holes\.csv:42:2") as caught:
        session.answer({"do": "setup", "setup": {"data": "holes.csv"}})
    assert "deltarule-" not in str(caught.value)


def test_files_do_not_mix() -> None:
    session = Session()
    one = {"do": "file", "name": "a.csv", "data": base64.b64encode(b"a,b\n1,").decode()}
    assert session.answer({**one, "more": True}) == {"coming": True}
    with pytest.raises(dr.UsageError, match="one file at a time"):
        session.answer({**one, "name": "b.csv"})
    assert "file" in give(session, "b.csv", b"a,b\n1,2\n")


def test_a_page_takes_so_many_files_and_no_more() -> None:
    session = Session()
    for k in range(8):
        assert "file" in give(session, f"f{k}.csv", b"a,b\n1,2\n")
    assert "reload" in give(session, "f9.csv", b"a,b\n1,2\n")["error"]
    assert "file" in give(session, "f7.csv", b"a,b\n1,3\n")  # again, in the place of the first


def test_made_data_take_parameters_within_bounds() -> None:
    session = Session()
    shown = session.answer({"do": "setup", "setup": {"data": "moons:60,0.3", "validation": 0}})
    assert shown["setup"]["data"] == "moons:60,0.3"
    for name in ("moons:9999999", "parity:30", "moons:x", "adding:50", "sunspots", "people.csv"):
        with pytest.raises(dr.UsageError):
            session.answer({"do": "setup", "setup": {"data": name}})


def test_the_split_is_the_pages() -> None:
    session = Session()
    for share, rows in ((0.0, 135), (0.5, 60)):
        setup = {"data": "iris", "test": share, "validation": 0.1}
        assert session.answer({"do": "setup", "setup": setup})["rows"] == rows
    assert "--test 0.5" in session.command(0)
