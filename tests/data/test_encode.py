"""The input encoder, against scikit-learn and expectations written by hand."""

import json

import numpy as np
import pytest
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from deltarule.core.errors import DataError, FileError, ResourceError, UsageError
from deltarule.data import Column, Table, read_table
from deltarule.data.preparation.encode import InputEncoder

PEOPLE = """age,city,member
30,Rome,true
50,Bonn,false
40,Rome,true
100,Oslo,true
"""
TRAIN = np.array([0, 1, 2])


@pytest.fixture
def people(write):
    return read_table(write(PEOPLE))


def fit(table, rows=TRAIN, names=("age", "city", "member"), **options):
    return InputEncoder.fit(table, np.asarray(rows), names, **options)


def test_by_hand(people):
    encoder = fit(people, scale="minmax")
    assert encoder.feature_names == (
        *("age", "city=Bonn", "city=Rome"),
        *("member=false", "member=true"),
    )
    assert encoder.width == 5
    x = encoder.transform(people, TRAIN)
    assert x.dtype == np.float32
    assert x.tolist() == [[0, 0, 1, 0, 1], [1, 1, 0, 1, 0], [0.5, 0, 1, 0, 1]]
    assert encoder.transform(people, np.array([2, 0]))[:, 0].tolist() == [0.5, 0]
    assert encoder.transform(people, np.array([3]), unknown="ignore").tolist() == [
        [3.5, 0, 0, 0, 1]
    ]


def test_against_scikit_learn():
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=(60, 3)) * [1, 10, 100]
    words = rng.choice(["p", "q", "r", "s"], size=60)
    categories, codes = np.unique(words, return_inverse=True)
    columns = [Column(f"n{i}", "numeric", numbers[:, i]) for i in range(3)]
    columns.insert(1, Column("w", "text", codes.astype(np.int32), tuple(categories.tolist())))
    table = Table("demo", tuple(columns))
    train = np.arange(0, 60, 2)
    scaled = StandardScaler().fit(numbers[train]).transform(numbers)
    coded = OneHotEncoder(sparse_output=False).fit(words[train, None]).transform(words[:, None])
    expected = np.hstack([scaled[:, :1], coded, scaled[:, 1:]])
    encoder = fit(table, train, table.names)
    np.testing.assert_allclose(encoder.transform(table, dtype=np.float64), expected, atol=1e-12)


def test_blocks_do_not_matter(people, monkeypatch):
    whole = fit(people, [0, 1, 2, 3]).transform(people)
    monkeypatch.setattr("deltarule.data.preparation.fill._BLOCK_CELLS", 1)
    np.testing.assert_array_equal(fit(people, [0, 1, 2, 3]).transform(people), whole)


def test_out_is_filled(people):
    encoder = fit(people, [0, 1, 2, 3])
    out = np.full((4, encoder.width), 7.0)
    assert encoder.transform(people, out=out) is out
    np.testing.assert_array_equal(out, encoder.transform(people, dtype=np.float64))


def test_reordered_and_extra_columns(people, write):
    encoder = fit(people)
    text = "x,member,city,y,age\n1,false,Bonn,2,50\n"
    other = read_table(write(text, "new.csv"), kinds=encoder.column_kinds)
    np.testing.assert_array_equal(
        encoder.transform(other), encoder.transform(people, np.array([1]))
    )
    assert encoder.notes(other) == ("columns not used by the model: 'x', 'y'",)
    assert encoder.notes(other, expected=["x", "y"]) == ()


def test_missing_columns(people, write):
    other = read_table(write("agee,city\n1,Rome\n", "new.csv"))
    with pytest.raises(DataError) as caught:
        fit(people).transform(other)
    message = str(caught.value)
    with pytest.raises(DataError, match=r"missing: 'member', did you mean 'membr'\? The model was"):
        fit(people).transform(read_table(write("age,city,membr\n1,Rome,true\n", "new2.csv")))
    assert message.startswith("new.csv: columns are missing: 'age', did you mean 'agee'?; 'member'")
    assert "trained with age, city, member" in message


