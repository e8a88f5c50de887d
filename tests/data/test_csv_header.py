"""Text files with and without a header: what is told, what is refused, what training knew."""

from dataclasses import replace

import pytest

from deltarule.core.errors import DataError, FileError, UsageError
from deltarule.data import load, read_table
from deltarule.data.text.format import TextFormat

ADULT = "34, ?, 13, >50K\n52, Office, 11, >50K\n40, State, 13, <=50K\n29, Office, 9, <=50K\n"
"""Rows of data alone."""


def refused(name, kind=DataError, **options):
    """Return the message with which a file is refused."""
    with pytest.raises(kind) as caught:
        read_table(name, **options)
    return str(caught.value)


def test_no_row_is_lost_where_there_is_no_header(write):
    table = read_table(write(ADULT), header=False)
    assert table.names == ("c1", "c2", "c3", "c4")
    assert table["c3"].values.tolist() == [13, 11, 13, 9]
    assert table.notes[0] == "the first row is data: the columns are called c1, c2, c3, c4"
    assert table.places([(0, "c1"), (3, "c3")]) == ["people.csv:1:1", "people.csv:4:3"]
    assert table.format == TextFormat(",", "utf-8", False, ("c1", "c2", "c3", "c4"))


def test_columns_are_named_where_there_is_no_header(write):
    table = read_table(write(ADULT), columns=["age", "job", "years", "rich"], drop=["age"])
    assert table.names == ("job", "years", "rich")
    assert table["years"].values.tolist() == [13, 11, 13, 9]
    assert table["rich"].categories == ("<=50K", ">50K")
    assert table.format.columns == ("age", "job", "years", "rich")
    assert read_table(write("\n 7 \n8\n"), columns=["a"])["a"].values.tolist() == [7, 8]


def test_chunks_without_a_header(write, monkeypatch):
    monkeypatch.setattr("deltarule.data.text.rows._CHUNK_CELLS", 4)
    text = "\n  \n" + "".join(f"{i},x{i % 3}\n" for i in range(50))
    table = read_table(write(text), header=False)
    assert table["c1"].values.tolist() == list(range(50))
    assert table.place(49, "c2") == "people.csv:52:2"


def test_a_header_with_other_names_and_a_header_whatever_it_looks_like(write):
    table = read_table(write("a,a\n1,2\n3,4\n"), header=True, columns=["x", "y"])
    assert table["y"].values.tolist() == [2, 4]
    table = read_table(write("1,2\n3,4\n"), header=True)
    assert (table.names, table.rows, table.format.header) == (("1", "2"), 1, True)


def test_names_that_are_those_of_the_header(write):
    table = read_table(write("a,b\n1,2\n"), columns=["a", "b"])
    assert (table.names, table.rows) == (("a", "b"), 1)


def test_a_first_row_of_values_is_refused_with_both_ways_out(write):
    message = refused(write(ADULT))
    assert message == (
        "people.csv:1: the first row looks like data, not like names: '34' stands over '52' and "
        "'>50K' stands again in its column on line 2. It has 4 cells: '34', '?', '13', '>50K'. If "
        "they are data, say `--no-header` (the columns are then called c1, c2, c3, c4) or "
        "`--columns NAME,NAME,...`. If they are names, say `--header`."
    )


DATA = {
    "numbers": "1,2\n3,4\n",
    "two_equal_cells": "0,0\n1,0\n",
    "empty cells": "5,,\n3,,\n",
    "one number": "Rome,4\nBonn,-3.5e2\n",
    "a value again": "Rome,yes\nBonn,no\nParis,yes\n",
    "decimal commas": "3,5;Rome\n4,25;Bonn\n",
    "dates": "01/03/2004,Rome\n22/11/2004,Bonn\n",
    "money": '"$1,234.50",Rome\n$5,Bonn\n',
    "a run over a run": "1,2,3\n2,3,4\n",
    "no run": "1990,2000,2010\n3,4,4\n",
    "a single column": "5\n3\n4\n",
    "a number over a missing cell": "1,Rome\n,Bonn\n2,Paris\n",
}


