"""Graphs as text: assignments in Python's notation, shared terms named once, few brackets."""

from __future__ import annotations

import math
from collections.abc import Container, Iterator, Mapping, Sequence
from itertools import count
from typing import Any

from deltarule.engine.compiled.expressions.nodes import CONDITION, Node, magnitude, root

Assignment = tuple[str, str, Node]
"""What is written to, `=` or `+=`, and what is written."""

_BINDING = {"|": 1, "&": 3, "+": 4, "-": 4, "*": 5, "/": 5, "pow": 7}
_COMPARISON, _MINUS, _ATOM = 0, 6, 8
_SIGNS = {"neg": "-", "not": "~"}


class Wording:
    """The text of a program's terms.

    Args:
        names: the text of symbols that are not called by their own name.
        common: divisors whose reciprocal is computed once (`Graph.common_divisors`).
        across: the names of sum and maximum over what lies along a value's lanes.
        numbers: counts the names of shared terms; wordings of one program have one in common.
    """

    def __init__(
        self,
        names: Mapping[str, str] | None = None,
        common: Container[Node] = (),
        across: tuple[str, str] = ("sum", "max"),
        numbers: Iterator[int] | None = None,
    ) -> None:
        self._texts, self._common = dict(names or {}), common
        self._across = {"across +": across[0], "across maximum": across[1]}
        self._numbers = count(1) if numbers is None else numbers
        self._names: dict[Node, str] = {}
        self._reciprocals: dict[Node, str] = {}
        self._uses: dict[Node, int] = {}
        self._overwritten: set[str] = set()

    def call(self, node: Node, name: str) -> None:
        """Give a term a name by which it is known already."""
        self._names[node] = name

    def count(self, targets: Sequence[Assignment]) -> None:
        """Count how often every term is used; assignments are counted before they are written."""
        pending = [node for _, _, node in targets]
        while pending:
            node = pending.pop()
            self._uses[node] = self._uses.get(node, 0) + 1
            if self._uses[node] == 1:
                pending.extend(self._parts(node))

    def statements(self, targets: Sequence[Assignment]) -> list[str]:
        """Return assignments that take place at once, in an order in which none disturbs another.

        What is needed later under its old value keeps it until the last of them.
        """
        lines, late = [], []
        for k, (left, operator, node) in enumerate(targets):
            lines += self._shared(node, top=True)
            text = self._infix(node)[0]
            if operator == "+=":
                lines.append(f"{left} += {text}")
                continue
            if node.op not in ("symbol", "literal"):
                self._names.setdefault(node, left)
            if text != left and any(self._needs(other, left) for _, _, other in targets[k + 1 :]):
                name = f"t{next(self._numbers)}"
                lines.append(f"{name} = {text}")
                late.append(f"{left} = {name}")
                self._names[node] = name
                continue
            lines.append(f"{left} = {text}")
            self._overwritten.add(left)
        return lines + late

    def text(self, node: Node) -> str:
        """Return a term in one line, whatever it shares."""
        return self._infix(node)[0]

    def _parts(self, node: Node) -> tuple[Node, ...]:
        """Return the terms that a term is written with."""
        size = magnitude(node)
        if size is not None:
            return (size[0],)
        if self._divides_in_common(node):
            return (node.args[0], root(node.args[1]))
        return node.args

    def _divides_in_common(self, node: Node) -> bool:
        return node.op == "/" and root(node.args[1]) in self._common

    def _shared(self, node: Node, top: bool = False) -> list[str]:
        """Return assignments that name the shared terms of a term."""
        if node in self._names or node.op in ("symbol", "literal"):
            return []
        lines = [line for part in self._parts(node) for line in self._shared(part)]
        if self._divides_in_common(node):
            base = root(node.args[1])
            if base not in self._reciprocals:
                name = self._reciprocals[base] = f"t{next(self._numbers)}"
                lines.append(f"{name} = 1 / {self._inside(base, 6)}")
        if not top and self._uses.get(node, 0) > 1 and not self._plain(node):
            text = self._infix(node)[0]
            self._names[node] = f"t{next(self._numbers)}"
            lines.append(f"{self._names[node]} = {text}")
        return lines

    def _plain(self, node: Node) -> bool:
        """Whether a term is as short as a name."""
        if self._divides_in_common(node) and root(node.args[1]) is node.args[1]:
            numerator = node.args[0]
            return numerator.op == "literal" and numerator.payload == 1.0
        simple = node.op == "neg" or node.kind == CONDITION
        return simple and all(
            a in self._names or a.op in ("symbol", "literal") for a in self._parts(node)
        )

    def _needs(self, node: Node, symbol: str) -> bool:
        """Whether the text of a term has that symbol in it."""
        pending, seen = [node], set()
        while pending:
            node = pending.pop()
            if node in self._names or node in seen:
                continue
            seen.add(node)
            if node.op == "symbol" and self._texts.get(node.payload, node.payload) == symbol:
                return True
            pending.extend(node.args)
        return False

    def _infix(self, node: Node) -> tuple[str, int]:
        """Return a term's text, and how tightly its operation binds."""
        if node in self._names or node.op == "symbol":
            return self._names.get(node) or self._symbol(node), _ATOM
        if node.op == "literal":
            return _number(node.payload), _MINUS if node.payload < 0 else _ATOM
        size = magnitude(node)
        if size is not None:
            minus = "-" * size[1]
            return f"{minus}abs({self.text(size[0])})", _MINUS if minus else _ATOM
        if self._divides_in_common(node):
            return self._by_reciprocal(*node.args)
        if node.op in _SIGNS or (len(node.args) == 2 and node.op != "maximum"):
            return self._operation(node)
        name = self._across.get(node.op, node.op)
        return f"{name}({', '.join(self.text(a) for a in node.args)})", _ATOM

    def _operation(self, node: Node) -> tuple[str, int]:
        if node.op in _SIGNS:
            return f"{_SIGNS[node.op]}{self._inside(node.args[0], _MINUS)}", _MINUS
        binding = _BINDING.get(node.op, _COMPARISON)
        left, right = binding, binding + 1  # a - b - c is (a - b) - c
        if node.op == "pow":
            left, right = _ATOM, _MINUS
        sign = "**" if node.op == "pow" else node.op
        a, b = self._inside(node.args[0], left), self._inside(node.args[1], right)
        return f"{a} {sign} {b}", binding

    def _by_reciprocal(self, x: Node, d: Node) -> tuple[str, int]:
        base = root(d)
        name = self._reciprocals.get(base)
        reciprocal = f"1 / {self._inside(base, 6)}" if name is None else name
        factors = [reciprocal] if base is d else [reciprocal, reciprocal]
        if not (x.op == "literal" and x.payload == 1.0):
            factors.insert(0, self._inside(x, _BINDING["*"]))
        return " * ".join(factors), _ATOM if len(factors) == 1 else _BINDING["*"]

    def _inside(self, node: Node, binding: int) -> str:
        text, own = self._infix(node)
        return text if own >= binding else f"({text})"

    def _symbol(self, node: Node) -> str:
        found: str = self._texts.get(node.payload, node.payload)
        if found in self._overwritten:
            raise RuntimeError(f"{found} is needed after it has been written to")
        return found


def _number(value: Any) -> str:
    """Return a literal, to 15 digits: what rounding made of 1 - 0.9 is 0.1 again."""
    if value == 0.0:
        return "-0.0" if math.copysign(1.0, value) < 0 else "0"
    return f"{value:.15g}"