def test_columns_of_another_kind(people, write):
    encoder = fit(people)
    other = read_table(write("age,city,member\n1,17,true\n", "new.csv"))
    with pytest.raises(DataError, match=r"column 'city' is numeric and was text in training"):
        encoder.transform(other)
    same = read_table("new.csv", kinds=encoder.column_kinds)
    with pytest.raises(DataError, match=r"new\.csv:2:2: column 'city' has the category '17', unse"):
        encoder.transform(same)


def test_unseen_categories(people, write):
    text = "age,city,member\n31,Rome,true\n32,Pisa,true\n33,Oslo,true\n34,Pisa,true\n"
    other = read_table(write(text, "new.csv"))
    encoder = fit(people)
    with pytest.raises(DataError) as caught:
        encoder.transform(other)
    message = str(caught.value)
    assert message.startswith("new.csv:3:2: column 'city' has categories 'Oslo', 'Pisa', unseen")
    assert "`--unknown ignore`" in message
    x = encoder.transform(other, unknown="ignore")
    assert x[:, 1:3].tolist() == [[0, 1], [0, 0], [0, 0], [0, 0]]
    assert encoder.notes(other) == (
        "column 'city': 3 cells of a category that does not occur in the training rows "
        "('Oslo', 'Pisa'), encoded as zeros",
    )
    with pytest.raises(UsageError, match="unknown policy for unseen categories 'zero'"):
        encoder.transform(other, unknown="zero")


def test_constant_columns(write):
    table = read_table(write("a,b,c\n5,1,x\n5,2,x\n6,3,x\n"))
    encoder = fit(table, [0, 1], ("a", "b", "c"))
    assert encoder.constant == ("a",)
    assert encoder.transform(table)[:, 0].tolist() == [0, 0, 0]


HOLES = "age,city,y\n30,Rome,1\n,Bonn,2\n60,,3\n,Rome,4\n"


def test_missing_cells_are_errors(write):
    table = read_table(write(HOLES))
    for policy in ("error", "drop"):
        encoder = fit(table, [0, 1, 2], ("age", "city"), missing=policy)
        with pytest.raises(DataError) as caught:
            encoder.transform(table)
        message = str(caught.value)
        assert message.startswith(
            "people.csv: 3 cells are missing, at people.csv:3:1 ('age'); people.csv:4:2 ('city'); "
            "people.csv:5:1 ('age'). "
        )
        assert "`--missing mean`" in message
        np.testing.assert_array_equal(
            encoder.transform(table, np.array([0]), np.float64), [[-1, 0, 1]]
        )


def test_missing_cells_become_the_training_mean(write):
    table = read_table(write(HOLES))
    encoder = fit(table, [0, 1, 2], ("age", "city"), missing="mean", scale="minmax")
    x = encoder.transform(table)
    assert x.tolist() == [[0, 0, 1], [0.5, 1, 0], [1, 0, 0], [0.5, 0, 1]]
    assert encoder.notes(table) == (
        "columns not used by the model: 'y'",
        "column 'age': 2 cells missing, replaced by the mean of the training rows",
        "column 'city': 1 cell missing, replaced by zeros for every category",
    )


def test_a_column_without_a_known_value_in_training(write):
    table = read_table(write(HOLES))
    with pytest.raises(
        DataError, match=r"column 'age' has no known value in the training rows.*--d"
    ):
        fit(table, [1, 3], ("age",), missing="mean")


def test_numbers_too_large_for_the_dtype(write):
    table = read_table(write("a,b\n1,1\n2,3\n3,1e300\n"))
    encoder = fit(table, [0, 1], ("a", "b"))
    with pytest.raises(DataError) as caught:
        encoder.transform(table)
    assert str(caught.value).startswith("people.csv:4:2: 1e+300 is too large for float32 once")
    assert "--dtype float64" in str(caught.value)
    assert encoder.transform(table, dtype=np.float64)[2, 1] == pytest.approx(1e300)


def test_a_spread_beyond_float64(write):
    table = read_table(write("a\n1.7e308\n-1.7e308\n0\n"))
    assert np.isfinite(fit(table, [0, 1], ("a",)).transform(table)).all()
    with pytest.raises(DataError, match=r"people\.csv: the values of column 'a' lie too far apart"):
        fit(table, [0, 1], ("a",), scale="minmax")


