"""Tables from other files than text: packed, JSON, SQLite, sheets, several files, in memory."""

import bz2
import datetime
import gzip
import io
import json
import lzma
import sqlite3
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from people_tables import CSV, RECORDS, check_people, refused

from deltarule.core.errors import ResourceError, UsageError
from deltarule.data import read_table


@pytest.mark.parametrize(
    ("name", "pack"), [("p.csv.gz", gzip.compress), ("p.csv.bz2", bz2.compress),
                       ("p.csv.xz", lzma.compress)]
)  # fmt: skip
def test_packed_files(write, name, pack):
    table = read_table(write(pack(CSV.encode()), name))
    check_people(table)
    assert table.place(1, "city") == f"{name}:3:2"
    lines = "".join(json.dumps(record) + "\n" for record in RECORDS)
    check_people(read_table(write(pack(lines.encode()), f"r.jsonl{Path(name).suffix}")))
    message = refused(write(pack(CSV.encode())[:-9], name))
    assert message.startswith(f"{name}: this is not a {Path(name).suffix} file, or it is damaged (")
    assert "this is not a" in refused(write(b"plain", name))


def test_a_packed_name_that_climbs_out_of_its_folder_is_no_place(write, tmp_path):
    """The name that a .gz holds inside is not looked at."""
    plain = gzip.compress(CSV.encode(), mtime=0)
    packed = plain[:3] + b"\x08" + plain[4:10] + b"../../../evil.csv\0" + plain[10:]
    check_people(read_table(write(packed, "p.csv.gz")))
    assert [path.name for path in tmp_path.parent.parent.parent.glob("*evil*")] == []
    assert [path.name for path in tmp_path.iterdir()] == ["p.csv.gz"]


def test_zst(write):
    zstd = pytest.importorskip("backports.zstd")
    check_people(read_table(write(zstd.compress(CSV.encode()), "p.csv.zst")))
    assert "or it is damaged" in refused(write(b"plain", "p.csv.zst"))


def test_a_package_that_is_not_there_is_named(write, monkeypatch):
    monkeypatch.setitem(sys.modules, "backports", None)
    monkeypatch.setitem(sys.modules, "compression", None)
    message = refused(write(b"", "p.csv.zst"), UsageError)
    assert "`pip install 'deltarule[zstd]'`" in message


def test_a_bomb_is_refused_before_it_fills_the_memory(write, monkeypatch):
    class Memory:
        available = 1_500_000

    monkeypatch.setattr("psutil.virtual_memory", Memory)
    message = refused(write(gzip.compress(b"1,2\n" * 1_000_000), "b.csv.gz"), ResourceError)
    assert message.startswith("b.csv.gz: written out it is larger than the 1.5 MB that are free.")
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b" " * 3_000_000)
    assert "needs about 12.0 MB" in refused(write(bomb.getvalue(), "b.xlsx"), ResourceError)


def test_json_lines(write):
    lines = "".join(json.dumps(record) + "\n\n" for record in RECORDS)
    table = read_table(write(lines, "p.jsonl"))
    check_people(table)
    assert table.place(1, "age").startswith("p.jsonl:3:")  # blank lines are counted
    check_people(read_table(write(json.dumps(RECORDS, indent=1), "p.json")))
    odd = '{"a": 1, "t": true, "s": "x\\ny"}\n{"b": 2.5, "t": false}\n{"a": 3, "s": "z"}\n'
    table = read_table(write(odd, "o.ndjson"))
    np.testing.assert_array_equal(table["a"].values, [1, np.nan, 3])
    assert (table["t"].kind, table["s"].categories) == ("boolean", ("x y", "z"))
    nested = write('{"a": 1, "tags": [1]}\n{"a": 2, "tags": []}\n', "n.jsonl")
    assert refused(nested).startswith("n.jsonl:1: 'tags' is a list, which is neither")
    assert read_table(nested, drop=["tags"]).names == ("a",)
    assert read_table(nested, kinds={"a": "numeric"})["a"].values.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": 1}\n{"a": 1\n', "j.jsonl:2: this is not JSON ("),
        ("[1, 2]", "j.jsonl:1: a row is an object"),
        ('{"a": 1}\n5\n', "j.jsonl:2: a row is an object"),
        ("[" * 100_000, "j.jsonl: this is not JSON ("),
        ("", "j.jsonl: the file is empty"),
        ('{"a": "x"}\n' + '{"a": 1}\n' * 30, "j.jsonl:1:1: 'x' is not a number"),
        (b'{"a": "\xff"}\n', "j.jsonl:1: this is not JSON ("),
    ],
)
def test_bad_json(write, text, said):
    assert refused(write(text, "j.jsonl")).startswith(said)


