"""Formulas as graphs: kinds, equal terms, literals, rows, and what a graph cannot hold."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest

from deltarule import Dense, Network
from deltarule.activations import ACTIVATIONS
from deltarule.activations.activation import ElementwiseActivation
from deltarule.engine import Objective
from deltarule.engine.compiled.expressions.backpropagation import check_specialisation
from deltarule.engine.compiled.expressions.tracing import (
    CONDITION,
    NUMBER,
    VALUE,
    Graph,
    Row,
    Untraceable,
)
from deltarule.engine.compiled.specialisation import Specialisation
from deltarule.optim import SGD, Clipping


@pytest.fixture
def graph():
    return Graph()


def evaluate(node, values):
    """Return a graph's number for the symbols' numbers, one Python operation per node."""
    a = [evaluate(other, values) for other in node.args]
    how = {
        "+": lambda x, y: x + y, "-": lambda x, y: x - y, "*": lambda x, y: x * y,
        "/": lambda x, y: x / y, "pow": lambda x, y: x**y, "neg": lambda x: -x,
        "<": lambda x, y: x < y, ">": lambda x, y: x > y, "<=": lambda x, y: x <= y,
        ">=": lambda x, y: x >= y, "==": lambda x, y: x == y, "!=": lambda x, y: x != y,
        "&": lambda x, y: x and y, "|": lambda x, y: x or y, "not": lambda x: not x,
        "where": lambda c, x, y: x if c else y, "maximum": max,
    }  # fmt: skip
    if node.op == "literal":
        return node.payload
    if node.op == "symbol":
        return values[node.payload]
    return how[node.op](*a) if node.op in how else getattr(math, node.op)(*a)


def test_equal_terms_are_one_node(graph):
    x, y = graph.symbol("x"), graph.symbol("y")
    assert graph.symbol("x") is x is not y
    assert x + y is x + y
    assert (x + y is y + x) is False, "the order of a sum is kept"
    assert graph.exp(-x) is graph.exp(-x)
    assert graph.symbol("x", NUMBER) is not x


def test_a_sigmoid_and_its_derivative_share_their_exponential(graph):
    f, df = ACTIVATIONS.get("sigmoid").body(graph)
    net = graph.symbol("net")
    y = f(net)
    df(net, y)
    assert [n.op for n in graph._nodes.values()].count("exp") == 1


def test_literals_are_told_apart_by_sign_and_type(graph):
    assert graph.node(0.0) is not graph.node(-0.0)
    assert graph.node(1) is graph.node(1.0)
    assert graph.node(1).kind == NUMBER
    assert type(graph.node(1).payload) is float
    with pytest.raises(Untraceable, match="bool in a formula"):
        graph.node(True)


def test_a_factor_of_one_is_left_out(graph):
    x = graph.symbol("x")
    assert 1.0 * x is x
    assert x * 1 is x
    assert 2.0 * x is not x
    assert (1.0 * graph.node(1.0)).payload == 1.0


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda x, t, c: x + t, VALUE),
        (lambda x, t, c: 1.0 - t, NUMBER),
        (lambda x, t, c: 0.9**t, NUMBER),
        (lambda x, t, c: x < t, CONDITION),
        (lambda x, t, c: ~c, CONDITION),
        (lambda x, t, c: c & (x > 0), CONDITION),
        (lambda x, t, c: c | (x != 0), CONDITION),
        (lambda x, t, c: x.graph.where(c, x, 0.0), VALUE),
        (lambda x, t, c: x.graph.sqrt(t), NUMBER),
        (lambda x, t, c: x.graph.sqrt(x), VALUE),
        (lambda x, t, c: x.graph.maximum(x, 0.0), VALUE),
    ],
)
def test_kinds(graph, make, kind):
    symbols = graph.symbol("x"), graph.symbol("t", NUMBER), graph.symbol("c", CONDITION)
    assert make(*symbols).kind == kind


def test_a_choice_between_two_numbers_by_lanes_is_a_value(graph):
    """relu's slope: 1 in some lanes, 0 in others; no single number."""
    x, t = graph.symbol("x"), graph.symbol("t", NUMBER)
    assert graph.where(x > 0, 1.0, 0.0).kind == VALUE
    assert graph.where(t > 0, 1.0, 0.0).kind in (NUMBER, VALUE)


@pytest.mark.parametrize(
    "formula",
    [
        lambda x, y: x + 2.0, lambda x, y: 2.0 + x, lambda x, y: x - 2, lambda x, y: 2 - x,
        lambda x, y: x * y, lambda x, y: 3 * x, lambda x, y: x / y, lambda x, y: 1 / x,
        lambda x, y: -x, lambda x, y: x**1, lambda x, y: x**2, lambda x, y: x**3,
        lambda x, y: x**2.5, lambda x, y: 2.0**x, lambda x, y: x**y,
        lambda x, y: x < y, lambda x, y: x <= y, lambda x, y: x > y, lambda x, y: x >= y,
        lambda x, y: x == y, lambda x, y: x != y, lambda x, y: x == 1.25,
    ],
)  # fmt: skip
def test_operators_mean_what_they_do(graph, formula):
    """Evaluated node by node, a formula is what Python makes of it."""
    symbols = graph.symbol("x"), graph.symbol("y")
    for x, y in ((1.25, 0.5), (0.5, 1.25), (2.0, 2.0)):
        assert evaluate(formula(*symbols), {"x": x, "y": y}) == formula(x, y)


