"""Every remedy that a message names reads the file as it says."""

import re
import shlex

import pytest

from deltarule.core.errors import DataError
from deltarule.data import read_table

QUOTED = '"sugar";"acid";"taste, points"\n"1,5";2;3\n2;"3,5";4\n'


def remedy(write, content, name="people.csv", **options):
    """Return the message with which a file is refused, and the options that it names."""
    with pytest.raises(DataError) as caught:
        read_table(write(content, name), **options)
    message = str(caught.value)
    found = re.findall(r"`--(separator|encoding) ([^`]+)`", message)
    return message, {option: shlex.split(value)[0] for option, value in found}


@pytest.mark.parametrize("told", [",", "tab", "|", "space"])
@pytest.mark.parametrize("own", [";", ",", "\t", "|"])
def test_another_separator_than_the_one_told(write, told, own):
    if told == own or (own == "\t" and told in ("tab", "space")):
        pytest.skip("the right one")
    message, options = remedy(write, QUOTED.replace(";", own), separator=told)
    assert "reads 3 columns, 'sugar', 'acid', 'taste, points'." in message
    assert "quote" not in message.partition("The first rows")[2]
    table = read_table("people.csv", **options)
    assert table.names == ("sugar", "acid", "taste, points")


def test_a_comma_in_a_name_of_a_file_with_semicolons(write):
    message, options = remedy(write, "temp;x, in m;y\n1,5;2,0;1\n2,5;3,0;2\n")
    assert message.startswith("people.csv:2: the row has 3 cells and the header has 2. The first")
    assert options == {"separator": ";"}
    assert read_table("people.csv", **options).names == ("temp", "x, in m", "y")


@pytest.mark.parametrize("options", [{}, {"separator": ","}])
def test_a_damaged_row_under_a_quoted_header(write, options):
    """Writing quotes twice would spoil the file; the separator that is named finds the row."""
    message, options = remedy(write, QUOTED + "1;2\n", **options)
    assert message.startswith("people.csv:1: a closing quote is followed by more text. With a semi")
    assert options == {"separator": ";"}
    assert "twice" not in message
    message, options = remedy(write, QUOTED + "1;2\n", **options)
    assert message.startswith("people.csv:4: the row has 2 cells and the header has 3. Give every")
    assert not options


def test_a_damaged_row_has_no_other_remedy(write):
    message, options = remedy(write, 'a,b\n1,x\n2,"y"z\n')
    assert not options
    assert "Write a quote inside a quoted cell twice" in message
    assert read_table(write('a,b\n1,x\n2,"y""z"\n'))["b"].categories == ("x", 'y"z')


@pytest.mark.parametrize("quote", ["", '"'])
@pytest.mark.parametrize(
    ("text", "encoding"), [("x €", "cp1252"), ("x €\n", "cp1252"), ("naïve", "latin-1")]
)
def test_the_encoding(write, quote, text, encoding):
    data = f"{quote}a{quote};b\n1;{quote}{text}{quote}\n".encode(encoding)
    message, options = remedy(write, data)
    assert options == {"encoding": encoding}
    assert repr(f"1;{quote}{text.strip()}"[:-1])[:-1] in message
    assert read_table("people.csv", **options)["b"].categories == (text.strip(),)


def test_bytes_that_are_some_text_in_many_encodings(write):
    """Any bytes can be read in these: the reader must not be sure."""
    message, options = remedy(write, "a,b\n1,привет\n2,x\n".encode("koi8-r"))
    assert options == {"encoding": "latin-1"}
    assert "If that is not its text, name the encoding it was saved in." in message
    assert read_table("people.csv", encoding="koi8-r")["b"].categories == ("x", "привет")


SPACED = (
    ' 20.1  6  200.    3\t"maker one"\n17.6   8  289.    3\t"maker two"\n' * 3
    + '  9.9  4    ?     1\t"maker three"\n'
)


@pytest.mark.parametrize("name", ["t.data", "t.dat", "t.txt", "t", "t.csv", "t.DATA"])
def test_runs_of_spaces_and_tabs(write, name):
    header = "mpg cylinders displacement origin name\n"
    table = read_table(write(header + SPACED, name), text=["displacement"])
    assert table.names == tuple(header.split())
    assert table["mpg"].values.tolist() == [20.1, 17.6] * 3 + [9.9]
    assert table["name"].categories == ("maker one", "maker three", "maker two")
    assert table.place(6, "displacement") == f"{name}:8:3"
    assert table.format.separator == " "
    assert "separated by a space" in table.notes[0]
    for told in (" ", "space", "whitespace"):
        again = read_table(name, text=["displacement"], separator=told)
        assert again.names == table.names
        assert not again.notes
    message, options = remedy(write, header + SPACED, name, separator="|")
    assert options == {"separator": " "}
    assert "reads 5 columns, 'mpg', 'cylinders', 'displacement', 'origin', ...." in message


@pytest.mark.parametrize("name", ["t.txt", "t"])
def test_tabs_of_a_text_file(write, name):
    """A tab divides the header, and is one of the spaces where most cells are numbers then."""
    table = read_table(
        write("mpg   cylinders\torigin  year\n20.1  6\t3  70\n17.6  8\t2  71\n", name)
    )
    assert table.names == ("mpg", "cylinders", "origin", "year")
    message, _ = remedy(write, "a b\tc\n1 2\t3\n1\t2\t3\n4\t5\n", name)
    assert message.startswith(f"{name}:3: the row has 3 cells and the header has 2.")


def test_a_damaged_row_between_spaces(write):
    message, _ = remedy(write, "a b\n1 2\n1 2 3\n", "t.txt", separator="space")
    assert message.startswith("t.txt:3: the row has 3 cells and the header has 2.")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("first name\nAda Lovelace\nAlan Turing\n", ("first name",)),
        ("time stamp\n2024-01-01 10:00\n2024-01-02 11:00\n", ("time stamp",)),
        ("road name\tx\nRoute 66\t5\nRoute 67\t6\n", ("road name", "x")),
        ("a\tb c\nx\ty 1\nz\tw 2\n", ("a", "b c")),
        ("a b;c\n1 2;3\n4 5;6\n", ("a b", "c")),
        ("a\tb\n1 2\t3\n", ("a", "b")),
    ],
)
@pytest.mark.parametrize("name", ["t.csv", "t.txt"])
def test_spaces_inside_cells_are_no_separators(write, text, names, name):
    assert read_table(write(text, name)).names == names