@pytest.mark.parametrize("text", DATA.values(), ids=DATA)
def test_data(write, text):
    message = refused(write(text))
    assert message.startswith("people.csv:1: the first row looks like data")
    rows = read_table("people.csv", header=False).rows
    assert rows == text.count("\n")
    if "for two cells are the same" in message:
        assert "both called" in refused("people.csv", header=True)
        assert read_table("people.csv", header=True, columns=["a", "b"]).rows == rows - 1
    else:
        assert read_table("people.csv", header=True).rows == rows - 1


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_decimal_commas_do_not_divide_a_first_row_of_data(write, separator):
    rows = ["3,5", "2", "Rome"], ["4,25", "7", "Bonn"]
    write("".join(separator.join(row) + "\n" for row in rows))
    assert "It has 3 cells: '3,5', '2', 'Rome'" in refused("people.csv")
    assert read_table("people.csv", header=False)["c1"].values.tolist() == [3.5, 4.25]
    mixed = read_table(write("2004-03-01 18:00,5;1\n2004-03-02 12:00,6;2\n"), header=False)
    assert mixed.format.separator == ";"
    assert read_table(write("5,a;b\n6,c;d\n"), header=False).format.separator == ","


NAMES = {
    "words": "age,city\n31,Rome\n40,Bonn\n",
    "years": "city,2001,2002,2003\nRome,3,4,4\nBonn,7,2,1\n",
    "from 0": "0,1,2\n5,3,4\n7,7,7\n",
    "a number over words": "1,age\nRome,31\nBonn,40\n",
    "words with digits": "x1,PT08.S1(CO)\n3,1360\n",
    "words alone": "name,city\nAnn,Rome\nBob,Bonn\n",
    "one row": "name,3\n",
    "missing cells above": "a,7\nRome,\nBonn,\nOslo,Kiel\n",
    "a value that is a name, too": "survived,age\nsurvived,31\ndied,40\n",
    "a word that is a number": "city,inf\nRome,0.7\nBonn,0.3\n",
    "a column without a name": ",a\n0,1\n1,5\n",
}


@pytest.mark.parametrize("text", NAMES.values(), ids=NAMES)
def test_names(write, text):
    names = text.partition("\n")[0].split(",")
    if text.count("\n") == 1:
        assert "there is a header and no row of data" in refused(write(text))
        return
    table = read_table(write(text))
    assert [name.replace("column_1", "") for name in table.names] == names
    assert table.rows == text.count("\n") - 1
    rising = "the numbers in the first row rise by one: they are names, not data"
    assert (rising in table.notes) == (names[-1] in {"2003", "2"})


def test_a_value_is_found_again_far_down(write):
    text = "Rome,x\n" + "".join(f"{name},y\n" for name in ["Bonn"] * 3000 + ["Rome"])
    assert "'Rome' stands again in its column on line 3002" in refused(write(text))


def test_a_header_that_stands_again(write):
    """As where files were joined; far down, too, and in a file of words alone."""
    rows = [f"{'ABC'[i % 3]},{'xy'[i % 2]}" for i in range(9000)]
    text = "\n".join(["name,kind", *rows[:8000], "name,kind", *rows[8000:]])
    message = refused(write(text))
    assert message.startswith("people.csv:8002: the header of line 1 stands here again")
    assert "Delete this line." in message
    assert read_table("people.csv", header=True).rows == 9001
    assert read_table("people.csv", header=False).rows == 9002
    assert "people.csv:4: the header" in refused(write("a,b\n1,2\n3,4\na,b\n5,6\n"))


def test_rows_of_data_that_repeat_the_first_one_are_no_header(write):
    assert "looks like data" in refused(write("1,Rome\n2,Bonn\n1,Rome\n"))


@pytest.mark.parametrize("options", [{"header": False}, {"columns": ["a", "b"]}])
def test_names_that_would_be_read_as_data(write, options):
    """In a short file, the column of numbers would become text unsaid."""
    message = refused(write("age,city\n31,Rome\n40,Bonn\n"), **options)
    assert message.startswith(
        "people.csv:1:1: the first row looks like names, not like data: 'age'"
    )
    assert read_table("people.csv", **{**options, "header": True}).rows == 2
    name = "a" if "columns" in options else "c1"
    assert f"`--text {name}`" in message
    assert read_table("people.csv", text=[name], **options).rows == 3
    assert read_table("people.csv", drop=[name], **options).rows == 3


def test_names_that_are_not_one_for_every_column(write):
    message = refused(write(ADULT), columns=["age", "job"])
    assert message == (
        "people.csv:1: `--columns` gives 2 names (age, job), and the first row has 4 cells: '34', "
        "'?', '13', '>50K'. Give one name for each cell."
    )
    assert "'a' stands twice" in refused("people.csv", UsageError, columns=list("abca"))
    assert "one is empty" in refused("people.csv", UsageError, columns=["a", "", "b", "c"])
    message = refused(write("1,2\n3\n"), header=False)
    assert message.startswith("people.csv:2: the row has 1 cell and the first row has 2.")
    assert "the first row looks like data" in refused(write(",\n1,2\n3,4\n"))
    assert read_table("people.csv", header=True, columns=["a", "b"]).rows == 1