def test_too_many_categories_for_the_memory(people, monkeypatch):
    class Memory:
        available = 50

    encoder = fit(people)
    monkeypatch.setattr("psutil.virtual_memory", Memory)
    with pytest.raises(ResourceError, match=r"people\.csv: encoding it needs about 60 bytes"):
        encoder.transform(people, TRAIN)
    assert encoder.transform(people, TRAIN[:2]).shape == (2, 5)


def test_unknown_policy_and_scaler(people):
    with pytest.raises(UsageError, match="unknown policy for missing cells 'median'"):
        fit(people, missing="median")
    with pytest.raises(UsageError, match="unknown scaler 'z'"):
        fit(people, scale="z")


@pytest.mark.parametrize("scale", ["standard", "minmax", "none"])
def test_round_trip(write, scale):
    table = read_table(write(HOLES))
    encoder = fit(table, [0, 1, 2], ("city", "age", "y"), missing="mean", scale=scale)
    plain = json.loads(json.dumps(encoder.to_dict()))
    back = InputEncoder.from_parts(plain, encoder.arrays())
    assert back.to_dict() == encoder.to_dict()
    assert back.feature_names == encoder.feature_names
    for key, array in encoder.arrays().items():
        np.testing.assert_array_equal(back.arrays()[key], array)
        assert back.arrays()[key].dtype == array.dtype
    np.testing.assert_array_equal(back.transform(table), encoder.transform(table))


COLUMN = "is not described as it should be"


def column(name="a", kind="text", categories=("x", "y")):
    return {"name": name, "kind": kind, "categories": list(categories)}


DAMAGE = [
    ({"columns": 3}, {}, "'columns' is not a list of columns"),
    ({"columns": [3]}, {}, "'columns' is not a list of columns"),
    ({"columns": [column(name=1)]}, {}, "'names' is not a list of strings"),
    ({"columns": [column(kind="number", categories=())]}, {}, COLUMN),
    ({"columns": [column(kind="number")]}, {}, COLUMN),
    ({"columns": [column(kind="numeric")]}, {}, COLUMN),
    ({"columns": [column(categories=())]}, {}, COLUMN),
    ({"columns": [column(categories=("x", "x"))]}, {}, COLUMN),
    ({"columns": [column(categories=("x", 1))]}, {}, "'categories' is not a list of strings"),
    ({"columns": [column(), column()]}, {}, "a column is described twice"),
    ({"columns": [column()]}, {}, "the array 'offset' does not hold 0 finite numbers"),
    ({"scale": "other"}, {}, "there is no scaler 'other'"),
    ({"missing": "guess"}, {}, "there is no policy 'guess'"),
    ({}, {"offset": np.array([0, np.inf])}, "the array 'offset' does not hold 2 finite numbers"),
    ({}, {"scale": np.array([1.0, 0.0])}, "a scale is not positive"),
    ({}, {"fill": np.zeros(1)}, "the array 'fill' does not hold 2 finite numbers"),
    ({}, {"fill": np.array(["x", "y"])}, "the array 'fill' does not hold 2 finite numbers"),
    ({}, {"constant": np.zeros((2, 1), bool)}, "the array 'constant' does not hold 2"),
]


@pytest.mark.parametrize(("plain", "arrays", "finding"), DAMAGE)
def test_damaged_parts(write, plain, arrays, finding):
    table = read_table(write(HOLES))
    encoder = fit(table, [0, 2], ("age", "y", "city"), missing="mean")
    with pytest.raises(FileError) as caught:
        InputEncoder.from_parts({**encoder.to_dict(), **plain}, {**encoder.arrays(), **arrays})
    message = str(caught.value)
    assert message.startswith("the stored data transforms are damaged: ")
    assert finding in message
    assert "Train the model again" in message


def test_missing_parts(people):
    encoder = fit(people)
    for key in encoder.arrays():
        rest = {k: v for k, v in encoder.arrays().items() if k != key}
        with pytest.raises(FileError, match=f"the array '{key}' is missing"):
            InputEncoder.from_parts(encoder.to_dict(), rest)
    for key in encoder.to_dict():
        rest = {k: v for k, v in encoder.to_dict().items() if k != key}
        with pytest.raises(FileError, match="damaged"):
            InputEncoder.from_parts(rest, encoder.arrays())
