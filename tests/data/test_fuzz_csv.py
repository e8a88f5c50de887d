"""Damaged text files, and one table written in many ways: FUZZ_CASES of each, from fixed seeds."""

import os
import random
import re
import time

import numpy as np
import pytest

from deltarule.core.errors import DataError
from deltarule.data import read_table

CASES = int(os.environ.get("FUZZ_CASES", "150"))
SECONDS = 5

ROWS = (
    ("age", "city", "income"),
    ("31", "Rome", "1.5"),
    ("40", "Paris, France", "-2e3"),
    ("", "São Paulo; 5 €", "NA"),
    ("7", 'the "Hague"\nnorth|south', "0"),
)
TOKENS = (
    *(b'"', b'""', b",", b";", b"\t", b"|", b" ", b"\n", b"\r", b"\r\n", b"\r\r\n", b"\n\n"),
    *(b"\0", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"\xe9", b"\xc3", b"\x80", b"\x1b$B"),
    *(b"sep=;\n", b"sep=", b"\x0c", b"\x85", b"\xe2\x80\xa8", b"1e999", b"nan", b"x", b"1.5"),
    *(b'1,"', b'";"', b"x" * 132_000, b"," * 3000, b"\n" * 3000),
)
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1252", "gb18030", "utf-32")
WHOLE = "(the file is empty|there is a header and no row|no separator|.* cells? (is|are) infinite)"
"""What is said of a file and of no line in it, or with the places behind it."""


def written(rows, separator, end, quoted, encoding):
    """Write rows by hand; with `quoted` "all" every cell in quotes, else those that need them."""

    def cell(text):
        needed = quoted == "all" or text.startswith(" ") or re.search(f'[\r\n"{separator}]', text)
        return '"' + text.replace('"', '""') + '"' if needed else text

    lines = (separator.join(map(cell, row)) + end for row in rows)
    return "".join(lines).encode(encoding)


def damaged(random):
    """Return a small table in some way of writing with one to four damages, and the way."""

    def way():
        end, quoted = random.choice(["\n", "\r\n", "\r"]), random.choice(["all", "needed"])
        return random.choice(",;\t|"), end, quoted, random.choice(("utf-8", "utf-8", *ENCODINGS))

    separator, end, quoted, encoding = way()
    data, other = written(ROWS, separator, end, quoted, encoding), written(ROWS, *way())
    for _ in range(random.choice([1, 1, 1, 2, 4])):
        at, to = (random.randint(0, len(data)) for _ in range(2))
        kind = random.randrange(5)
        if kind == 0 and data:
            at = min(at, len(data) - 1)
            data = data[:at] + bytes([data[at] ^ 1 << random.randrange(8)]) + data[at + 1 :]
        elif kind == 1:
            data = data[:at]
        elif kind == 2:
            data = data[:at] + random.choice(TOKENS) + data[at:]
        elif kind == 3:
            data = data[:at] + other[random.randint(0, len(other)) :]
        else:
            data = data[: min(at, to)] + data[max(at, to) :]
    return data, {"separator": separator, "encoding": encoding}


def parsed(text, separator):
    """Parse rows by hand: (line, cells) of each; ValueError for a quote out of place."""
    if separator == " ":
        text = re.sub(r"[^\S\r\n]+(?=[\r\n]|$)", "", text.replace("\t", " "))
    text = re.sub("\r\n?", "\n", text)
    rows, cells, i, line, start = [], [], 0, 1, 1
    while i < len(text):
        while text[i : i + 1] == " ":
            i += 1
        if text[i : i + 1] == '"':
            quoted = re.compile('"((?:[^"]|"")*)"').match(text, i)
            if not quoted or text[quoted.end() : quoted.end() + 1] not in ("", "\n", separator):
                raise ValueError("a quote out of place")
            cell, i = quoted[1].replace('""', '"'), quoted.end()
            line += cell.count("\n")
        else:
            end = re.compile("[\n" + re.escape(separator) + "]|$(?![\n])").search(text, i).start()
            cell, i = text[i:end], end
        cells.append(cell)
        ends = text[i : i + 1] != separator
        i += 1
        if ends or i >= len(text):
            cells += [""] * (not ends)
            line += 1
            if any(map(str.strip, cells)) or len(cells) > 1:
                rows.append((start, cells))
            cells, start = [], line
    return rows


