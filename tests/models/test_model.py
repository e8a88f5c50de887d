"""Predicting: every way to hand over data gives the same answer, and wrong data are refused."""

import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import deltarule as dr
from deltarule.data import read_table
from deltarule.models import Fitted, Model, Recipe, fit

PEOPLE = "age,city,married,rich\n" + "".join(
    f"{20 + i},{('Rome', 'Bonn', 'Oslo')[i % 3]},{('true', 'false')[i % 2]},{i % 2}\n"
    for i in range(40)
)


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Model:
    path = tmp_path_factory.mktemp("people") / "people.csv"
    path.write_text(PEOPLE)
    recipe = Recipe(hidden=(6,), epochs=60, lr=0.05, missing="mean")
    return fit(read_table(path, target="rich"), recipe, target="rich").model


def test_every_form_of_data_gives_the_same(iris: Fitted, tmp_path: Path) -> None:
    model, table = iris.model, iris.plan.table
    columns = {name: table[name].values for name in model.inputs.names}
    expected = model.predict_proba(table)
    path = tmp_path / "iris.csv"
    pl.DataFrame(columns).write_csv(path)
    backwards = dict(reversed([*columns.items(), ("extra", np.zeros(150))]))
    for data in (
        np.stack(list(columns.values()), 1),
        backwards,
        pl.DataFrame(backwards),
        path,
        str(path),
        "iris",
    ):
        assert np.array_equal(model.predict_proba(data), expected)


def test_probabilities_belong_to_the_classes(iris: Fitted, people: Model) -> None:
    p = iris.model.predict_proba("iris")
    assert p.shape == (150, 3)
    assert np.allclose(p.sum(axis=1), 1, atol=1e-6)
    assert (iris.model.classes[p.argmax(1)] == iris.model.predict("iris")).all()
    row = {"age": [30], "city": ["Rome"], "married": [True]}
    q = people.predict_proba(row)
    assert q.shape == (1, 2)
    assert people.predict(row)[0] == people.classes[q.argmax()]


def test_classes_are_what_the_data_held(iris: Fitted, people: Model) -> None:
    assert iris.model.predict("iris").dtype.kind == "U"
    assert people.predict({"age": [30], "city": ["Rome"], "married": [True]}).dtype == np.int64


def test_truth_values_come_back_as_truth_values(tmp_path: Path) -> None:
    path = tmp_path / "b.csv"
    path.write_text("x,y\n" + "".join(f"{i},{'true' if i > 20 else 'false'}\n" for i in range(40)))
    model = fit(read_table(path, target="y"), Recipe(epochs=40, lr=0.05), target="y").model
    assert model.predict([[0.0], [39.0]]).tolist() == [False, True]


def test_columns_of_python_values(people: Model) -> None:
    one = people.predict_proba({"age": [30, None], "city": ["Rome", None], "married": [True, None]})
    two = people.predict_proba(
        {"age": ["30", None], "city": ["Rome", None], "married": ["true", None]}
    )
    assert np.array_equal(one, two)


def test_unseen_categories(people: Model) -> None:
    data = {"age": [30], "city": ["Paris"], "married": [True]}
    with pytest.raises(dr.DataError, match="'Paris', unseen in training"):
        people.predict(data)
    zeros = people.predict_proba({**data, "city": [None]})
    assert np.array_equal(people.predict_proba(data, unknown="ignore"), zeros)


def test_a_missing_column_is_named(people: Model, tmp_path: Path) -> None:
    with pytest.raises(dr.DataError, match="'city', did you mean 'citty'"):
        people.predict({"age": [30], "citty": ["Rome"], "married": [True]})


def test_a_target_that_cannot_be_read_does_not_matter(people: Model, tmp_path: Path) -> None:
    path = tmp_path / "new.csv"
    path.write_text("rich,age,married,city\n?,30,true,Rome\n")
    assert len(people.predict(path)) == 1


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ([[1.0, 2.0]], r"shape \(1, 2\)"),
        ([1.0, 2.0, 3.0, 4.0], "shape"),
        ([["a", "b", "c", "d"]], "real numbers"),
        ([[np.inf, 1.0, 1.0, 1.0]], "infinite"),
        ([[np.nan, 1.0, 1.0, 1.0]], "missing"),
        ({"sepal length (cm)": [1.0], "b": [1.0, 2.0]}, "different numbers of rows"),
        ({"sepal length (cm)": [[1.0]]}, "one value per row"),
    ],
)
def test_data_that_do_not_fit_are_refused(iris: Fitted, data: object, said: str) -> None:
    with pytest.raises(dr.DataError, match=said):
        iris.model.predict(data)


def test_an_array_cannot_hold_text_columns(people: Model) -> None:
    with pytest.raises(dr.UsageError, match="city, married"):
        people.predict([[1.0, 2.0, 3.0]])


def test_a_regression_has_no_probabilities(diabetes: Fitted) -> None:
    with pytest.raises(dr.UsageError, match="progression is a quantity"):
        diabetes.model.predict_proba("diabetes")


def test_blocks_of_rows_change_nothing(
    iris: Fitted, diabetes: Fitted, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, numbers = iris.model.predict_proba("iris"), diabetes.model.score("diabetes")
    monkeypatch.setattr("deltarule.models.model._BLOCK_CELLS", 70)
    assert np.allclose(iris.model.predict_proba("iris"), whole, rtol=1e-5, atol=1e-7)
    assert diabetes.model.score("diabetes") == pytest.approx(numbers, rel=1e-5)


def test_repr_says_what_it_is(iris: Fitted, diabetes: Fitted) -> None:
    said = repr(iris.model)
    assert (
        "multiclass of species: 3 classes (setosa, versicolor, virginica), trained on iris" in said
    )
    assert "softmax" in said
    assert "regression of progression" in repr(diabetes.model)


def test_masked_cells_are_missing_cells(iris: Fitted) -> None:
    table = iris.plan.table
    columns = {name: np.array(table[name].values) for name in iris.model.inputs.names}
    name = iris.model.inputs.names[2]
    columns[name] = np.ma.array(columns[name], mask=np.arange(150) == 4)
    with pytest.raises(dr.DataError, match=f"row 5.*{re.escape(name)}|{re.escape(name)}.*row 5"):
        iris.model.predict(columns)
    matrix = np.ma.array(np.stack(list(columns.values()), axis=1))
    with pytest.raises(dr.DataError, match="row 5"):
        iris.model.predict(np.ma.array(matrix.data, mask=np.arange(600).reshape(150, 4) == 18))


def test_dates_in_columns_are_days_as_in_files() -> None:
    """datetime64, datetime and date, with missing ones: days since 1970-01-01."""
    import datetime

    from deltarule.data.sources.frames import columns_table

    day = datetime.date(1970, 1, 11)
    noon = datetime.datetime(1970, 1, 2, 12)
    table = columns_table({
        "a": np.array(["1970-01-11", "NaT"], "datetime64[D]"),
        "b": [day, None],
        "c": [noon, noon],
    })  # fmt: skip
    np.testing.assert_array_equal(table["a"].values, [10, np.nan])
    np.testing.assert_array_equal(table["b"].values, [10, np.nan])
    np.testing.assert_array_equal(table["c"].values, [1.5, 1.5])
    assert [c.written for c in table.columns] == ["date", "date", "date and time"]
