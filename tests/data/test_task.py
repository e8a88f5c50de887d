"""Which task a target poses."""

import numpy as np
import pytest

from deltarule.core.errors import DataError, UsageError
from deltarule.data import Column
from deltarule.data.preparation.task import class_codes, detect_task


def numeric(values, name="y"):
    return Column(name, "numeric", np.array(values, np.float64))


def text(names):
    categories = tuple(sorted(set(names) - {None}))
    codes = [-1 if n is None else categories.index(n) for n in names]
    return Column("y", "text", np.array(codes, np.int32), categories)


def place(row, name):
    return f"file:{row + 2}:{name}"


@pytest.mark.parametrize(
    ("column", "task"),
    [
        (text("aabb"), "binary"),
        (text("aabbcc"), "multiclass"),
        (text(["a", "a", None, "b", "b"]), "binary"),
        (Column("y", "boolean", np.array([0, 1, 1, 0]), ("false", "true")), "binary"),
        (numeric([0, 1, 1, 0]), "binary"),
        (numeric([3, 4, 5] * 2), "multiclass"),
        (numeric([3, np.nan, 4, 3, 4]), "binary"),
        (numeric(list(range(20)) * 2), "multiclass"),
        (numeric(list(range(21)) * 2), "regression"),
        (numeric([1, 2, 3, 4, 5, 6, 1]), "regression"),
        (numeric([0.5, 1.5] * 4), "regression"),
    ],
)
def test_auto(column, task):
    assert detect_task(column) == task
    assert detect_task([column]) == task


def test_several_targets_are_regression():
    columns = [numeric([0, 1, 0, 1], "a"), numeric([1, 0, 1, 0], "b")]
    assert detect_task(columns) == "regression"
    with pytest.raises(
        DataError,
        match=r"'a', 'b' are 2 columns, which is regression or count or multilabel, not binary",
    ):
        detect_task(columns, "binary")
    with pytest.raises(DataError, match="target 'y' is text, and regression needs numbers"):
        detect_task([columns[0], text("abab")])


@pytest.mark.parametrize(
    ("column", "override"),
    [
        (numeric([0, 1, 1, 0]), "regression"),
        (numeric([0, 1, 1, 0]), "multiclass"),
        (numeric([0.5, 0.75, 0.5, 0.75]), "binary"),
        (numeric(list(range(30)) * 2), "multiclass"),
        (text("aabb"), "binary"),
    ],
)
def test_overrides(column, override):
    assert detect_task(column, override) == override


def test_impossible_overrides():
    with pytest.raises(UsageError, match="unknown task 'regresion', did you mean 'regression'"):
        detect_task(numeric([1, 2]), "regresion")
    with pytest.raises(DataError, match="'y' is text, and regression needs numbers"):
        detect_task(text("aabb"), "regression")
    with pytest.raises(DataError, match=r"3 classes \(a, b, c\).*Use `--task multiclass`"):
        detect_task(text("aabbcc"), "binary")


@pytest.mark.parametrize("column", [text("aaa"), numeric([2, 2, np.nan, 2])])
def test_one_class(column):
    with pytest.raises(DataError, match=r"one class only, '[a2]', in all its 3 rows.*Choose"):
        detect_task(column)


def test_one_value():
    with pytest.raises(DataError, match=r"one value only, '0.5', in all its 2 rows"):
        detect_task(numeric([0.5, 0.5]))
    with pytest.raises(DataError, match="one value only, '2'"):
        detect_task(numeric([2, 2]), "regression")
    with pytest.raises(DataError, match="no known value"):
        detect_task(numeric([np.nan]))


def test_a_class_with_one_row():
    with pytest.raises(DataError) as caught:
        detect_task(text("abcab"), place=place)
    message = str(caught.value)
    assert message.startswith("file:4:y: class 'c' of target 'y' has a single row")
    assert "Add rows of this class, take the row out" in message
    assert "classes are like this" not in message
    assert detect_task(text("abcab"), single_rows=True) == "multiclass"


def test_a_class_with_one_row_among_numbers():
    with pytest.raises(DataError) as caught:
        detect_task(numeric([1, 1, 1, 2, 7, 1, 1, 1]), place=place)
    message = str(caught.value)
    assert message.startswith("file:5:y: class '2' of target 'y' has a single row")
    assert "2 classes are like this" in message
    assert "`--task regression`" in message


def test_class_codes():
    names, codes = class_codes(numeric([10, 2, np.nan, 10, 2.5]))
    assert names == ("2", "2.5", "10")
    assert codes.tolist() == [2, 0, -1, 2, 1]
    unused = Column("y", "text", np.array([3, 1, -1, 3]), ("w", "x", "y", "z"))
    names, codes = class_codes(unused)
    assert names == ("x", "z")
    assert codes.tolist() == [1, 0, -1, 1]
