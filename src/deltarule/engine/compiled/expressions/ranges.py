"""Between which bounds a term of a formula lies, whatever its symbols are."""

from __future__ import annotations

import math

from deltarule.engine.compiled.expressions.nodes import CONDITION, Node, magnitude

_ANYTHING = (-math.inf, math.inf)
_DEPTH = 6


def falls(node: Node) -> bool:
    """Whether a term is never above 0: -|x|, or a negative number times |x|."""
    return bounds(node, math.inf)[1] <= 0.0


def within(node: Node, low: float, high: float, largest: float) -> bool:
    """Whether a term's values lie in [low, high], or are infinite or NaN.

    `largest` is the largest finite value.
    """
    found = bounds(node, largest)
    return low <= found[0] and found[1] <= high


def bounds(node: Node, largest: float, depth: int = _DEPTH) -> tuple[float, float]:
    """Return the bounds of a term's finite values; `largest` is what they can be at most.

    It looks no deeper than `depth` operations into the term.

    >>> from deltarule.engine.compiled.expressions.tracing import Graph
    >>> g = Graph()
    >>> x = g.symbol("x")
    >>> bounds(1.0 + g.exp(g.where(x < 0.0, x, -x)), 1e38)
    (1.0, 2.0)
    >>> bounds(g.sqrt(x) + 0.5, 1e38)
    (0.5, 1e+19)
    """
    if node.op == "literal":
        return node.payload, node.payload
    size = magnitude(node)
    if size is not None:
        return (-math.inf, 0.0) if size[1] else (0.0, math.inf)
    if node.op == "sqrt":
        return 0.0, math.sqrt(largest)
    if node.op not in ("exp", "+", "*", "neg", "where") or not depth:
        return _ANYTHING
    terms = [a for a in node.args if a.kind != CONDITION]
    return _combined(node.op, [bounds(a, largest, depth - 1) for a in terms])


def _combined(op: str, parts: list[tuple[float, float]]) -> tuple[float, float]:
    """Return the bounds of an operation's result."""
    if op == "exp":
        return 0.0, 1.0 if parts[0][1] <= 0.0 else math.inf
    if op == "neg":
        return -parts[0][1], -parts[0][0]
    (a, b), (c, d) = parts
    if op == "+":
        return a + c, b + d
    if op == "where":
        return min(a, c), max(b, d)
    corners = [x * y for x in (a, b) for y in (c, d) if x and y] + [0.0] * (0.0 in (a, b, c, d))
    return min(corners), max(corners)
