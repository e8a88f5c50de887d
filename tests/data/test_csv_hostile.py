"""Text files that are large or odd on purpose: bounded memory and time, a place in each message."""

import contextlib
import subprocess
import sys
import time

import pytest

from deltarule.core.errors import DataError
from deltarule.data import read_table
from deltarule.data.text import lines as csv_lines

LIMIT = 131_072


def refused(write, content, kind=DataError, **options):
    with pytest.raises(kind) as caught:
        read_table(write(content), **options)
    return str(caught.value)


def test_memory_of_hostile_lines_stays_small(tmp_path):
    """Lines that would take gigabytes as rows, in a process that may have one."""
    code = """
import resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
import psutil
from deltarule.data import read_table
psutil.virtual_memory = lambda: type("", (), {"available": 1 << 29})
for line in (b",", b"1;", b"1\\t", b"x", b" ", b'"",', b'"'):
    path = Path(sys.argv[1]) / "t.csv"
    with path.open("wb") as file:
        for _ in range(60):
            file.write(line * ((1 << 20) // len(line)))
    try:
        read_table(path)
    except Exception as error:
        print(type(error).__name__, str(error).partition("t.csv")[2])
"""
    run = subprocess.run(
        [sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True
    )
    lines = run.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["ResourceError"] * 3 + ["DataError"] + [
        *("ResourceError", "ResourceError", "DataError")
    ]
    for line in lines:
        assert ":1:" in line, line
        assert "characters" in line
    assert "62,914,560 characters, up to 62,914,561 cells, needs about 50.6 GB" in lines[0]
    assert "536.9 MB are free" in lines[0]
    assert "the line has 62,914,560 characters and only 0 separators" in lines[3]


def test_long_lines_within_the_memory_are_read(write):
    """Told a separator, the line is measured by this one: no cell is too long."""
    width = 60_000
    text = ":".join(f"x{i}" for i in range(width)) + "\n" + "1.5:" * (width - 1) + "2\n"
    table = read_table(write(text), separator=":")
    assert len(table.names) == width
    assert table[f"x{width - 1}"].values.tolist() == [2]


@pytest.mark.parametrize("quote", ["", '"'])
@pytest.mark.parametrize(
    ("before", "place"), [("a,b\n1,", "people.csv:2:2: "), ("", "people.csv:1:1: ")]
)
def test_a_cell_longer_than_the_parser_takes(write, quote, before, place):
    cell = "x" * LIMIT
    table = read_table(write(f"a,b\n1,{quote}{cell}{quote}\n"))
    assert table["b"].categories == (cell,)
    message = refused(write, f"{before}{quote}{cell}x{quote},1\n")
    assert message.startswith(place + "the cell is longer than 131,072 characters")


def test_a_quoted_cell_with_a_million_line_breaks(write):
    message = refused(write, 'a,b\n1,x\n"2","' + "y\r\n" * 300_000 + '"\n')
    assert message.startswith("people.csv:3:2: the cell is longer than 131,072 characters")
    table = read_table(write('a,b\n1,"' + "\n" * (LIMIT - 2) + '.."\n2,x\n'))
    assert table.place(1, "b") == f"people.csv:{LIMIT + 1}:2"


@pytest.mark.parametrize("before", ["", "a,b\n1,2\n", "a,b\n" + "1,2\n" * 300_000])
def test_a_row_that_goes_on_and_on_inside_quotes(write, before, monkeypatch):
    """Its cells are short and so are its lines: only the row is too long."""
    monkeypatch.setattr(csv_lines, "_BATCHES", 8)
    row = '"\n",' * 200_000 + '"\n"\n'
    message = refused(write, before + row)
    line = before.count("\n") + 1
    assert message.startswith(f"people.csv:{line}: the row goes on over more than")
    assert "Correct the quotes" in message


def test_many_rows_of_many_lines_are_no_long_row(write, monkeypatch):
    monkeypatch.setattr(csv_lines, "_BATCHES", 8)
    table = read_table(write("a,b\n" + ('1,"' + "y\n" * 1000 + '"\n') * 1000))
    assert table.rows == 1000


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\r\r\n"])
def test_line_ends(write, end):
    table = read_table(write(end.join(["a,b", "1,x", "", '2,"y\u2028\x85\x0c"', "3,z"])))
    assert table["a"].values.tolist() == [1, 2, 3]
    assert table["b"].categories == ("x", "y", "z")
    line = 9 if len(end) == 3 else 5
    assert table.place(2, "a") == f"people.csv:{line}:1"


def test_signs_that_end_no_line(write):
    """They end lines for str.splitlines, not in a file."""
    table = read_table(write("a,b\n1,x\u2028y\n2,x\x0cy\n3,x\x85y\n"))
    assert table["b"].categories == ("x\x0cy", "x\x85y", "x\u2028y")


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;", "\ufeffsep=;"])
@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_the_first_line_of_excel(write, first, end):
    text = end.join([first, "a;b,c", "1;2,x", "3;4,y", ""])
    table = read_table(write(text))
    assert table.names == ("a", "b,c")
    assert table.format.separator == ";"
    assert table.notes == ("the first line says that the cells are separated by ';' (sep=;)",)
    assert table.place(1, "a") == "people.csv:4:1"
    assert refused(write, text + "5").startswith("people.csv:5: the row has 1 cell")
    told = read_table(write(text), separator="comma")
    assert told.names == ("a;b", "c")
    assert "is passed over" in told.notes[0]


def test_a_mark_and_quotes(write):
    assert read_table(write('\ufeff"a","b"\n"1","x"\n')).names == ("a", "b")


@pytest.mark.parametrize(
    "content",
    [
        b'a,b\n1,"' + b"x,y;z|w\t \n" * 500_000,
        b"\n" * 300_000,
        b" \n" * 300_000,
        b"a\n" * 300_000,
        b'"\n' * 300_000,
        b'a,"\n",' * 300_000,
        b"a,b\n" + b"1,2\n" * 300_000 + b"\0",
        b"a,b\n" + b"1,2\n" * 300_000 + b"\xff",
        b"a,b\n" + b"1,2\n" * 300_000 + b"3",
        b"a,b\n" + b"1,2\n" * 300_000 + b'3,"',
        b"a,b\n" + b"1,2\n" * 300_000 + b"3,x\n",
    ],
)
def test_many_lines_are_read_or_refused_in_seconds(write, content):
    name = write(content)
    start = time.perf_counter()
    with contextlib.suppress(DataError):
        read_table(name, kinds={"a": "text"})
    assert time.perf_counter() - start < 10
