"""Text files that cannot be used: each message names the place, the finding and the remedy."""

import pytest

from deltarule.core.errors import DataError, ResourceError, UsageError
from deltarule.data import read_table


def refused(write, text, kind=DataError, **options):
    """Return the message with which a file is refused."""
    with pytest.raises(kind) as caught:
        read_table(write(text), **options)
    return str(caught.value)


@pytest.mark.parametrize("text", ["", "\n\n", "  \n", "\ufeff"])
def test_empty_file(write, text):
    assert "people.csv: the file is empty. It needs a header" in refused(write, text)


@pytest.mark.parametrize("text", ["a,b\n", "a,b", "\na,b\n\n  \n"])
def test_header_only(write, text):
    message = refused(write, text)
    assert "people.csv: there is a header and no row of data" in message
    assert "Add rows" in message


@pytest.mark.parametrize(
    ("row", "count"), [("3", "1 cell"), ("3,4,5", "3 cells"), ("3,4,", "3 cells")]
)
def test_too_few_and_too_many_cells(write, row, count):
    message = refused(write, f'a,b\n\n1,"x\ny"\n{row}\n5,6\n')
    assert message.startswith(f"people.csv:5: the row has {count} and the header has 2. ")
    assert "leave an unknown value's cell empty" in message


def test_text_in_a_numeric_column(write):
    rows = ["1,2"] * 40
    rows[6], rows[9] = "1,abc", "1, ? "
    message = refused(write, "a,b\n" + "\n".join(rows))
    assert message.startswith("people.csv:8:2: 'abc' is not a number")
    assert "2 cells are like this, the next at people.csv:11:2 ('?')" in message
    assert "leave it empty if the value is unknown" in message
    assert "`--text b`" in message
    table = read_table("people.csv", text=["b"])
    assert table["b"].categories == ("2", "?", "abc")


def test_text_in_a_column_that_training_knew_as_numeric(write):
    message = refused(write, "a\nx\ny\n", kinds={"a": "numeric"})
    assert message.startswith("people.csv:2:1: 'x' is not a number")
    assert "as it was in training" in message
    assert "--text" not in message


@pytest.mark.parametrize("cell", ["1_000", "\uff11", "0x10", "1 2", "1e", "--1", "infinite"])
def test_what_is_not_a_number(write, cell):
    text = "a,b\n" + "1,1\n" * 19 + f"{cell},1\n"
    assert refused(write, text).startswith(f"people.csv:21:1: {cell!r} is not a number")


def test_infinite_cells_first_five_and_count(write):
    cells = ["inf", "1", "-inf", "1e999", "2", "Infinity", "+INF", "-1e999", "inf"]
    message = refused(write, "a,b\n" + "".join(f"0,{c}\n" for c in cells))
    assert message.startswith("people.csv: 7 cells are infinite in column 'b', the first at ")
    places = ["2:2 ('inf')", "4:2 ('-inf')", "5:2 ('1e999')", "7:2 ('Infinity')", "8:2 ('+INF')"]
    assert "; ".join(f"people.csv:{p}" for p in places) in message
    assert "9:2" not in message
    assert "Correct them" in message


def test_one_infinite_cell(write):
    message = refused(write, "a,b\n0,1\n1,1e999\n")
    assert message.startswith("people.csv: 1 cell is infinite in column 'b', at people.csv:3:2 (")


def test_five_infinite_cells_are_all_cited(write):
    message = refused(write, "a,b\n" + "0,inf\n" * 5)
    assert "5 cells are infinite in column 'b', at people.csv:2:2" in message
    assert "people.csv:6:2" in message


def test_infinite_words_in_a_text_column_are_words(write):
    assert read_table(write("a,b\n0,inf\n1,up\n2,down\n"))["b"].categories == ("down", "inf", "up")


def test_duplicate_names(write):
    message = refused(write, "a,b, a \n1,2,3\n")
    assert message.startswith("people.csv:1: columns 1 and 3 are both called 'a'.")
    assert "Give every column a name" in message


@pytest.mark.parametrize(
    ("separator", "word", "option"),
    [(";", "semicolon", "';'"), ("\t", "tab", "'\\t'"), ("|", "vertical bar", "'|'")],
)
def test_another_separator_and_a_damaged_row(write, separator, word, option):
    """The remedy that is named finds the row."""
    text = separator.join("abc") + "\n" + separator.join("123") + "\n" + separator.join("12") + "\n"
    message = refused(write, text)
    assert message.startswith("people.csv:1: the header is a single column")
    assert (
        f"With a {word} the first row has 3 cells, though not every one of the first rows: `--sep"
        in message
    )
    assert f"`--separator {option}` names the row that does not fit" in message
    assert "people.csv:3: the row has 2 cells" in refused(write, text, separator=separator)


def test_a_damaged_row_never_makes_another_reading(write):
    message = refused(write, "a,b;c\n1,2;3\n1,2,3;4\n")
    assert message.startswith("people.csv:3: the row has 3 cells and the header has 2")


def test_wrong_delimiter_given(write):
    message = refused(write, "a,b\n1,2\n", separator=";")
    assert "one width with a comma: `--separator ','`" in message


@pytest.mark.parametrize("separator", ["", ",,", '"', "\n"])
def test_impossible_separator(write, separator):
    message = refused(write, "a,b\n1,2\n", UsageError, separator=separator)
    assert "a separator is one character" in message


def test_unclosed_quote(write):
    message = refused(write, 'a,b\n1,x\n2,"y\n3,z\n')
    assert message.startswith("people.csv:3: a quoted cell that starts in this row is not closed")
    assert "Add the missing quote" in message


