"""Text of terms: brackets where needed, shared terms once, nothing overwritten too early."""

from __future__ import annotations

import pytest

from deltarule.engine.compiled.expressions.text import Wording
from deltarule.engine.compiled.expressions.tracing import Graph


@pytest.fixture
def terms():
    graph = Graph()
    return graph, *(graph.symbol(name) for name in "abc")


def written(graph, node):
    return Wording().text(graph.node(node))


def test_brackets_are_where_python_needs_them(terms):
    graph, a, b, c = terms
    expected = {
        "a - b - c": a - b - c,
        "a - (b - c)": a - (b - c),
        "a * (b + c)": a * (b + c),
        "a / b / c": a / b / c,
        "a / (b * c)": a / (b * c),
        "-(a + b)": -(a + b),
        "-a * b": -a * b,
        "-(a * b)": -(a * b),
        "(a + b) ** c": (a + b) ** c,
        "2 ** -a": 2**-a,
        "(-a) ** b": (-a) ** b,
        "a + (b + c)": a + (b + c),
        "maximum(a + b, 0.5)": graph.maximum(a + b, 0.5),
        "where((a < b) & (b < c), a, -1)": graph.where((a < b) & (b < c), a, -1.0),
        "where(~(a < b), a, b)": graph.where(~(a < b), a, b),
        "abs(a)": graph.where(a < 0, -a, a),
        "-abs(a)": graph.where(a < 0, a, -a),
        "a * 0.1": a * (1 - 0.9),
        "a * -0.0": a * -0.0,
    }
    assert [written(graph, node) for node in expected.values()] == list(expected)


def test_what_is_used_twice_has_a_name(terms):
    graph, a, b, _ = terms
    both = graph.exp(a + b)
    targets = [("x", "=", both * both + both), ("y", "+=", both / a)]
    wording = Wording()
    wording.count(targets)
    assert wording.statements(targets) == ["t1 = exp(a + b)", "x = t1 * t1 + t1", "y += t1 / a"]


def test_one_reciprocal_for_several_divisions(terms):
    graph, a, b, c = terms
    targets = [("x", "=", a / c), ("y", "=", 1.0 / c), ("z", "=", b / (c * c))]
    wording = Wording(common=graph.common_divisors())
    wording.count(targets)
    assert wording.statements(targets) == ["t1 = 1 / c", "x = a * t1", "y = t1", "z = b * t1 * t1"]


def test_an_old_value_is_kept_while_it_is_needed(terms):
    """a and b change places: neither line may see the other's new value."""
    _, a, b, c = terms
    targets = [("a", "=", b + c), ("b", "=", a + c)]
    wording = Wording()
    wording.count(targets)
    assert wording.statements(targets) == ["t1 = b + c", "b = a + c", "a = t1"]


def test_an_old_value_that_is_gone_is_not_written(terms):
    _, a, b, _ = terms
    wording = Wording()
    wording.statements([("a", "=", b)])
    with pytest.raises(RuntimeError, match="a is needed after"):
        wording.statements([("b", "=", a + b)])
