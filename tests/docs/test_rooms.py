"""What the page on the layout of the code says of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from deltadocs import rooms, rooms_picture

PAGE = Path(__file__).parents[2] / "docs" / "architecture.md"


def test_no_module_stands_in_a_circle_of_imports() -> None:
    assert rooms.circles() == []


@pytest.mark.parametrize("contract", rooms_picture.PARTS)
def test_the_picture_has_every_room_and_no_import_goes_up(contract: str) -> None:
    inside = rooms.ROOT / "engine" / "compiled" if contract == "compiled" else rooms.ROOT
    there = {p.stem for p in inside.iterdir() if p.is_dir() or p.suffix == ".py"}
    drawn = {room for row in rooms_picture.levels(contract) for room in row}
    assert drawn == {name for name in there if not name.startswith("__")}
    assert rooms_picture.upwards(contract) == []


def test_every_file_and_folder_that_the_page_names_is_there() -> None:
    named = re.findall(r"`([a-z_/]+(?:\.py|/))`", PAGE.read_text(encoding="utf-8"))
    assert len(named) > 10
    assert [n for n in named if not (rooms.ROOT / n).exists()] == []


def test_every_room_is_in_the_table_with_what_it_is_for() -> None:
    rows = [row.split(" | ") for row in rooms.table().splitlines()[2:]]
    assert {"| `core`", "| `engine/compiled/many`", "| `data`"} <= {row[0] for row in rows}
    assert all(len(row[1]) > 10 for row in rows)
    lines = sum(int(row[3].replace(",", "")) for row in rows)
    files = rooms.ROOT.rglob("*.py")
    whole = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in files)
    assert 0 <= whole - lines <= len((rooms.ROOT / "__init__.py").read_text().splitlines())
