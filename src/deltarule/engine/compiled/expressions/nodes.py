"""The terms of a formula, and rows of them: what a registry's body calculates with."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from deltarule.engine.compiled.expressions.numpy_calls import called, dispatched

VALUE, NUMBER, CONDITION = "value", "number", "condition"


class Untraceable(Exception):  # noqa: N818 (not an error of the user's)
    """A formula does something that a graph cannot hold."""


class Maker(Protocol):
    """What makes nodes, and gives equal ones the same node: a graph."""

    def node(self, given: Any) -> Node:
        """Return a node: the one given, or a literal for a Python number."""

    def apply(self, op: str, *args: Node) -> Node:
        """Return the node `op(*args)`."""


def _one_way(op: str) -> Callable[[Node, Any], Any]:
    """Return the method for `node op other`."""
    return lambda self, other: self._with(op, other)


def _both_ways(op: str) -> tuple[Callable[[Node, Any], Any], Callable[[Node, Any], Any]]:
    """Return the methods for `node op other` and `other op node`."""
    return _one_way(op), lambda self, other: self._with(op, other, swapped=True)


class Node:
    """One term of a formula."""

    __slots__ = ("args", "graph", "kind", "op", "payload")

    def __init__(
        self, graph: Maker, op: str, args: tuple[Node, ...], kind: str, payload: Any
    ) -> None:
        self.graph = graph
        self.op = op
        self.args = args
        self.kind = kind
        self.payload = payload
        """A symbol's name, a literal's number; else None."""

    def _with(self, op: str, other: Any, swapped: bool = False) -> Any:
        if isinstance(other, Row):
            return NotImplemented
        pair = (self, self.graph.node(other))
        return self.graph.apply(op, *(pair[::-1] if swapped else pair))

    __add__, __radd__ = _both_ways("+")
    __sub__, __rsub__ = _both_ways("-")
    __mul__, __rmul__ = _both_ways("*")
    __truediv__, __rtruediv__ = _both_ways("/")
    __lt__, __le__, __gt__, __ge__ = map(_one_way, ("<", "<=", ">", ">="))
    __and__, __or__ = _one_way("&"), _one_way("|")

    def __pow__(self, other: Any) -> Any:
        if isinstance(other, int) and 1 <= other <= 3:
            return self if other == 1 else self * self ** (other - 1)
        return self._with("pow", other)

    def __rpow__(self, other: Any) -> Any:
        return self._with("pow", other, swapped=True)

    def __neg__(self) -> Any:
        return self.graph.apply("neg", self)

    def __eq__(self, other: object) -> Any:
        return self._with("==", other)

    def __ne__(self, other: object) -> Any:
        return self._with("!=", other)

    def __invert__(self) -> Any:
        return self.graph.apply("not", self)

    __hash__ = object.__hash__

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        """Take a function of NumPy's, or a NumPy number's arithmetic with a node."""
        found = NotImplemented
        if method == "__call__" and not options:
            found = called(self.graph, ufunc.__name__, inputs)
        if found is NotImplemented:
            raise Untraceable(f"np.{ufunc.__name__} in a formula, on what a graph cannot hold")
        return found

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        """Take np.where and np.clip."""
        found = NotImplemented if kwargs else dispatched(self.graph, func, args)
        if found is NotImplemented:
            raise Untraceable(f"np.{func.__name__} in a formula")
        return found

    def __abs__(self) -> Any:
        return called(self.graph, "absolute", (self,))

    def __bool__(self) -> bool:
        raise Untraceable(
            "a Python `if` (or `and`, `or`, `min`, `max`) on a value; use xp.where and xp.maximum"
        )

    def __float__(self) -> float:
        raise Untraceable("a value is made a Python number; use xp's functions")

    def __getattr__(self, name: str) -> Any:
        raise Untraceable(f"a value has no {name!r}: a formula sees one number at a time")


def _by_term(operation: Callable[[Any, Any], Any]) -> Callable[[Row, Any], Row]:
    """Return the method that does an operation term by term."""
    return lambda self, other: self._with(operation, other)


class Row:
    """A row of values, for activations that couple the nodes of a layer (softmax).

    Arithmetic goes term by term; a single node is the same for every term.
    """

    def __init__(self, terms: Sequence[Any]) -> None:
        self.terms = tuple(terms)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Row:
        """Take a function of NumPy's term by term."""
        return self._each(getattr(ufunc, method), inputs, options)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Row:
        """Take np.where and np.clip term by term."""
        return self._each(func, args, kwargs)

    def _each(self, function: Any, inputs: Any, options: Any) -> Row:
        rows = [x.terms if isinstance(x, Row) else (x,) * len(self.terms) for x in inputs]
        return Row([function(*terms, **options) for terms in zip(*rows, strict=True)])

    def _with(self, operation: Callable[[Any, Any], Any], other: Any) -> Row:
        others = other.terms if isinstance(other, Row) else [other] * len(self.terms)
        return Row([operation(a, b) for a, b in zip(self.terms, others, strict=True)])

    def map(self, function: Callable[[Any], Any]) -> Row:
        """Return the row of `function(term)`."""
        return Row([function(term) for term in self.terms])

    __add__, __radd__ = _by_term(operator.add), _by_term(lambda a, b: b + a)
    __sub__, __rsub__ = _by_term(operator.sub), _by_term(lambda a, b: b - a)
    __mul__, __rmul__ = _by_term(operator.mul), _by_term(lambda a, b: b * a)
    __truediv__, __rtruediv__ = _by_term(operator.truediv), _by_term(lambda a, b: b / a)
    __pow__ = _by_term(operator.pow)
    __lt__, __le__ = _by_term(operator.lt), _by_term(operator.le)
    __gt__, __ge__ = _by_term(operator.gt), _by_term(operator.ge)

    def __neg__(self) -> Row:
        return self.map(lambda a: -a)

    def __abs__(self) -> Row:
        return self.map(abs)


def root(node: Node) -> Node:
    """Return d for the term d d, else the term itself."""
    return node.args[0] if node.op == "*" and node.args[0] is node.args[1] else node


def magnitude(node: Node) -> tuple[Node, bool] | None:
    """Return (x, negative) where a `where` says |x|, or -|x|; else None."""
    if node.op != "where" or node.args[0].op != "<":
        return None
    (x, zero), a, b = node.args[0].args, *node.args[1:]
    if zero.op != "literal" or zero.payload != 0.0 or x.kind != VALUE:
        return None
    negative = a is x and b.op == "neg" and b.args[0] is x
    positive = b is x and a.op == "neg" and a.args[0] is x
    return (x, negative) if negative or positive else None
