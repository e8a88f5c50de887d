"""Formulas in another language: an activation's own body, traced, and written term by term.

What is written is what is computed here: the registry's f and f' are run over symbols, as the
compiled engine does, and a `Dialect` says how the terms are spelled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deltarule.activations import Activation
from deltarule.core.errors import UsageError
from deltarule.engine.compiled.expressions.nodes import magnitude
from deltarule.engine.compiled.expressions.tracing import (
    CONDITION,
    Graph,
    Node,
    Row,
    Untraceable,
)

ACROSS = {"across +": "row_sum", "across maximum": "row_max"}
"""What goes over the nodes of a row."""

_COMPARISON, _MINUS, _ATOM = 3, 6, 9
_BINDING = {"|": 1, "&": 2, **dict.fromkeys(("<", "<=", ">", ">=", "==", "!="), _COMPARISON)}
_BINDING |= {"+": 4, "-": 4, "*": 5, "/": 5, "neg": _MINUS, "not": _MINUS}


@dataclass(frozen=True)
class Dialect:
    """How a language spells terms; `{}` stands for an argument."""

    words: Mapping[str, str]
    """By operation; operators that are spelled as in Python are left out."""
    number: Callable[[float], str]
    constants: str = "{}"
    """Around a choice between two numbers, which has no type of its own."""
    value: str = ""
    """Before the name of a value that is declared."""
    condition: str = ""
    end: str = ""
    """After a statement."""


def row_graph() -> Graph:
    """Return a graph in which a sum over a row is one term."""
    return Graph(across=lambda op, row: row.terms[0].graph.apply(f"across {op}", row.terms[0]))


def traced(
    what: str, body: Callable[..., Any], graph: Graph, names: Sequence[str], row: bool
) -> Node:
    """Return a formula of one value, or of a row, as a graph; its arguments are symbols.

    Raises `UsageError` where it does something that no other language can be told.
    """
    symbols: list[Any] = [graph.symbol(name) for name in names]
    try:
        found = body(*(Row([s]) for s in symbols)) if row else body(*symbols)
    except Untraceable as reason:
        raise UsageError(f"{what} cannot be written in another language: {reason}") from None
    return graph.node(found.terms[0] if isinstance(found, Row) else found)


def unrolled(activation: Activation) -> tuple[Node, Node]:
    """Return f(net), and f'(net) of net and y; for a row, delta of y and dE_dy."""
    graph, what = row_graph(), f"the activation {activation.name}"
    f, df = activation.body(graph)
    row = activation.rowwise
    slope = ("y", "dE_dy") if row else ("net", "y")
    return traced(what, f, graph, ["net"], row), traced(what, df, graph, slope, row)


class Writer:
    """Terms as text; what several terms share is named once."""

    def __init__(self, dialect: Dialect, names: Mapping[str, str] | None = None) -> None:
        self._dialect, self._symbols = dialect, dict(names or {})
        self._named: dict[Node, str] = {}

    def statements(self, node: Node, result: Callable[[str], str]) -> list[str]:
        """Return the statements that compute a term; `result` makes the last one of its text."""
        uses: dict[Node, int] = {}
        order: list[Node] = []

        def count(term: Node) -> None:
            uses[term] = uses.get(term, 0) + 1
            if uses[term] == 1:
                for part in _parts(term):
                    count(part)
                order.append(term)

        count(node)
        d, lines = self._dialect, []
        for term in order:
            if term is not node and uses[term] > 1 and term.op not in ("symbol", "literal"):
                text = self.text(term)
                kind = d.condition if term.kind == CONDITION else d.value
                name = f"t{len(self._named) + 1}"
                self._named[term] = name
                lines.append(f"{kind}{name} = {text}{d.end}")
        return [*lines, f"{result(self.text(node))}{d.end}"]

    def name(self, node: Node, text: str) -> None:
        """Have a term written as a name from now on."""
        self._named[node] = text

    def text(self, node: Node) -> str:
        """Return a term in one line."""
        return self._infix(node)[0]

    def _infix(self, node: Node) -> tuple[str, int]:
        """Return a term's text, and how tightly its operation binds."""
        if node in self._named:
            return self._named[node], _ATOM
        if node.op == "symbol":
            return self._symbols.get(node.payload, node.payload), _ATOM
        if node.op == "literal":
            return self._dialect.number(node.payload), _MINUS if node.payload < 0 else _ATOM
        size = magnitude(node)
        if size is not None:
            text = self._dialect.words["abs"].format(self.text(size[0]))
            return (f"-{text}", _MINUS) if size[1] else (text, _ATOM)
        word = self._dialect.words.get(node.op)
        return (self._called(word, node), _ATOM) if word is not None else self._operation(node)

    def _called(self, word: str, node: Node) -> str:
        text = word.format(*map(self.text, node.args))
        numbers = node.op == "where" and all(a.op == "literal" for a in node.args[1:])
        return self._dialect.constants.format(text) if numbers else text

    def _operation(self, node: Node) -> tuple[str, int]:
        own = _BINDING.get(node.op)
        if own is None:
            raise UsageError(f"{node.op} has no word in the other language")
        if len(node.args) == 1:
            sign = "-" if node.op == "neg" else "~"
            return f"{sign}{self._inside(node.args[0], own)}", own
        # a - b - c is (a - b) - c; comparisons stand in brackets wherever they are a part
        a, b = self._inside(node.args[0], own), self._inside(node.args[1], own + 1)
        return f"{a} {node.op} {b}", 0 if own == _COMPARISON else own

    def _inside(self, node: Node, binding: int) -> str:
        text, own = self._infix(node)
        return text if own >= binding else f"({text})"


def _parts(node: Node) -> tuple[Node, ...]:
    size = magnitude(node)
    return node.args if size is None else (size[0],)
