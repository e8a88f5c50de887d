"""Encodings: which names are accepted, that each reads its own text, and places in each."""

import codecs

import numpy as np
import pytest

from deltarule.core.errors import DataError, UsageError
from deltarule.data import read_table
from deltarule.data.text.encoding import codec_name

TEXT = 'name,y\nβ,1\n"日本\n, 語",2\n'


@pytest.mark.parametrize(
    "name",
    [
        *("rot13", "hex", "base64", "quopri", "zlib", "bz2", "uu"),  # bytes to bytes, text to text
        *("idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "utf-7"),
        *("utf-99", "", "a b", "utf-8\0", "\ud800", "../utf_8", "locale", "é", "x" * 10_000),
    ],
)
def test_names_that_stand_for_no_encoding_of_text(write, name):
    with pytest.raises(UsageError) as caught:
        read_table(write("a,b\n1,2\n"), encoding=name)
    message = str(caught.value)
    assert message.startswith(f"unknown encoding {name[:40]!r}. Common ones: utf-8, utf-16, latin")
    assert len(message) < 200


@pytest.mark.parametrize("name", ["latin 1", "UTF8", "utf-8-sig", "cp037", "shift_jis_2004", "hz"])
def test_names_of_encodings_of_text(name):
    assert codec_name(name)


@pytest.mark.parametrize(
    "encoding",
    [
        *("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"),
        *("shift_jis", "euc_jp", "iso2022_jp", "gb18030", "gbk", "big5", "euc_kr"),
    ],
)
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_table_reads_the_same_in_every_encoding(tmp_path, encoding, mark):
    if mark and not encoding.startswith(("utf", "gb18030")):
        pytest.skip("no byte order mark in this encoding")
    path = tmp_path / "t.csv"
    path.write_bytes((mark + TEXT).encode(encoding))
    table = read_table(path, encoding=encoding)
    assert table.names == ("name", "y")
    assert table["name"].categories == ("β", "日本\n, 語")
    np.testing.assert_array_equal(table["y"].values, [1, 2])
    assert table.place(1, "y") == f"{path}:3:2"


@pytest.mark.parametrize(
    ("encoding", "bad"),
    [
        ("utf-8", b"\xff"),
        ("utf-8-sig", b"\xff"),
        ("ascii", b"\xff"),
        ("cp1252", b"\x81"),
        ("shift_jis", b"\xfd"),
        ("gb18030", b"\xff"),
        ("euc_kr", b"\xff"),
        ("big5", b"\xff"),
        ("iso2022_jp", b"\xff"),
        ("utf-16-le", b"\0\xdc"),
        ("utf-16-be", b"\xdc\0"),
        ("utf-16", b"\0\xdc"),
        ("utf-32-le", b"\0\0\0\xff"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
@pytest.mark.parametrize("rows", [0, 350_000])
def test_the_byte_that_does_not_decode_has_its_line_and_number(tmp_path, encoding, bad, end, rows):
    head = f"a,b{end}" + f"1,{'日本' if encoding == 'iso2022_jp' else 'xy'}{end}" * rows + "2,x"
    data = head.encode(encoding)
    path = tmp_path / "t.csv"
    path.write_bytes(data + bad + f"{end}3,y{end}".encode("latin-1"))
    with pytest.raises(DataError) as caught:
        read_table(path, encoding=encoding)
    where = f"byte {len(data) + 1} of the file (0x{bad[0]:02x}) is not {encoding.split('-sig')[0]}"
    assert f"t.csv:{rows + 2}: {where}" in str(caught.value)


def test_the_mark_of_another_encoding(write):
    for codec, said, name in (
        ("utf-16-le", "utf-8", "utf-16"),
        ("utf-16-be", "utf-16-le", "utf-16"),
        ("utf-32-le", "utf-16", "utf-32"),
        ("utf-8", "latin-1", "utf-8"),
    ):
        write("\ufeffa,b\n1,2\n".encode(codec))
        with pytest.raises(DataError) as caught:
            read_table("people.csv", encoding=said)
        message = str(caught.value)
        assert message.startswith("people.csv:1: the file begins with the byte order mark of UTF")
        assert f"with `--encoding {name}` the line reads 'a,b'" in message
        assert read_table("people.csv", encoding=name).names == ("a", "b")


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("said", ["utf-8", "latin-1", "utf-16"])
def test_wide_text_without_a_mark(write, codec, said):
    write("größe,b\n1,2\n".encode(codec))
    with pytest.raises(DataError) as caught:
        read_table("people.csv", encoding=said)
    assert f"with `--encoding {codec}` the line reads 'größe,b'" in str(caught.value)
    assert read_table("people.csv", encoding=codec).names == ("größe", "b")


def test_nul_in_wide_text(write):
    write("a,b\n1,\0\n".encode("utf-16"))
    with pytest.raises(
        DataError, match=r"people\.csv:2: there is a NUL character, which text does"
    ):
        read_table("people.csv", encoding="utf-16")


def test_no_encoding_is_named_where_none_was_found(write):
    write(b"a,b\n1,\xe9\n" + bytes(range(128, 256)))
    with pytest.raises(DataError) as caught:
        read_table("people.csv")
    assert "as utf-8, latin-1, cp1252, utf-16-le" in str(caught.value)
    assert "--encoding" not in str(caught.value)


def test_the_line_that_is_shown_is_where_the_byte_is(write):
    write(b"a,b\n" + b"x" * 5000 + b" caf\xe9,1\n2,3\n")
    with pytest.raises(DataError) as caught:
        read_table("people.csv")
    assert "xxx café,1'" in str(caught.value)
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize("at", [10, 1 << 20])
def test_files_put_together(write, at):
    first = "a,b\n" + "1,2\n" * (at // 4)
    write(codecs.BOM_UTF8 + first.encode() + codecs.BOM_UTF8 + b"a,b\n3,4\n")
    with pytest.raises(DataError) as caught:
        read_table("people.csv")
    lines = first.count("\n") + 1
    assert str(caught.value).startswith(f"people.csv:{lines}: the line begins with a byte order")
