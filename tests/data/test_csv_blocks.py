"""What polars divides in blocks is what `csv.reader` parses, whatever the file is like."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import deltarule as dr
from deltarule.data import read_table
from deltarule.data.text import blocks, rows

DRAWN = np.random.default_rng(0)
HEADER = "a,b,c,d"
LINES = [
    f"{DRAWN.normal():.6g},{DRAWN.choice(['x', 'y z', 'NA', 'w '])},"
    f"{DRAWN.choice(['7', '12', ''])},{DRAWN.choice(['true', 'false'])}"
    for _ in range(300)
]
ROWS = "".join(line + "\n" for line in LINES)
TABLE = f"{HEADER}\n{ROWS}"


def found(path: Path, options: dict[str, Any]) -> Any:
    """Return all that there is to know of a table, or the error."""
    try:
        table = read_table(path, **options)
    except dr.DeltaruleError as error:
        return type(error), str(error)
    columns = [(c.name, c.kind, c.values.tobytes(), c.categories, c.written) for c in table.columns]
    return columns, table.notes, table.format, table.cite(table.names[0], [0, table.rows - 1])


CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "plain": (TABLE, {}),
    "no last line break": (TABLE[:-1], {}),
    "crlf": (TABLE.replace("\n", "\r\n"), {}),
    "cr": (TABLE.replace("\n", "\r"), {}),
    "a cr in a cell": (TABLE + "1,x\ry,7,true\n", {}),
    "a byte order mark": ("\ufeff" + TABLE, {}),
    "comments": ("# one\n# two\n" + TABLE, {}),
    "sep=": ("sep=,\n" + TABLE, {}),
    "sep= and another": ("sep=;\n" + TABLE.replace(",", ";"), {}),
    "units": (f"{HEADER}\nmm,name,kg,flag\n{ROWS}", {}),
    "tabs": (TABLE.replace(",", "\t"), {}),
    "decimal commas": (TABLE.replace(",", ";").replace(".", ","), {}),
    "no header": (ROWS, {"header": False}),
    "names given": (ROWS, {"header": False, "columns": ["a", "b", "c", "d"]}),
    "a header of several lines": (f'a,b,"c\nd",e\n{ROWS}', {}),
    "blank lines": (TABLE.replace("true\n", "true\n\n"), {}),
    "rows of empty cells": (TABLE + ",,,\n" + ROWS + ", ,,\n", {}),
    "spaces after separators": (TABLE + "1, x ,7,true\n 2,x,7, true\n", {}),
    "a quoted separator": (TABLE + '1,"x, y",7,true\n' + ROWS, {}),
    "a quoted line break": (TABLE + '1,"x\ny",7,true\n' + ROWS, {}),
    "a quote that is not closed": (TABLE + '1,"x,7,true\n' + ROWS, {}),
    "a short row": (TABLE + "1,x,7\n" + ROWS, {}),
    "a long row": (TABLE + "1,x,7,true,\n" + ROWS, {}),
    "one short, one long": (TABLE + "1,x,7\n1,x,7,true,1\n" + ROWS, {}),
    "the header again": (TABLE + TABLE, {}),
    "the header first again": (f"{HEADER}\n" + TABLE, {}),
    "a long cell": (TABLE + f"1,{'x' * 140_000},7,true\n", {}),
    "a mark for missing": (TABLE + "?,x,7,true\n", {}),
    "a word for missing": (TABLE + "7.0,x,nan,true\nNaN,x,12,NA\n", {"na": "7,x"}),
    "text among numbers": (TABLE + "one,x,7,true\n", {}),
    "numbers become text late": (TABLE.replace("\n", ",007\n") + "1,x,7,true,A7\n" * 99, {}),
    "infinite": (TABLE + "-inf,x,7,true\n1e999,x,7,true\n", {}),
    "as Python, not as polars": (TABLE + "+1.5 ,x,\t12,true\n1.,x,.5,true\n", {}),
    "neither": (TABLE + "1_0,x,\u0663,true\n", {}),
    "letters of several bytes": (TABLE + "1,\u00e9\u4e2d\U0001f40d,7,true\n" * 50, {}),
    "columns left out": (TABLE, {"drop": ["b"]}),
    "one column kept": (TABLE, {"only": ["d", "a"]}),
    "text by decree": (TABLE, {"text": ["a"]}),
}  # fmt: skip


@pytest.mark.parametrize("size", [700, 1 << 24])
@pytest.mark.parametrize("name", CASES)
def test_blocks_are_what_the_parser_reads(name, size, tmp_path, monkeypatch):
    text, options = CASES[name]
    path = tmp_path / "t.csv"
    path.write_text(text, encoding="utf-8", newline="")
    options = {"target": None, **options}
    expected = found(path, options)
    monkeypatch.setattr(rows, "_LARGE", 0)
    monkeypatch.setattr(blocks, "_BYTES", size)
    monkeypatch.setattr(blocks, "_LOOK", size // 7)
    assert found(path, options) == expected


def test_a_plain_file_goes_to_polars(tmp_path, monkeypatch):
    (tmp_path / "t.csv").write_text(TABLE)
    monkeypatch.setattr(rows, "_LARGE", 0)
    monkeypatch.setattr(rows.CsvFile, "_parsed", None)
    assert read_table(tmp_path / "t.csv").rows == len(LINES)
