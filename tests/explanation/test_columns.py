"""An explanation of a trained model calls inputs and targets what they are in the table."""

from __future__ import annotations

import re

import numpy as np
import pytest
from evaluate import from_full_digits

import deltarule as dr
from deltarule.data import Column, Table
from deltarule.explanation import Cell
from deltarule.explanation.writing.latex import _text
from deltarule.models import Model, Recipe, fit, observations, observed

ROWS = 30
CITIES = ("Bonn", "Oslo", "R&D_1")
COLUMNS = (
    Column("age", "numeric", np.array([np.nan if i == 7 else 20.0 + i for i in range(ROWS)])),
    Column("city", "text", np.array([(1, 0, 2)[i % 3] for i in range(ROWS)], np.int32), CITIES),
    Column("a|b_$ {x}", "numeric", np.arange(ROWS) % 7.0),
    Column("pay", "numeric", 1000.25 * np.arange(ROWS)),
    Column("rich", "text", np.array([int(i > 12) for i in range(ROWS)], np.int32), ("no", "yes")),
)
TABLE = Table("people", COLUMNS)


def model(target: str) -> Model:
    left_out = "rich" if target == "pay" else "pay"
    kept = Table("people", tuple(c for c in COLUMNS if c.name != left_out))
    return fit(kept, Recipe(missing="mean", hidden=(2,), epochs=1), target=target).model


@pytest.fixture(scope="module")
def pay():
    return model("pay")


def explained(found, row, weight, **options):
    X, T, columns = observed(found, TABLE, [row])
    return dr.explain(found.network, found.theta, X, T, weight, columns=columns, **options)


def test_names_and_both_values(pay):
    X, T, columns = observed(pay, TABLE, [5, 8])
    assert [c.name for c in columns.inputs[0]] == list(pay.inputs.feature_names)
    assert [[c.number for c in row] for row in columns.inputs] == X.tolist()
    age, target = columns.inputs[0][0], columns.targets[0][0]
    assert (age.value, target.name, target.value) == (24.0, "pay", 4001.0)
    known = np.array([*range(20, 27), *range(28, 50)])
    assert age.said == f"age = 24 (scaled {X[0, 0]:.6g})"
    assert abs(X[0, 0] - (24 - known.mean()) / known.std()) < 0.5  # training rows alone are fitted
    assert target.said == f"pay = 4001 (scaled {T[0, 0]:.6g})"
    assert columns.inputs[1][0].said == "age is missing (the mean stands in, scaled 0)"
    assert columns.inputs[0][3].said == "city=R&D_1: city is Bonn (0)"
    assert np.array_equal(observations(pay, TABLE, [5, 8])[0], X)


def test_classes_by_name():
    _, T, columns = observed(model("rich"), TABLE, [1, 20])
    assert T.tolist() == [[0.0], [1.0]]
    assert [row[0].said for row in columns.targets] == ["rich=yes: rich is no (0)",
                                                        "rich=yes: rich is yes (1)"]  # fmt: skip
    three = model("city")
    _, T, columns = observed(three, TABLE, [1])
    assert [c.said for c in columns.targets[0]] == [
        "city=Bonn: city is Oslo (0)", "city=Oslo: city is Oslo (1)",
        "city=R&D_1: city is Oslo (0)"]  # fmt: skip
    assert [c.number for c in columns.targets[0]] == T[0].tolist()


def test_every_form_says_them(pay):
    said = explained(pay, 5, (1, 1, 5), loss=pay.objective.loss)
    x, t = said.columns.inputs[0][4], said.columns.targets[0][0]
    assert said.factors[0].number == x.number
    assert f"input 5, a|b_$ {{x}} = 4 (scaled {x.number:.6g})" in said.text()
    assert f"T[1]    pay = 4001 (scaled {t.number:.6g})" in said.text()
    assert "input, node" not in said.text()
    assert rf"y[0,5] | a\|b\_\$ {{x}} = 4 (scaled {x.number:.6g})" in said.markdown()
    line = rf"y_{{0,5}}\text{{: a|b\_\$ \{{x\}} = 4 (scaled {x.number:.6g})}}"
    assert line in said.latex()
    assert rf"T_{{1}}\text{{: pay = 4001 (scaled {t.number:.6g})}}" in said.latex()
    assert "city=R&amp;D_1" in said.html()
    plain = said.to_dict()["columns"]
    assert plain["inputs"][0][4] == {"name": "a|b_$ {x}", "column": "a|b_$ {x}", "value": 4.0,
                                     "number": x.number, "category": None}  # fmt: skip
    assert from_full_digits(said.text())[1] == said.value


def test_a_name_is_one_line_in_every_form():
    cell = Cell("a\n b\x1b[31m", 1.0, 2.0)
    assert cell.said == r"a b\x1b[31m = 1 (scaled 2)"
    assert _text(r"\~^{}$&#_%") == (
        r"\textbackslash{}\textasciitilde{}\textasciicircum{}\{\}\$\&\#\_\%"
    )


def test_without_a_table_nothing_is_named():
    net = dr.Network(2, [dr.Dense(1)])
    said = dr.explain(net, net.init(0), [[1.0, 2.0], [3.0, 4.0]], [[1.0], [2.0]], (1, 1, 1))
    assert said.to_dict()["columns"] is None
    assert "input, node 1" in said.text()
    assert not re.search(r"\]\(\d", re.sub(r"`.*?`", "", said.markdown()))  # no link y[0,1](2)