@pytest.mark.parametrize("activation", [a() for a in ACTIVATIONS if not a.rowwise], ids=repr)
def test_every_activation_is_a_graph_of_the_same_function(activation):
    graph = Graph()
    net = graph.symbol("net")
    f, df = activation.body(graph)
    y = graph.node(f(net))
    slope = graph.node(df(net, y))
    for probe in activation.probes:
        value = evaluate(y, {"net": probe})
        expected = activation(probe).item()
        assert value == pytest.approx(expected, rel=1e-14, abs=1e-300)
        found = evaluate(slope, {"net": probe})
        assert found == pytest.approx(activation.derivative(probe).item(), rel=1e-13, abs=1e-300)


def test_rows_go_term_by_term(graph):
    a = Row([graph.symbol("a"), graph.symbol("b")])
    values = {"a": 3.0, "b": 5.0, "k": 2.0}
    k = graph.symbol("k")

    def numbers(row):
        return [evaluate(t, values) for t in row.terms]

    assert numbers(a + k) == numbers(k + a) == [5.0, 7.0]
    assert numbers(a - 1.0) == [2.0, 4.0]
    assert numbers(1.0 - a) == [-2.0, -4.0]
    assert numbers(a * a) == [9.0, 25.0]
    assert numbers(a / k) == [1.5, 2.5]
    assert numbers(k / a) == [2 / 3, 2 / 5]
    assert numbers(-a) == [-3.0, -5.0]
    assert numbers(graph.where(a > 4.0, a, 0.0)) == [0.0, 5.0]
    assert numbers(graph.where(a <= 3.0, 1.0, a)) == [1.0, 5.0]
    assert numbers(graph.maximum(a, 4.0)) == numbers(graph.maximum(4.0, a)) == [4.0, 5.0]
    assert evaluate(graph.row_sum(a), values) == evaluate(graph.sum(a), values) == 8.0
    assert evaluate(graph.row_max(a), values) == 5.0
    with pytest.raises(ValueError, match="zip"):
        a + Row([k])


def test_across_takes_the_rows_place():
    seen = []
    graph = Graph(across=lambda op, row: seen.append((op, len(row.terms))) or row.terms[0])
    row = Row([graph.symbol("a"), graph.symbol("b")])
    assert graph.row_sum(row) is graph.row_max(row) is row.terms[0]
    assert seen == [("+", 2), ("maximum", 2)]


@pytest.mark.parametrize(
    ("formula", "finding"),
    [
        (lambda x, xp: x if x > 0 else 0.0, "Python `if`"),
        (lambda x, xp: max(x, 0.0), "Python `if`"),
        (lambda x, xp: x > 0 and x, "Python `if`"),
        (lambda x, xp: float(x), "made a Python number"),
        (lambda x, xp: math.exp(x), "made a Python number"),
        (lambda x, xp: x.sum(), "no 'sum'"),
        (lambda x, xp: np.arctan(x), "np.arctan in a formula"),
        (lambda x, xp: np.sort(x), "np.sort in a formula"),
        (lambda x, xp: np.add.reduce(x), "np.add in a formula"),
        (lambda x, xp: xp.arctan(x), "xp.arctan is not among"),
        (lambda x, xp: x + "1", "str in a formula"),
        (lambda x, xp: x + 1j, "complex in a formula"),
        (lambda x, xp: x * np.ones(3), "."),
        (lambda x, xp: np.where(x > 0), "np.where in a formula"),
        (lambda x, xp: x[0], "."),
        (lambda x, xp: list(x), "."),
        (lambda x, xp: x @ x, "."),
        (lambda x, xp: x // 2, "."),
        (lambda x, xp: xp.row_sum(x), "belong to row activations"),
    ],
)
def test_what_a_graph_cannot_hold_is_said(formula, finding):
    """As an activation: whatever it raises becomes one kind of finding."""

    @dataclass(frozen=True)
    class Own(ElementwiseActivation):
        name = "own"
        equation = derivative_equation = reference = "the user's"
        probes = (1.0,)

        def body(self, xp):
            return lambda net: formula(net, xp), lambda net, y: 1.0 + 0.0 * net

    net = Network(2, [Dense(2, Own())])
    objective = Objective.of(net, "half_squared_error", "mean", "exact", 0.0)
    spec = Specialisation(objective, SGD(), Clipping(), np.dtype(float))
    with pytest.raises(Untraceable, match=finding):
        check_specialisation(spec)


def test_numpy_s_own_numbers_are_numbers(graph):
    """From both sides: NumPy leaves arithmetic with a node to the node."""
    x = graph.symbol("x")
    for half in (np.float64(0.5), np.float32(0.5)):
        for found in (x * half, half * x):
            assert evaluate(found, {"x": 3.0}) == 1.5
        assert evaluate(half - x, {"x": 3.0}) == -2.5
    assert evaluate(np.int64(2) * x, {"x": 3.0}) == 6.0