def workbook(path: Path, **sheets: list[list[object]]) -> str:
    """Save sheets as a workbook."""
    xlsxwriter = pytest.importorskip("xlsxwriter")
    pytest.importorskip("python_calamine")
    book = xlsxwriter.Workbook(str(path), {"default_date_format": "yyyy-mm-dd"})
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for i, row in enumerate(rows):
            for j, cell in enumerate(row):
                sheet.write(i, j, cell)
    book.close()
    return path.name


def test_sheets(write, tmp_path):
    write("")
    day = datetime.date
    rows = [
        [], ["age", "city", "day", "rich"], [31, "Rome", day(2024, 1, 1), True],
        [45, "Bonn", day(2024, 1, 2), False], [], [28, None, day(2024, 2, 3), True],
    ]  # fmt: skip
    name = workbook(tmp_path / "b.xlsx", One=rows)
    table = read_table(name, drop=["rich"])
    check_people(table)
    assert table.place(2, "age") == "b.xlsx:6:1"  # the sheet's own row
    assert read_table(name)["rich"].kind == "boolean"
    workbook(tmp_path / "two.xlsx", One=rows, Two=[["a", "b"], [1.5, "n/a"], [2, "3,5"]])
    assert "which sheet is meant? Write two.xlsx::NAME" in refused("two.xlsx", UsageError)
    assert "no sheet 'Tow', did you mean 'Two'?" in refused("two.xlsx::Tow")
    np.testing.assert_array_equal(read_table("two.xlsx::Two")["b"].values, [np.nan, 3.5])
    bare = workbook(tmp_path / "bare.xlsx", One=[[1, "x"], [2, "y"]])
    assert read_table(bare, columns=["n", "t"])["n"].values.tolist() == [1, 2]
    assert "these are for text files" in refused(bare, UsageError, separator=";")
    assert "this is not an Excel file, or it is damaged" in refused(write(b"PK\3\4", "x.xlsx"))


def test_a_sheet_of_a_billion_cells_harms_nobody(write, tmp_path):
    """One cell at its far corner: the child alone runs out of memory."""
    xlsxwriter = pytest.importorskip("xlsxwriter")
    pytest.importorskip("python_calamine")
    write("")
    book = xlsxwriter.Workbook(str(tmp_path / "far.xlsx"))
    sheet = book.add_worksheet()
    sheet.write(0, 0, "a")
    sheet.write(1_048_575, 16_383, 5)
    book.close()
    assert "it needs more memory than is free" in refused("far.xlsx")


def test_arrow_files(write, tmp_path):
    write("")
    frame = pl.read_csv(io.StringIO(CSV), try_parse_dates=True)
    frame.write_ipc(tmp_path / "p.feather")
    check_people(read_table("p.feather"))
    data = (tmp_path / "p.feather").read_bytes()
    for damaged in (data[:-20], b"ARROW1" + data[6:200] + b"ARROW1", b""):
        assert "this is not an Arrow file, or it is damaged" in refused(write(damaged, "d.arrow"))


def test_several_files_as_one(write):
    for i, city in enumerate(["Rome", "Oslo", "7"]):
        write(CSV.replace("Rome", city), f"part-{i}.csv")
    table = read_table("part-*.csv")
    assert table.rows == 9
    assert table["city"].categories == ("7", "Bonn", "Oslo", "Rome")
    assert [table["city"].categories[i] for i in table["city"].values[::3]] == ["Rome", "Oslo", "7"]
    assert table.places([(0, "age"), (5, "city")]) == ["part-0.csv:2:1", "part-1.csv:4:2"]
    assert table.notes[0] == "3 files one below the other: part-0.csv, part-1.csv, part-2.csv"
    write("age,city\n1,x\n", "part-9.csv")
    assert refused("part-*.csv").startswith(
        "part-9.csv: there is no column 'day', which part-0.csv"
    )
    write("n,y\n1,2\n", "m-1.csv")
    write("n,y\nx,2\nz,3\n", "m-2.csv")
    assert read_table("m-*.csv")["n"].categories == ("1", "x", "z")  # text in one, text in all
    assert refused("none-*.csv") == "none-*.csv: no file's name fits this pattern."


