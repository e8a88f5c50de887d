"""Bounds of terms: never violated by any value, and as narrow as the short cuts need them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deltarule.activations import ACTIVATIONS
from deltarule.engine.compiled.expressions.ranges import bounds, falls, within
from deltarule.engine.compiled.expressions.tracing import Graph

WORLD = {"graph": Graph()}  # in a dictionary: doctest asks every name of a module what it is
X = {"x": WORLD["graph"].symbol("x")}
LARGEST = float(np.finfo(np.float64).max)
X_AT = np.concatenate([np.linspace(-30, 30, 121), [1e-300, 1e8, -1e8, 1e200]])


def where(condition, a, b):
    return WORLD["graph"].where(condition, a, b)


def terms():
    """Return pairs (a term in x, its values at X_AT)."""
    leaves = st.one_of(
        st.just((X["x"], X_AT)),
        st.sampled_from([-2.5, -1.0, 0.0, 1e-8, 1.0, 3.0]).map(
            lambda c: (WORLD["graph"].node(c), c)
        ),
        st.just((where(X["x"] < 0.0, -X["x"], X["x"]), np.abs(X_AT))),
        st.just((where(X["x"] < 0.0, X["x"], -X["x"]), -np.abs(X_AT))),
    )

    def grown(inner):
        one, two = inner, st.tuples(inner, inner)
        return st.one_of(
            one.map(lambda a: (-a[0], -np.asarray(a[1]))),
            one.map(lambda a: (WORLD["graph"].exp(a[0]), np.exp(a[1]))),
            one.map(lambda a: (WORLD["graph"].sqrt(a[0]), np.sqrt(a[1]))),
            two.map(lambda p: (p[0][0] + p[1][0], np.asarray(p[0][1]) + p[1][1])),
            two.map(lambda p: (p[0][0] * p[1][0], np.asarray(p[0][1]) * p[1][1])),
            two.map(
                lambda p: (
                    where(X["x"] < 1.0, p[0][0], p[1][0]),
                    np.where(X_AT < 1, p[0][1], p[1][1]),
                )
            ),
        )

    return st.recursive(leaves, grown, max_leaves=6)


@given(terms())
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_no_value_lies_outside(term):
    node, values = term
    low, high = bounds(node, LARGEST)
    finite = np.asarray(values)[np.isfinite(values)]
    assert (low <= finite * (1 + 1e-12)).all() or (low <= finite).all()
    assert (finite <= high * (1 + 1e-12)).all() or (finite <= high).all()


def test_what_short_cuts_ask():
    size = WORLD["graph"].where(X["x"] < 0.0, -X["x"], X["x"])
    assert falls(-size)
    assert falls(-2.0 * size)
    assert falls(WORLD["graph"].where(X["x"] < 0.0, X["x"], -X["x"]))
    assert not falls(size)
    assert not falls(X["x"])
    assert within(1.0 + WORLD["graph"].exp(-size), 1.0, 2.0, LARGEST)
    assert not within(1.0 + WORLD["graph"].exp(X["x"]), 1.0, 2.0, LARGEST)
    assert within(WORLD["graph"].sqrt(X["x"]) + 1e-8, 1e-30, 1e30, 3e38)
    assert not within(WORLD["graph"].sqrt(X["x"]), 1e-30, 1e30, 3e38)


def test_deep_terms_are_anything():
    deep = X["x"] * 0.0 + 1.0
    for _ in range(40):
        deep = deep + deep
    assert bounds(deep, LARGEST) == (-math.inf, math.inf)


@pytest.mark.parametrize("name", ["sigmoid", "silu"])
def test_activations_divide_by_what_is_moderate(name):
    graph = Graph()
    net = graph.symbol("net")
    f, df = ACTIVATIONS.get(name).body(graph)
    y = f(net)
    found = [d for term in (y, df(net, y)) for d in divisors(term)]
    assert found
    for divisor in found:
        assert within(divisor, 0.5, 4.0, 3e38)


def divisors(node):
    """Return every divisor of values in a term."""
    found = [node.args[1]] if node.op == "/" and node.args[1].kind == "value" else []
    return found + [d for a in node.args for d in divisors(a)]
