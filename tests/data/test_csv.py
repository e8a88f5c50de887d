"""Text files that can be read: kinds, missing cells, separators, places."""

import numpy as np
import pytest

from deltarule.core.errors import DataError
from deltarule.data import read_table

PEOPLE = """age,city,member,income
31,Rome,true,1e3
40,"Paris, France",FALSE,2.5
,Rome,True,-7
"""


def test_kinds_and_values(write):
    table = read_table(write(PEOPLE))
    assert table.source == "people.csv"
    assert table.rows == 3
    assert table.names == ("age", "city", "member", "income")
    assert [c.kind for c in table.columns] == ["numeric", "text", "boolean", "numeric"]
    np.testing.assert_array_equal(table["age"].values, [31, 40, np.nan])
    assert table["city"].categories == ("Paris, France", "Rome")
    assert table["city"].values.tolist() == [1, 0, 1]
    assert table["member"].categories == ("false", "true")
    assert table["member"].values.tolist() == [1, 0, 1]
    np.testing.assert_array_equal(table["income"].values, [1000, 2.5, -7])
    assert table["age"].values.dtype == np.float64
    assert table["city"].values.dtype == np.int32
    assert table["age"].missing.tolist() == [False, False, True]


@pytest.mark.parametrize("cell", ["", "  ", "NA", "na", "N/A", "NaN", "null", "None", '""'])
def test_missing_cells(write, cell):
    table = read_table(write(f"a,b,c,d\n1,x,true,1\n{cell},{cell},{cell},1\n2,y,false,1\n"))
    assert [c.missing.tolist() for c in table.columns[:3]] == [[False, True, False]] * 3
    assert [c.kind for c in table.columns[:3]] == ["numeric", "text", "boolean"]


def test_places_count_quoted_line_breaks_and_blank_lines(write):
    text = '\n\nname,age\n"two\nlines",1\n\n   \n"three\r\nmore\nlines",2\nlast,3\n'
    table = read_table(write(text))
    assert table.rows == 3
    assert [table.place(row, "age") for row in range(3)] == [
        "people.csv:4:2",
        "people.csv:8:2",
        "people.csv:11:2",
    ]
    assert table.places([(2, "name"), (0, "age")]) == ["people.csv:11:1", "people.csv:4:2"]


def test_places_keep_the_file_position_after_a_drop(write):
    table = read_table(write(PEOPLE), drop=["age", "city"])
    assert table.names == ("member", "income")
    assert table.place(1, "income") == "people.csv:3:4"


def test_crlf_bom_and_spaces_make_no_difference(write):
    plain = read_table(write(PEOPLE))
    decorated = "\ufeff" + PEOPLE.replace("\n", "\r\n").replace("age,", " age , ", 1)
    other = read_table(write(decorated.replace("31,Rome,", " 31 , Rome,"), "other.csv"))
    assert other.names == plain.names
    for one, two in zip(plain.columns, other.columns, strict=True):
        np.testing.assert_array_equal(one.values, two.values)
        assert one.categories == two.categories
    assert other.place(2, "age") == "other.csv:4:1"


def test_old_line_ends_and_no_line_end_at_the_end(write):
    table = read_table(write("a,b\r1,x\r2,y"))
    assert table["a"].values.tolist() == [1, 2]
    assert table.place(1, "b") == "people.csv:3:2"


@pytest.mark.parametrize(
    ("name", "separator", "given"),
    [
        ("t.tsv", "\t", None),
        ("t.txt", "\t", None),
        ("t.txt", ",", None),
        ("t", "\t", None),
        ("t.csv", ";", ";"),
        ("t.csv", "\t", "\\t"),
        ("t.csv", "\t", "tab"),
        ("t.CSV", "|", "|"),
        ("t.tsv", ",", ","),
    ],
)
def test_separators(write, name, separator, given):
    text = "a,b\n1,x\n2,y\n".replace(",", separator)
    table = read_table(write(text, name), separator=given)
    assert table.names == ("a", "b")
    assert table["b"].categories == ("x", "y")


def test_text_option_keeps_the_spelling(write):
    table = read_table(write("zip,y\n007,1\n1.0,2\n"), text=["zip"])
    assert table["zip"].kind == "text"
    assert table["zip"].categories == ("007", "1.0")


def test_a_column_that_turns_out_as_text_late_keeps_its_first_spellings(write, monkeypatch):
    monkeypatch.setattr("deltarule.data.text.rows._CHUNK_CELLS", 4)
    table = read_table(write("code,y\n007,1\n08,2\n,3\nx1,4\nx2,5\n"))
    assert table["code"].kind == "text"
    assert table["code"].categories == ("007", "08", "x1", "x2")
    assert table["code"].values.tolist() == [0, 1, -1, 2, 3]


