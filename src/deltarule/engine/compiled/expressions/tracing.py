"""Formulas as graphs: the registry's own bodies, run once over symbols.

A body such as `def body(self, xp): ... return f, df` is called with a `Graph` for xp and with
symbols for its arguments; what it returns is the formula as a graph, ready to be written as
machine instructions or as text. Equal terms are one node, so what two formulas share (the
exp(-|net|) of a sigmoid and of its derivative) is computed once.

Three kinds of node:

    value      what varies along the lanes: a net, an output, a weight, in the run's dtype
    number     what is one number for all lanes, in float64 as Python computes it: lr, t, 1 - beta1
    condition  true or false, lane by lane

A number meets a value in the value's dtype, as in NumPy.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from numbers import Real
from typing import Any

from deltarule.engine.compiled.expressions.nodes import (
    CONDITION,
    NUMBER,
    VALUE,
    Node,
    Row,
    Untraceable,
    root,
)

__all__ = ["CONDITION", "NUMBER", "VALUE", "Graph", "Node", "Row", "Untraceable", "reached", "root"]

_FUNCTIONS = ("exp", "log", "log1p", "expm1", "sqrt", "tanh", "sin", "cos", "erfc")


class Graph:
    """The namespace over which formulas are traced; every method that they see is in `_FUNCTIONS`
    or below.

    `across(op, node)` says how terms are combined over the nodes of a layer where several lie in
    one value's lanes; by default each value is one node. With `numbers_first`, lr (d y) becomes
    (lr d) y: the product with lr is shared by all weights into a node, and is ready earlier.
    """

    def __init__(
        self, across: Callable[[str, Row], Node] | None = None, numbers_first: bool = False
    ) -> None:
        self._nodes: dict[tuple[Any, ...], Node] = {}
        self._across = across
        self._numbers_first = numbers_first

    def _intern(self, op: str, args: tuple[Node, ...], kind: str, payload: Any = None) -> Node:
        # the sign of a literal zero counts, and 1 is not True
        tag = (math.copysign(1.0, payload), payload) if op == "literal" else payload
        key = (op, tuple(map(id, args)), kind, tag)
        found = self._nodes.get(key)
        if found is None:
            found = self._nodes[key] = Node(self, op, args, kind, payload)
        return found

    def common_divisors(self) -> set[Node]:
        """Return what several terms are divided by, itself or squared.

        One reciprocal then stands for all these divisions, which take the processor longest.
        """
        seen: dict[Node, int] = {}
        for node in self._nodes.values():
            if node.op == "/" and node.args[1].kind == VALUE:
                divisor = root(node.args[1])
                seen[divisor] = seen.get(divisor, 0) + 1
        return {divisor for divisor, times in seen.items() if times > 1}

    def numbers(self) -> list[Node]:
        """Return every term that is one number for all lanes, but the literals."""
        found = self._nodes.values()
        return [node for node in found if node.kind == NUMBER and node.op != "literal"]

    def symbol(self, name: str, kind: str = VALUE) -> Node:
        """Return the symbol of that name."""
        return self._intern("symbol", (), kind, name)

    def node(self, given: Any) -> Node:
        """Return a node: the one given, or a literal for a Python number."""
        if isinstance(given, Node):
            return given
        if isinstance(given, bool) or not isinstance(given, Real):
            raise Untraceable(f"{type(given).__name__} in a formula; numbers and values alone fit")
        return self._intern("literal", (), NUMBER, float(given))

    def apply(self, op: str, *args: Node) -> Node:
        """Return the node `op(*args)`."""
        if op in ("<", "<=", ">", ">=", "==", "!=", "&", "|", "not"):
            return self._intern(op, args, CONDITION)
        if op == "*" and any(a.op == "literal" and a.payload == 1.0 for a in args):
            return args[0] if args[1].op == "literal" and args[1].payload == 1.0 else args[1]
        if op == "*" and self._numbers_first:
            number, value = args if args[0].kind == NUMBER else args[::-1]
            if number.kind == NUMBER and value.kind == VALUE and value.op == "*":
                return self.apply("*", self.apply("*", number, value.args[0]), value.args[1])
        numbers = all(a.kind == NUMBER for a in args)
        return self._intern(op, args, NUMBER if numbers else VALUE)

    def __getattr__(self, name: str) -> Callable[[Any], Any]:
        if name not in _FUNCTIONS:
            raise Untraceable(f"xp.{name} is not among a formula's functions")
        return lambda x: self._function(name, x)

    def _function(self, name: str, x: Any) -> Any:
        if isinstance(x, Row):
            return x.map(lambda term: self._function(name, term))
        return self.apply(name, self.node(x))

    def where(self, condition: Any, a: Any, b: Any) -> Any:
        """Return a where the condition holds, else b."""
        rows = [r for r in (condition, a, b) if isinstance(r, Row)]
        if rows:
            n = len(rows[0].terms)
            columns = [r.terms if isinstance(r, Row) else (r,) * n for r in (condition, a, b)]
            return Row([self.where(*terms) for terms in zip(*columns, strict=True)])
        if isinstance(condition, bool):
            return a if condition else b
        if condition.kind != CONDITION:  # as in NumPy: what is not zero holds
            condition = condition != 0.0
        if _boolean(a) and _boolean(b):
            return _choice(condition, a, b)
        a, b = (self.node(self.where(x, 1.0, 0.0) if _boolean(x) else x) for x in (a, b))
        if a.op == b.op == "/" and a.args[1] is b.args[1]:  # one division in the place of two
            return self.where(condition, a.args[0], b.args[0]) / a.args[1]
        return self.apply("where", condition, a, b)

    def maximum(self, a: Any, b: Any) -> Any:
        """Return the larger one; NaN where either is."""
        if isinstance(a, Row) or isinstance(b, Row):
            row, other = (a, b) if isinstance(a, Row) else (b, a)
            return row._with(self.maximum, other)
        return self.apply("maximum", self.node(a), self.node(b))

    def constant(self, value: float, like: Any) -> Any:
        """Return a number; it takes the dtype of what it meets."""
        return self.node(value)

    def row_sum(self, row: Any) -> Any:
        """Return the sum over the row's terms."""
        return self._over("+", row)

    def row_max(self, row: Any) -> Any:
        """Return the largest of the row's terms."""
        return self._over("maximum", row)

    def sum(self, row: Row) -> Node:
        """Return the sum over a whole vector (the gradient's, for clipping)."""
        return self.node(self.fold("+", row.terms))

    def _over(self, op: str, row: Any) -> Any:
        if not isinstance(row, Row):
            raise Untraceable("row_sum and row_max belong to row activations and their losses")
        if self._across is not None:
            return self.node(self._across(op, row))
        return self.fold(op, row.terms)

    def fold(self, op: str, terms: Sequence[Any]) -> Any:
        """Return the terms combined from left to right."""
        total = self.node(terms[0])
        for term in terms[1:]:
            total = self.apply(op, total, self.node(term))
        return total


def _boolean(term: Any) -> bool:
    return isinstance(term, bool) or (isinstance(term, Node) and term.kind == CONDITION)


def _choice(condition: Node, a: Any, b: Any) -> Any:
    """Return (condition and a) or (not condition and b), for a and b that are true or false."""
    if isinstance(a, bool) and isinstance(b, bool):
        return a if a == b else condition if a else ~condition
    if isinstance(a, bool):
        return condition | b if a else ~condition & b
    if isinstance(b, bool):
        return ~condition | a if b else condition & a
    return (condition & a) | (~condition & b)


def reached(nodes: Iterable[Node]) -> set[Node]:
    """Return the terms that some terms are made of, themselves included."""
    pending, found = list(nodes), set()
    while pending:
        node = pending.pop()
        if node not in found:
            found.add(node)
            pending.extend(node.args)
    return found