def test_tables_in_memory(write):
    write("")
    frame = pl.read_csv(io.StringIO(CSV), try_parse_dates=True)
    check_people(read_table(frame))
    check_people(read_table(frame.to_dict(as_series=False)))

    class Stream:  # anything that hands on an Arrow stream: pyarrow, DuckDB, ...
        def __arrow_c_stream__(self, requested_schema=None):
            return frame.__arrow_c_stream__(requested_schema)

    check_people(read_table(Stream()))
    assert read_table(frame, only=["age"], target="city").names == ("age", "city")
    assert "column 'b' is of type List(Int64)" in refused(pl.DataFrame({"b": [[1]]}))
    assert "not int" in refused(5, UsageError)
    assert "these are for text files" in refused(frame, UsageError, decimal=",")


@pytest.mark.parametrize("library", ["pandas", "pyarrow"])
def test_frames_of_others(write, library):
    pytest.importorskip(library)
    frame = pl.read_csv(io.StringIO(CSV), try_parse_dates=True)
    pytest.importorskip("pyarrow")
    check_people(read_table(frame.to_pandas() if library == "pandas" else frame.to_arrow()))


def test_standard_input(write, tmp_path):
    write("")
    code = (
        "from deltarule.data import read_table\n"
        "tables = [read_table('-'), read_table('-')]\n"  # read once, kept for the second
        "print([(t.rows, t.names, t.place(1, 'age')) for t in tables])"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], input=CSV, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == str([(3, ("age", "city", "day"), "stdin:3:1")] * 2)


def test_nothing_stays_in_the_temporary_folder(write, tmp_path, monkeypatch):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    table = read_table(write(gzip.compress(CSV.encode()), "p.csv.gz"))
    assert len(list(scratch.iterdir())) == 1
    assert table.place(0, "age") == "p.csv.gz:2:1"
    del table
    refused(write(gzip.compress(b"a,b\n1\n"), "p.csv.gz"))
    import gc

    gc.collect()
    assert not list(scratch.iterdir())


def test_typed_cells_are_what_they_are_where_texts_are_written_otherwise(write, tmp_path):
    """A file as Germans write it, and the same values as numbers and dates: no mark is guessed."""
    name = write("a;b;day\n1.234,5;3,5;31.01.2024\n7;-0,25;01.02.2024\n", "train.csv")
    trained = read_table(name)
    kinds = {column.name: column.kind for column in trained.columns}
    values, numbers = [[1.234, 1234.5], [0.00001, -2]], {"day": ["31.01.2024", "01.02.2024"]}
    for key, some in zip("ab", values, strict=True):
        numbers[key] = some
    frame = pl.DataFrame(numbers)
    frame.write_ndjson(tmp_path / "new.jsonl")
    frame.write_parquet(tmp_path / "new.parquet")
    connection = sqlite3.connect(tmp_path / "new.db")
    connection.execute("CREATE TABLE t (a REAL, b REAL, day TEXT)")
    rows = frame.select("a", "b", "day").rows()
    connection.executemany("INSERT INTO t VALUES (?, ?, ?)", rows)
    connection.commit()
    connection.close()
    for source in ("new.jsonl", "new.parquet", "new.db"):
        table = read_table(source, kinds=kinds, like=trained.format)
        assert [table[key].values.tolist() for key in "ab"] == values, source
        assert table["day"].values.tolist() == trained["day"].values.tolist()
    texts = write('[{"a": "1.234", "b": "3,5", "day": "31.01.2024"}]', "texts.json")
    assert read_table(texts, kinds=kinds, like=trained.format)["a"].values.tolist() == [1234.0]
    days = [datetime.date(2024, 1, 31), datetime.date(2024, 2, 1)]
    cells = [list(row) for row in zip(*values, days, strict=True)]
    book = workbook(tmp_path / "new.xlsx", One=[[], ["a", "b", "day"], *cells])
    table = read_table(book, kinds=kinds, like=trained.format)
    assert [table[key].values.tolist() for key in "ab"] == values
    assert table["day"].values.tolist() == trained["day"].values.tolist()
    noon = [["a", "b", "day"], [1, 2, datetime.datetime(2024, 1, 31, 12)]]
    book = workbook(tmp_path / "noon.xlsx", One=noon)
    said = refused(book, kinds=kinds, like=trained.format)
    assert "is not written like the date (%d.%m.%Y)" in said
