"""One network in registers, or several side by side: what a call's arrays hold for them.

| array           | one network             | `lanes` networks side by side                       |
|-----------------|-------------------------|-----------------------------------------------------|
| theta, slots    | w_1, w_2, ..            | w_1 of each, w_2 of each, ..                        |
| rates           | one a batch             | one a network, batch after batch (`steady`: once)   |
| scales, weights | one a batch             | the same, or one a network where samples have       |
|                 |                         | weights and orders differ                           |
| index           | one a row               | the same (`shared`), or one a network, row by row   |
| totals          | E, penalty              | E of each, penalty of each                          |
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from deltarule.engine.compiled.compiler.lowering import Lowering
from deltarule.engine.compiled.expressions.tracing import Node
from deltarule.engine.compiled.instructions.operations import WORD, Ops, vector_of, word
from deltarule.engine.compiled.programs.arguments import CallValues

_DOUBLE = ir.DoubleType()


@dataclass(frozen=True)
class ProgramKey:
    """How networks lie side by side in a program."""

    lanes: int = 1
    """How many."""
    shared: bool = True
    """Whether all see the samples in one order."""
    steady: bool = False
    """Whether rates stay the same along a call."""
    varied: tuple[str, ...] = ()
    """The paths of the numbers in which they differ."""


class CallReader:
    """Reads a call's arrays into registers: a lane a network, or one number in all lanes."""

    def __init__(self, ops: Ops, call: CallValues, key: ProgramKey, element: ir.Type) -> None:
        self.ops, self.call, self.element = ops, call, element
        self.lanes, self.shared = key.lanes, key.shared
        self.cell = vector_of(element, key.lanes)
        """What memory holds of a number: that of every network."""
        # one number lies in a whole register: its bits need not leave it for exp's whole numbers
        shortest = 2 if element == _DOUBLE else 4
        self.kind = self.cell if key.lanes > 1 else vector_of(element, shortest)
        self.wide = vector_of(_DOUBLE, key.lanes)

    def spread(self, cell: Any) -> Any:
        """Return what memory holds as a register."""
        return cell if self.lanes > 1 else self.ops.splat(self.kind, cell)

    def narrow(self, value: Any) -> Any:
        """Return what memory holds of a register."""
        if self.lanes > 1:
            return value
        return self.ops.b.extract_element(value, ir.Constant(ir.IntType(32), 0))

    def of_batch(self, array: Any, s: Any, differs: bool) -> Any:
        """Return the number of batch s, for every network its own where they `differ`."""
        if self.lanes == 1 or not differs:
            return self.ops.load(array, _DOUBLE, s)
        offset = self.ops.b.mul(s, word(self.lanes))
        return self.ops.load(self.ops.at(array, _DOUBLE, offset), self.wide)

    def fixed(self, count: int) -> list[Callable[[], Any]]:
        """Return what reads every entry of the fixed matrices: once, or where it is needed."""
        o, feedback = self.ops, self.call.feedback

        def reader(k: int) -> Callable[[], Any]:
            if self.lanes > 1:
                return lambda: o.load(feedback, self.cell, k * self.lanes)
            value = self.spread(o.load(feedback, self.cell, k))
            return lambda: value

        return [reader(k) for k in range(count)]

    def row(self, lower: Lowering, symbols: Sequence[Node], array: Any, i: Any) -> None:
        """Read a row for the epoch's observation i, of each network its own; symbols stand for it.

        Networks with orders of their own find their rows in different places: gathered.
        """
        o, b = self.ops, self.ops.b
        several = self.lanes > 1 and not self.shared
        if several:
            rows = vector_of(WORD, self.lanes)
            offset = b.mul(i, word(self.lanes))
            sample = o.load(o.at(self.call.index, WORD, offset), rows)
        else:
            rows = WORD
            sample = o.load(self.call.index, WORD, i)
        offset = b.mul(sample, o.constant(rows, len(symbols)))
        for k, symbol in enumerate(symbols):
            entry = b.add(offset, o.constant(rows, k))
            if several:
                lower.bind(symbol, o.gather(array, self.kind, entry))
            else:
                lower.bind(symbol, o.splat(self.kind, o.load(array, self.element, entry)))