def test_sources_that_are_no_text_have_names_of_their_own(write):
    assert "these are for text files" in refused("iris", UsageError, header=False)
    load("xor")
    import numpy as np

    np.savez("xor.npz", X=np.eye(3), T=np.ones(3))
    assert "these are for text files" in refused("xor.npz", UsageError, columns=["a"])


KINDS = {"age": "numeric", "job": "text"}
BARE = TextFormat(",", "utf-8", False, ("age", "job", "rich"))


def test_a_file_like_that_of_training_is_read_by_position(write):
    table = read_table(write("3,x,no\n"), kinds=KINDS, like=BARE)
    assert (table.names, table.rows) == (("age", "job", "rich"), 1)
    assert table.notes == (
        "the first row is data: the columns are those of training, age, job, rich",
    )
    table = read_table(
        write("3,x,no\n"), kinds=KINDS, like=replace(BARE, header=True), header=False
    )
    assert (table.names, table.rows) == (("age", "job", "rich"), 1)


@pytest.mark.parametrize(
    "header", ["rich,job,age", "job,age", "more,age,job,other,columns,are,here"]
)
@pytest.mark.parametrize("trained", [True, False])
def test_a_header_of_names_of_training_is_one(write, header, trained):
    table = read_table(
        write(header + "\n" + ",".join("3" * len(header.split(","))) + "\n"),
        kinds=KINDS,
        like=replace(BARE, header=trained),
    )
    assert (table.names, table.rows) == (tuple(header.split(",")), 1)


def test_a_column_of_training_that_is_not_there_is_not_guessed(write):
    message = refused(write("3,x\n4,y\n"), kinds=KINDS, like=BARE)
    assert message == (
        "people.csv:1: the first row has 2 cells ('3', 'x') and is no header; the file of training "
        "had 3 columns: age, job, rich. Say which ones are here, with `--columns NAME,NAME,...` "
        "(without rich: `--columns age,job`)."
    )
    table = read_table("people.csv", kinds=KINDS, like=BARE, columns=["age", "job"])
    assert table["age"].values.tolist() == [3, 4]
    assert "(without" not in refused(write("3\n4\n"), kinds=KINDS, like=BARE)


def test_a_model_of_a_file_with_a_header_and_a_file_without(write):
    like = replace(BARE, header=True)
    message = refused(write("3,x,no\n4,y,no\n"), kinds=KINDS, like=like)
    assert "`--no-header` (the columns are then those of training, age, job, rich)" in message
    table = read_table("people.csv", kinds=KINDS, like=like, header=False)
    assert table.names == BARE.columns
    message = refused(write("3,x\n4,y\n"), kinds=KINDS, like=like)
    assert "say `--columns NAME,NAME,...` (without rich: `--columns age,job`)." in message


def test_other_names_over_the_columns_of_training(write):
    message = refused(write("years,x,r\n3,x,no\n"), kinds=KINDS, like=BARE)
    assert "'years' stands over nothing but numbers" in message
    assert "say `--header` and `--columns age,job,rich`" in message
    options = {"header": True, "columns": BARE.columns}
    assert read_table("people.csv", kinds=KINDS, like=BARE, **options).rows == 1


def test_names_that_are_numbers_are_told_from_data(write):
    kinds = {"0": "numeric", "1": "numeric", "2": "numeric"}
    like = TextFormat(",", "utf-8", True, ("0", "1", "2", "y"))
    assert read_table(write("2,0,1\n7,7,7\n"), kinds=kinds, like=like).names == ("2", "0", "1")
    assert "looks like data" in refused(write("1,0,9\n7,7,7\n"), kinds=kinds, like=like)


def test_a_format_as_plain_values():
    form = TextFormat(";", None, False, ("a", "b"))
    assert TextFormat.from_dict(form.to_dict()) == form
    assert TextFormat.from_dict({}) == TextFormat()
    for damage in ({"header": "no"}, {"columns": "ab"}, {"columns": [1]}, {"sep": ";"}):
        with pytest.raises(FileError, match="not described as it should be"):
            TextFormat.from_dict(damage)
