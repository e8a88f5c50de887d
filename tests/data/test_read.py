"""Sources by name: files, endings, folders, bundled names and options."""

import subprocess
import sys

import pytest

from deltarule.core.errors import DataError, UsageError
from deltarule.data import BUNDLED, read_table


def test_missing_file_names_the_nearest(write):
    write("a,b\n1,2\n")
    with pytest.raises(DataError) as caught:
        read_table("peple.csv")
    message = str(caught.value)
    assert message.startswith("peple.csv: there is no such file and no bundled data set")
    assert "did you mean 'people.csv'?" in message
    assert "Bundled: digits, iris" in message


def test_missing_file_in_a_missing_folder(write, tmp_path):
    with pytest.raises(DataError, match="there is no such file"):
        read_table(tmp_path / "none" / "x.csv")


def test_misspelt_bundled_name(write):
    with pytest.raises(DataError, match="did you mean 'digits'"):
        read_table("digts")


def test_folder(write, tmp_path):
    (tmp_path / "data.csv").mkdir()
    with pytest.raises(DataError, match=r"data\.csv: this is a folder\. Name a file in it\."):
        read_table(tmp_path / "data.csv")


def test_a_file_that_cannot_be_opened(write, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    name = write("a,b\n1,2\n")
    monkeypatch.setattr("pathlib.Path.open", refuse)
    with pytest.raises(DataError, match=r"people\.csv: the file cannot be opened \(Permission d"):
        read_table(name)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"PK\3\4\0\0", "no plain text either"),
        (b'{"a": 1}\n', "no separator gives the first rows one width"),
        (b"a,b\n1\n", "no separator gives the first rows one width"),
    ],
)
@pytest.mark.parametrize("name", ["a.docx", "a.csv.rar"])
def test_a_file_of_an_unknown_ending_that_is_no_table(write, name, content, why):
    write(content, name)
    with pytest.raises(DataError) as caught:
        read_table(name)
    assert why in str(caught.value)
    assert "others cannot be read. Save the table as one of .csv, .tsv" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "note"),
    [("a,b\n1,2\n", None), ("a;b\n1;2\n", "semicolon"), ("a  b \n 1\t2\n", "space")],
)
def test_a_file_of_an_unknown_ending_that_is_a_table(write, content, note):
    table = read_table(write(content, "a.data"))
    assert table.names == ("a", "b")
    assert [column.values.tolist() for column in table.columns] == [[1], [2]]
    assert (note in table.notes[0]) if note else not table.notes


def test_a_file_wins_over_a_bundled_name_and_says_so(write):
    table = read_table(write("a,b\n1,2\n", "iris"))
    assert table.names == ("a", "b")
    assert "the file was taken" in table.notes[0]


def test_a_folder_does_not_win_over_a_bundled_name(write, tmp_path):
    (tmp_path / "iris").mkdir()
    write("", "x.csv")
    assert read_table("iris").rows == 150


@pytest.mark.parametrize("option", ["target", "text", "drop"])
@pytest.mark.parametrize("source", ["people.csv", "iris"])
def test_options_that_name_no_column(write, source, option):
    write("age,petal length,city\n1,2,x\n")
    name = "petal lenght"
    with pytest.raises(DataError) as caught:
        read_table(source, **{option: name if option == "target" else [name]})
    what = "target column" if option == "target" else "column"
    assert str(caught.value).startswith(f"{source}: there is no {what} {name!r}, did you mean 'pet")
    assert "Its columns: " in str(caught.value)


def test_target_that_is_dropped(write):
    with pytest.raises(UsageError, match="'a' is the target and is to be dropped"):
        read_table(write("a,b\n1,2\n"), target="a", drop=["a"])


def test_unknown_kind(write):
    with pytest.raises(
        UsageError, match="unknown kind of column 'numerik', did you mean 'numeric'"
    ):
        read_table(write("a,b\n1,2\n"), kinds={"a": "numerik"})


def test_options_of_a_bundled_table(write):
    table = read_table("iris", drop=["sepal width (cm)"], text=["petal width (cm)"])
    assert table.names == (
        "sepal length (cm)",
        "petal length (cm)",
        "petal width (cm)",
        "species",
    )
    assert "0.2" in table["petal width (cm)"].categories
    assert "1" in table["petal width (cm)"].categories
    assert read_table("iris", drop=["species"]).targets == ()


def test_names_of_the_bundled_sets():
    assert (
        *("digits", "iris", "wine", "breast_cancer", "diabetes"),
        *("sunspots", "sunspots_monthly", "lynx", "airpassengers", "xor", "encoder"),
    ) == BUNDLED


def test_importing_loads_nothing_heavy():
    code = "import sys, deltarule.data; print(sorted(sys.modules.keys() & {'polars', 'sklearn'}))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