def test_unclosed_quote_in_a_large_file(write):
    message = refused(write, 'a,b\n1,"x\n' + "2,yyyyyyyy\n" * 20_000)
    assert message.startswith("people.csv:2:2: the cell is longer than 131,072 characters")


def test_text_after_a_closing_quote(write):
    message = refused(write, 'a,b\n1,x\n2,"y"z\n')
    assert message.startswith("people.csv:3: a closing quote is followed by more text")


def test_quote_in_the_header(write):
    assert refused(write, '"a,b\n1,2\n').startswith("people.csv:1: a quoted cell")


def test_nul_character(write):
    message = refused(write, b"a,b\n1,2\n3,\x004\n")
    assert message.startswith("people.csv:3: there is a NUL character, which text does not have")
    assert "The file is damaged or no table" in message


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_utf16(write, codec):
    data = "\ufeffa,b\n1,é\n2,z\n".encode(codec)
    message = refused(write, data, encoding="utf-8")
    assert message.startswith("people.csv:1: the file begins with the byte order mark of UTF-16")
    assert "`--encoding utf-16`" in message
    assert read_table("people.csv", encoding="utf-16")["b"].categories == ("z", "é")
    table = read_table("people.csv")
    assert table["b"].categories == ("z", "é")
    assert table.notes == ("the file is UTF-16, as its byte order mark says",)
    assert table.format.encoding == "utf-16"


def test_latin1(write):
    message = refused(write, "a,b\r\n1,x\r\n2,é\r\n".encode("latin-1"))
    assert message.startswith("people.csv:3: byte 13 of the file (0xe9) is not utf-8: with")
    assert "`--encoding latin-1`" in message
    assert read_table("people.csv", encoding="latin-1")["b"].categories == ("x", "é")


def test_latin1_far_into_the_file(write):
    head = b"a,b\n" + b"1,x\n" * 600_000
    message = refused(write, head + b"2,\xe9t\xe9\n")
    assert message.startswith(f"people.csv:600002: byte {len(head) + 3} of the file (0xe9)")


def test_cut_off_character_at_the_end(write):
    message = refused(write, "a,b\n1,é".encode()[:-1])
    assert message.startswith("people.csv:2: byte 7 of the file (0xc3) is not utf-8")


def test_odd_utf16(write):
    message = refused(write, "a,b\n1,2\n".encode("utf-16") + b"x", encoding="utf-16")
    assert message.startswith("people.csv:3: byte 19 of the file (0x78) is not utf-16")


def test_plain_text_read_as_utf16(write):
    message = refused(write, "a,b\n1,2\n", encoding="utf-16")
    assert message.startswith("people.csv:1: ")  # Python 3.13 names a byte, 3.11 the whole file
    assert "not utf-16" in message
    assert "`--encoding utf-8`" in message


@pytest.mark.parametrize("encoding", ["utf-99", "base64"])
def test_unknown_encoding(write, encoding):
    message = refused(write, "a,b\n1,2\n", UsageError, encoding=encoding)
    assert f"unknown encoding {encoding!r}. Common ones: utf-8" in message


def test_identifiers(write):
    text = "name,y\n" + "".join(f"person {i},{i}\n" for i in range(150))
    message = refused(write, text)
    assert message.startswith("people.csv: text column 'name' has 150 different texts in 150 rows")
    assert "`--drop name`" in message
    assert "`--text name`" in message
    assert len(read_table("people.csv", text=["name"])["name"].categories) == 150
    assert read_table("people.csv", drop=["name"]).names == ("y",)


def test_identifiers_of_which_half_repeat(write):
    text = "name,y\n" + "".join(f"p{i % 120},{i}\n" for i in range(240))
    assert len(read_table(write(text))["name"].categories) == 120
    assert "120 different" in refused(write, text.removesuffix("p119,239\n"))


def test_a_hundred_texts_are_allowed(write):
    lines = [f"p{i},{i}\n" for i in range(101)]
    assert len(read_table(write("name,y\n" + "".join(lines[:100])))["name"].categories) == 100
    assert "101 different texts in 101 rows" in refused(write, "name,y\n" + "".join(lines))


def test_everything_dropped(write):
    assert "every column is dropped" in refused(write, "a\n1\n", UsageError, drop=["a"])


def test_too_large_for_the_memory(write, monkeypatch):
    class Memory:
        available = 5_000

    monkeypatch.setattr("psutil.virtual_memory", Memory)
    message = refused(write, "a,b\n" + "1.5,2.5\n" * 1000, ResourceError)
    assert message.startswith("people.csv: reading it needs about 33.6 kB")
    assert "5.0 kB are free" in message
    assert "fewer rows or columns" in message
    assert read_table(write("a,b\n" + "1.5,2.5\n" * 100)).rows == 100


@pytest.mark.parametrize(
    ("text", "encoding", "named"),
    [("naïve", "latin-1", "latin-1"), ("5 € „neu“", "cp1252", "cp1252")],
)
def test_the_encoding_that_is_named_reads_the_line(write, tmp_path, text, encoding, named):
    path = tmp_path / "people.csv"
    path.write_bytes(f"a,b\n1,x\n2,{text}\n".encode(encoding))
    with pytest.raises(DataError) as caught:
        read_table(path)
    assert f"with `--encoding {named}` the line reads '2,{text}'" in str(caught.value)
    assert read_table(path, encoding=named)["b"].categories == tuple(sorted([text, "x"]))
