"""Graphs of formulas as instructions."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from typing import Any

from llvmlite import ir

from deltarule.engine.compiled.expressions.nodes import magnitude
from deltarule.engine.compiled.expressions.ranges import falls, within
from deltarule.engine.compiled.expressions.tracing import NUMBER, VALUE, Node, root
from deltarule.engine.compiled.instructions.operations import Ops, element_of, lanes_of
from deltarule.engine.compiled.mathematics import estimates
from deltarule.engine.compiled.mathematics import functions as maths

_DOUBLE = ir.DoubleType()
_RANGES = {"float": (2.0**128, 2.0**100), "double": (float(2**1023), 2.0**900)}
"""The largest number (nearly), and how far a reciprocal may be from 1 to have all its digits."""
_COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")


class Lowering:
    """Write nodes as instructions where an `Ops` stands; what is written once is used again.

    `kind` is the type of values; `common` holds divisors whose reciprocal is used (see
    `Graph.common_divisors`). Every node that is asked for has to be reached from the place
    where it was first written: one lowering serves one straight piece of program.
    """

    def __init__(self, ops: Ops, kind: ir.Type, common: Container[Node] = ()) -> None:
        self.ops = ops
        self.kind = kind
        self.common = common
        self._known: dict[Node, Any] = {}
        self._places: dict[Node, Callable[[], Any]] = {}
        self._reciprocals: dict[Node, Any] = {}

    def bind(self, symbol: Node, value: Any) -> None:
        """Say what a symbol stands for."""
        self._known[symbol] = value

    def bind_place(self, symbol: Node, read: Callable[[], Any]) -> None:
        """Say what reads a symbol's value from memory, wherever an instruction needs it."""
        self._places[symbol] = read

    def __call__(self, node: Node) -> Any:
        """Return the node's value; a number is converted to the type of values."""
        found = self._written(node)
        return self._as_value(node, found) if node.kind == NUMBER else found

    def number(self, node: Node) -> Any:
        """Return a number as it is, in float64."""
        return self._written(node)

    def _written(self, root: Node) -> Any:
        if root in self._places:
            return self._places[root]()
        pending = [root]
        while pending:
            node = pending[-1]
            if node in self._known:
                pending.pop()
                continue
            places = dict.fromkeys(a for a in node.args if a in self._places)  # in their order
            missing = [a for a in node.args if a not in self._known and a not in places]
            if missing:
                pending.extend(reversed(missing))
                continue
            self._known.update((a, self._places[a]()) for a in places)
            self._known[node] = self._write(node)
            for a in places:
                del self._known[a]
            pending.pop()
        return self._known[root]

    def _as_value(self, node: Node, number: Any) -> Any:
        """Return a float64 number in every lane, rounded once to the values' dtype."""
        if node.op == "literal":
            return self.ops.constant(self.kind, node.payload)
        return self._spread(number)

    def _spread(self, number: Any) -> Any:
        """Return a float64 number in every lane, in the values' dtype."""
        kind = self.kind if isinstance(number.type, ir.VectorType) else element_of(self.kind)
        if kind != number.type:
            number = self.ops.b.fptrunc(number, kind)
        return number if kind == self.kind else self.ops.splat(self.kind, number)

    def _write(self, node: Node) -> Any:
        if node.op == "literal":
            return self.ops.constant(_DOUBLE, node.payload)
        if node.op == "symbol":
            raise KeyError(f"the symbol {node.payload} stands for nothing here")
        short = self._magnitude(node) if node.op == "where" else self._quotient(node)
        if short is not None:
            return short
        args = self._alike([self._argument(a, node) for a in node.args])
        if node.op == "exp" and falls(node.args[0]):
            return maths.exp(self.ops, args[0], high=False)
        return _writer(node.op)(self.ops, *args)

    def _magnitude(self, node: Node) -> Any:
        """Return |x| or -|x| where a formula says so by `where`, as one operation on its sign."""
        found = magnitude(node)
        if found is None:
            return None
        x, negative = found
        size = self.ops.intrinsic("fabs", self._known[x])
        return self.ops.neg(size) if negative else size

    def _quotient(self, node: Node) -> Any:
        """Return a division as a product with a reciprocal, where that serves more than once."""
        if node.op != "/" or node.kind != VALUE:
            return None
        if node.args[1].kind == NUMBER:
            return self._divided(*node.args)
        if root(node.args[1]) in self.common:
            return self._shared(*node.args)
        if not self._moderate(node.args[1]):
            return None
        x, d = (self._argument(a, node) for a in node.args)
        return estimates.quotient(self.ops, x, d)

    def _moderate(self, divisor: Node) -> bool:
        """Whether a divisor and its reciprocal are far from the ends of the numbers' range."""
        largest, far = _RANGES[str(element_of(self.kind))]
        return within(divisor, 1.0 / far, far, largest)

    def _divided(self, x: Node, number: Node) -> Any:
        """Return a value divided by a number: times its reciprocal, which is computed once."""
        reciprocal = self.ops.div(
            *self._alike([self.ops.constant(_DOUBLE, 1.0), self._known[number]])
        )
        return self.ops.mul(self._known[x], self._spread(reciprocal))

    def _alike(self, args: list[Any]) -> list[Any]:
        """Return numbers as vectors where one of them differs between networks side by side."""
        wide = [a.type for a in args if isinstance(a.type, ir.VectorType)]
        if not wide:
            return args
        return [self.ops.splat(wide[0], a) if a.type == _DOUBLE else a for a in args]

    def _shared(self, x: Node, d: Node) -> Any:
        """Return x / d, or x / d^2, by the reciprocal of d that other divisions use as well."""
        base = root(d)
        if base not in self._reciprocals:
            self._reciprocals[base] = self._reciprocal(base)
        reciprocal = self._reciprocals[base]
        value = self._as_value(x, self._known[x]) if x.kind == NUMBER else self._known[x]
        found = self.ops.mul(value, reciprocal)
        return found if base is d else self.ops.mul(found, reciprocal)

    def _reciprocal(self, base: Node) -> Any:
        """Return 1 / d."""
        one, d = self.ops.constant(self.kind, 1.0), self._written(base)
        found = estimates.reciprocal(self.ops, d) if self._moderate(base) else None
        return self.ops.div(one, d) if found is None else found

    def _argument(self, a: Node, node: Node) -> Any:
        """Return an argument in the type that the node computes in."""
        found = self._known[a]
        values = node.kind == VALUE or any(other.kind == VALUE for other in node.args)
        return self._as_value(a, found) if a.kind == NUMBER and values else found