def test_fuzz_damaged_files_are_read_right_or_refused_with_a_place(write):
    random_ = random.Random(10)
    read = refused = 0
    for _ in range(CASES):
        data, way = damaged(random_)
        name = write(data, random_.choice(["t.csv", "t.txt", "t.tsv", "t.data", "t"]))
        wrong = {
            "separator": random_.choice([*",;\t| ", "tab", "space"]),
            "encoding": random_.choice(ENCODINGS),
        }
        told = random_.choice([way, way, {}, {**way, **dict([random_.choice([*wrong.items()])])}])
        start, message = time.perf_counter(), None
        try:
            table = read_table(name, decimal=".", **told)
        except DataError as error:
            message = str(error)
        if message is None:
            read += 1
            compare(table, name, data)
        else:
            refused += 1
            assert re.match(rf"{re.escape(name)}(:\d+(:\d+)?: |: {WHOLE})", message), (
                message,
                data,
            )
        assert time.perf_counter() - start < SECONDS, (data, told)
    print(f"\n{CASES} damaged files: {read} read and compared, {refused} refused")


def compare(table, name, data):
    """Compare every cell and its place with the parser by hand."""
    text = data.decode(table.format.encoding).removeprefix("\ufeff")
    announced = re.match('"?sep=[^"\r\n]"?(\r\n|\r|\n)', text, re.IGNORECASE)
    rows = parsed(text[announced.end() if announced else 0 :], table.format.separator)
    rows = [(line + bool(announced), cells) for line, cells in rows]
    assert len(table.names) == len(rows[0][1]), data
    assert table.rows == len(rows) - 1, data
    cells = [(row, name) for row in range(table.rows) for name in table.names]
    found = table.locate(cells)
    expected = [
        (f"{name}:{line}:{i}", cell.strip())
        for line, row in rows[1:]
        for i, cell in enumerate(row, 1)
    ]
    assert [(place, re.sub("\r\n?", "\n", cell)) for place, cell in found] == expected, data


LETTERS = ("abc", "xyz ", "q\"'", ",;|", "\t\\#", "\n\r", "éß")
WAYS = [
    (separator, end, quoted, encoding)
    for separator in (",", ";", "\t", "|", ":", " ")
    for end in ("\n", "\r\n", "\r")
    for quoted in ("all", "needed")
    for encoding in (*ENCODINGS, "latin-1", "utf-16-le", "utf-32-be")
]


def table_of(random, separator):
    """Return random rows of numbers and texts under a header; texts hold what a way can hold."""
    letters = LETTERS[:4] if separator == " " else LETTERS
    width, height = random.randint(2, 6), random.randint(1, 40)
    missing = "NA" if separator == " " else ""  # nothing between spaces is no cell
    kinds = [random.choice(["number", "text", "text", "word"]) for _ in range(width)]

    def cell(kind):
        if kind == "number":
            return random.choice(
                [f"{random.gauss(0, 100):.3f}", str(random.randint(0, 9)), missing]
            )
        if kind == "word":
            return random.choice(["true", "false", "NA", "red", "dark blue"])
        return "t" + "".join(
            random.choice(random.choice(letters)) for _ in range(random.randint(0, 6))
        )

    header = [f"{kind} name {i}" for i, kind in enumerate(kinds)]
    return [header, *([cell(kind) for kind in kinds] for _ in range(height))]


def test_fuzz_one_table_written_in_many_ways(write):
    random_ = random.Random(11)
    for _ in range(CASES):
        way = random_.choice(WAYS)
        rows = table_of(random_, way[0])
        plain = read_table(
            write(written(rows, ",", "\n", "all", "utf-8")), separator=",", decimal="."
        )
        write(written(rows, *way), "other.csv")
        other = read_table("other.csv", separator=way[0], encoding=way[3], decimal=".")
        assert other.names == plain.names, (rows, way)
        for one, two in zip(plain.columns, other.columns, strict=True):
            assert (one.kind, one.categories) == (two.kind, two.categories), (rows, way)
            np.testing.assert_array_equal(one.values, two.values)
        last = [(plain.rows - 1, name) for name in plain.names]
        assert [t for _, t in plain.locate(last)] == [t for _, t in other.locate(last)]
    print(f"\n{CASES} tables: each read the same in two ways of writing")


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_fuzz_separators_that_are_found(write, separator):
    """Numbers and words, with no other separator in all of them: it is found, and the same."""
    random_ = random.Random(12)
    for _ in range(max(1, CASES // 10)):
        rows = [[f"name_{i}" for i in range(4)]]
        for _ in range(20):
            rows.append(
                [*(f"{random_.gauss(0, 9):.2f}" for _ in range(3)), random_.choice("abc,;")]
            )
        quoted = random_.choice(["all", "needed"])
        table = read_table(write(written(rows, separator, "\r\n", quoted, "utf-8")), decimal=".")
        assert table.names == tuple(rows[0])
        np.testing.assert_array_equal(table["name_0"].values, [float(r[0]) for r in rows[1:]])
