"""The target encoder."""

import json

import numpy as np
import pytest

from deltarule.core.errors import DataError, FileError, UsageError
from deltarule.data import read_table
from deltarule.data.preparation.target import TargetEncoder

FLOWERS = "x,kind,big,size\n1,b,true,1.5\n2,a,false,2.5\n3,c,true,4.5\n4,a,true,\n"
ROWS = np.array([0, 1, 2])


@pytest.fixture
def flowers(write):
    return read_table(write(FLOWERS))


def fit(table, name, task, rows=ROWS, **options):
    return TargetEncoder.fit(table, rows, [name], task=task, **options)


def test_several_classes(flowers):
    encoder = fit(flowers, "kind", "multiclass")
    assert (encoder.classes, encoder.width) == (("a", "b", "c"), 3)
    t = encoder.transform(flowers)
    assert t.dtype == np.float32
    assert t.tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 1], [1, 0, 0]]
    assert encoder.labels(flowers, np.array([2, 0])).tolist() == [2, 1]
    outputs = np.array([[0.25, 0.5, 0.25]])
    np.testing.assert_array_equal(encoder.inverse(outputs), outputs)


def test_two_classes(flowers):
    encoder = fit(flowers, "big", "binary")
    assert (encoder.classes, encoder.width) == (("false", "true"), 1)
    assert encoder.transform(flowers, dtype=np.float64).tolist() == [[1], [0], [1], [1]]


def test_numbers_as_classes(flowers):
    encoder = fit(flowers, "x", "multiclass")
    assert encoder.classes == ("1", "2", "3", "4")
    np.testing.assert_array_equal(encoder.transform(flowers), np.eye(4))


def test_regression(flowers):
    encoder = fit(flowers, "size", "regression", scale="minmax")
    assert (encoder.classes, encoder.width) == ((), 1)
    t = encoder.transform(flowers, ROWS)
    np.testing.assert_allclose(t, [[0], [1 / 3], [1]], rtol=1e-6)
    np.testing.assert_allclose(encoder.inverse(t), [[1.5], [2.5], [4.5]], rtol=1e-6)
    assert encoder.inverse(t).dtype == np.float64
    with pytest.raises(UsageError, match="has no classes"):
        encoder.labels(flowers)


def test_known_rows_make_the_classes(flowers):
    encoder = fit(flowers, "kind", "binary", np.array([0]), known=np.array([0, 1, 3]))
    assert encoder.classes == ("a", "b")


def test_missing_target(flowers):
    encoder = fit(flowers, "size", "regression")
    with pytest.raises(
        DataError, match=r"1 cell is missing, at people\.csv:5:4 \('size'\).*fill it"
    ):
        encoder.transform(flowers)


def test_table_without_the_target(flowers, write):
    encoder = fit(flowers, "kind", "multiclass")
    other = read_table(write("x,knid\n1,a\n", "new.csv"))
    assert encoder.present(flowers)
    assert not encoder.present(other)
    with pytest.raises(
        DataError, match=r"new\.csv: there is no target column 'kind', did you mean"
    ):
        encoder.transform(other)


def test_unseen_class(flowers, write):
    encoder = fit(flowers, "kind", "multiclass")
    other = read_table(write("x,kind\n1,a\n2,d\n", "new.csv"))
    with pytest.raises(DataError) as caught:
        encoder.labels(other)
    message = str(caught.value)
    assert message.startswith("new.csv:3:2: class 'd' of target 'kind' is unseen in training.")
    assert "The classes are a, b, c." in message


def test_target_of_another_kind(flowers, write):
    encoder = fit(flowers, "size", "regression")
    other = read_table(write("size\nbig\nsmall\n", "new.csv"))
    with pytest.raises(DataError, match="target 'size' is text and was numeric in training"):
        encoder.transform(other)
    with pytest.raises(DataError, match=r"new\.csv:2:1: 'big' is not a number"):
        read_table("new.csv", kinds=encoder.column_kinds)


def test_constant_training_target(write):
    table = read_table(write("x,y\n1,0.5\n2,0.5\n3,0.75\n"))
    with pytest.raises(DataError, match=r"'y' has the same value, 0\.5, in all 2 training rows"):
        fit(table, "y", "regression", np.array([0, 1]))


def test_targets_too_large(write):
    table = read_table(write("x,y\n1,1\n2,2\n3,1e300\n"))
    encoder = fit(table, "y", "regression", np.array([0, 1]))
    with pytest.raises(DataError, match=r"people\.csv:4:2: 1e\+300 is too large for float32"):
        encoder.transform(table)


@pytest.mark.parametrize(
    ("name", "task"),
    [("kind", "multiclass"), ("big", "binary"), ("x", "regression"), ("x", "multiclass")],
)
def test_round_trip(flowers, name, task):
    encoder = fit(flowers, name, task)
    back = TargetEncoder.from_parts(json.loads(json.dumps(encoder.to_dict())), encoder.arrays())
    assert back.to_dict() == encoder.to_dict()
    assert {k: v.tolist() for k, v in back.arrays().items()} == {
        k: v.tolist() for k, v in encoder.arrays().items()
    }
    np.testing.assert_array_equal(back.transform(flowers), encoder.transform(flowers))


@pytest.mark.parametrize(
    "change",
    [
        {"task": "other"},
        {"names": []},
        {"names": ["a", "b"]},
        {"kind": "word"},
        {"classes": ["a", "a", "b"]},
        {"classes": ["a"]},
        {"classes": "abc"},
        {"task": "binary"},
        {"task": "regression"},
        {"scale": None},
    ],
)
def test_damaged_parts(flowers, change):
    encoder = fit(flowers, "kind", "multiclass")
    with pytest.raises(FileError, match="the stored data transforms are damaged"):
        TargetEncoder.from_parts({**encoder.to_dict(), **change}, encoder.arrays())