def _writer(op: str) -> Callable[..., Any]:
    """Return what writes an operation: `write(ops, *args)`."""
    if op in _COMPARISONS:
        return lambda ops, x, y: ops.compare(op, x, y)
    if op in ("pow", "sin", "cos", "erfc"):
        return lambda ops, *args: maths.scalar_call(ops, op, *args)
    if op.startswith("across"):
        return lambda ops, *values: _across(ops, op.split()[1], values)
    found: Callable[..., Any] = _WRITERS.get(op) or getattr(maths, op)
    return found


def _across(ops: Ops, op: str, values: Sequence[Any]) -> Any:
    """Combine the lanes of a value, and return the result in every lane; or several values.

    Half of them meet the other half, until all have met: the order is the same every time, and
    for lanes that of as many values. No product among them is fused with the addition, so that the
    bits are the same, too.
    """
    join = ops.b.fadd if op == "+" else lambda x, y: maximum(ops, x, y)
    if len(values) > 1:
        return _halves(values, join)
    (value,) = values
    kind = value.type
    lanes = lanes_of(kind)
    if lanes == 1:
        return value
    index = ir.IntType(32)
    step = lanes // 2
    while step:
        order = ir.Constant(
            ir.VectorType(index, lanes), [ir.Constant(index, k ^ step) for k in range(lanes)]
        )
        value = join(value, ops.b.shuffle_vector(value, value, order))
        step //= 2
    return value


def _halves(values: Sequence[Any], join: Callable[[Any, Any], Any]) -> Any:
    """Combine values in the order in which lanes meet: k and k + n/2, of the n = 2, 4, 8, ... lanes
    that hold them.

    >>> _halves("abcde", lambda x, y: f"({x}{y})")
    '(((ae)c)(bd))'
    """
    step = 1 << (len(values) - 1).bit_length()
    while len(values) > 1:
        step //= 2
        pairs = zip(values[:step], values[step:], strict=False)
        values = [*(join(x, y) for x, y in pairs), *values[len(values) - step : step]]
    return values[0]


def maximum(ops: Ops, x: Any, y: Any) -> Any:
    """Return the larger one; NaN where either is."""
    larger = ops.select(ops.compare(">", x, y), x, y)
    return ops.select(ops.b.fcmp_unordered("uno", x, x), x, larger)


_WRITERS: dict[str, Callable[..., Any]] = {
    "+": Ops.add,
    "-": Ops.sub,
    "*": Ops.mul,
    "/": Ops.div,
    "neg": Ops.neg,
    "sqrt": estimates.sqrt,
    "where": Ops.select,
    "maximum": maximum,
    "&": lambda ops, x, y: ops.b.and_(x, y),
    "|": lambda ops, x, y: ops.b.or_(x, y),
    "not": lambda ops, x: ops.b.not_(x),
}