def test_chunks_do_not_matter(write, monkeypatch):
    rng = np.random.default_rng(1)
    numbers = rng.normal(size=(50, 2))
    lines = [f"{a!r},{b!r},{'xyz'[i % 3]}" for i, (a, b) in enumerate(numbers.tolist())]
    name = write("a,b,c\n" + "\n\n".join(lines))
    monkeypatch.setattr("deltarule.data.text.rows._CHUNK_CELLS", 7)
    table = read_table(name)
    np.testing.assert_array_equal(table["a"].values, numbers[:, 0])
    np.testing.assert_array_equal(table["b"].values, numbers[:, 1])
    assert table["c"].values.tolist() == [i % 3 for i in range(50)]


def test_kinds_of_training_are_kept(write):
    kinds = {"age": "numeric", "city": "text", "member": "boolean", "absent": "text"}
    table = read_table(write("age,city,member\n,17,\n,18,TRUE\n"), kinds=kinds)
    assert [c.kind for c in table.columns] == ["numeric", "text", "boolean"]
    assert table["city"].categories == ("17", "18")
    assert table["member"].categories == ("false", "true")
    assert np.isnan(table["age"].values).all()


def test_a_boolean_of_training_with_another_word_becomes_text(write):
    table = read_table(write("m,y\nTRUE,1\nperhaps,2\n"), kinds={"m": "boolean"})
    assert table["m"].kind == "text"
    assert table["m"].categories == ("perhaps", "true")


def test_columns_that_training_did_not_use_are_never_refused(write):
    text = "name,odd,huge,a\n" + "".join(f"p{i},{i},{i},{i}\n" for i in range(150))
    text += "p150,x,inf,150\n"
    with pytest.raises(DataError, match=r"people\.csv:152:2: 'x' is not a number"):
        read_table(write(text))
    table = read_table("people.csv", kinds={"a": "numeric"})
    assert [c.kind for c in table.columns] == ["text", "text", "numeric", "numeric"]
    assert "149" in table["odd"].categories
    with pytest.raises(DataError, match="infinite in column 'huge'"):
        read_table("people.csv", kinds={"a": "numeric", "huge": "numeric"})


def test_a_quoted_empty_cell_is_a_row_and_an_empty_line_is_none(write):
    table = read_table(write('a\n\n1\n""\n\n3\n'))
    np.testing.assert_array_equal(table["a"].values, [1, np.nan, 3])
    assert table.places([(1, "a"), (2, "a")]) == ["people.csv:4:1", "people.csv:6:1"]


def test_unnamed_columns_are_named_and_said(write):
    table = read_table(write(",a\n0,1\n1,5\n"))
    assert table.names == ("column_1", "a")
    assert any("column 1 has no name" in note for note in table.notes)


def test_a_table_without_a_locator_and_an_unknown_column(write):
    table = read_table(write(PEOPLE))
    with pytest.raises(DataError, match=r"no column 'citi', did you mean 'city'\?.*age, city"):
        table["citi"]


def test_ninety_percent_exactly_is_numeric_and_less_is_text(write):
    nine = "a,b\n" + "1,2\n" * 9 + "x,2\n"
    with pytest.raises(DataError, match=r"people.csv:11:1: 'x' is not a number"):
        read_table(write(nine))
    table = read_table(write("a,b\n" + "1,2\n" * 8 + "x,2\n"))
    assert table["a"].kind == "text"
    missing = read_table(write("a,b\n" + "1,2\n" * 8 + ",2\n,2\nx,2\n"))
    assert missing["a"].kind == "text"


@pytest.mark.parametrize(
    ("separator", "word"), [(";", "semicolon"), ("\t", "tab"), ("|", "vertical bar")]
)
def test_the_separator_is_found_and_said(write, separator, word):
    rows = ['"fixed acidity","the, pH","quality"', '"10.2","3,44","6"', '"12","3","5"']
    table = read_table(write("\n".join(r.replace('","', f'"{separator}"') for r in rows) + "\n"))
    assert table.names == ("fixed acidity", "the, pH", "quality")
    assert table["quality"].values.tolist() == [6, 5]
    assert table.notes[0] == f"the cells are separated by a {word}, as the first rows show"


def test_a_single_column_stays_one(write):
    table = read_table(write("a\nx;y\nz;u\n"))
    assert (table.names, table.notes) == (("a",), ())
