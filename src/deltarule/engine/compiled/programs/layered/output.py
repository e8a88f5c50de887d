"""The output layer of a layered program: y, e and delta_L along the row of one sample."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from deltarule.engine.compiled.compiler.lowering import Lowering
from deltarule.engine.compiled.expressions.formulas import output_row
from deltarule.engine.compiled.expressions.moving import drawn_number
from deltarule.engine.compiled.expressions.tracing import CONDITION, NUMBER, Graph, Node, Row
from deltarule.engine.compiled.instructions.operations import vector_of
from deltarule.engine.compiled.programs.kernel import Kernel
from deltarule.engine.compiled.programs.layered.memory import Memory

_DOUBLE = ir.DoubleType()


class OutputRow:
    """The output layer's elementwise part for one sample, some vectors of nodes at a time."""

    def __init__(
        self, program: Kernel, memory: Memory, T: Any, scale: Any, weight: Any, lanes: int
    ) -> None:
        self.memory = memory
        self.program, self.T, self.scale, self.weight = program, T, scale, weight
        self.kind = vector_of(program.element, lanes)
        self.lanes = lanes

    def write(self, i: Any, columns: list[Any], units: int | None) -> None:
        """Write y, e and delta of sample i in the vectors that begin at `columns`.

        `units` is the number of nodes, where the last vector may have lanes beyond them.
        """
        p, o = self.program, self.program.o
        L = len(p.network.layers)
        lower = Lowering(o, self.kind)
        beyond = units is not None and units % self.lanes != 0
        graph = Graph(across=lambda op, row: self._across(graph, op, row, real))
        real = graph.symbol("real", CONDITION) if beyond else None
        mask = self._mask(units) if beyond else None
        if real is not None:
            lower.bind(real, mask)
        nets, targets = [], []
        for c, j in enumerate(columns):
            net, T = graph.symbol(f"net[{c}]"), graph.symbol(f"T[{c}]")
            offset = self.memory.entry(o, p.call.scratch, "net", L, i, j)
            lower.bind(net, o.load(offset, self.kind))
            if L in self.memory.draws:
                found = self.memory.drawn_numbers(o, p.call.scratch, L, i, j, self.kind)
                lower.bind(drawn_number(graph, net), found)
            at = o.at(self.T, p.element, j)
            last = beyond and c == len(columns) - 1
            lower.bind(T, o.masked_load(at, self.kind, mask) if last else o.load(at, self.kind))
            nets.append(net)
            targets.append(T)
        lower.bind(graph.symbol("c", NUMBER), self.scale)
        if self.weight is not None:
            lower.bind(graph.symbol("s"), o.splat(self.kind, self.weight))
        error, deltas, sources = output_row(graph, p.spec, nets, targets, real)
        for j, d in zip(columns, deltas, strict=True):
            o.store(lower(d), self.memory.entry(o, p.call.scratch, "delta", L, i, j))
        for l, carried in sources.items():
            for j, d in zip(columns, carried, strict=True):
                o.store(lower(d), self.memory.source(o, p.call.scratch, l, i, j))
        self._add(lower(error))

    def _add(self, value: Any) -> None:
        """Add the first lane to the sum of errors, in float64."""
        p, b = self.program, self.program.o.b
        if self.lanes > 1:
            value = b.extract_element(value, ir.Constant(ir.IntType(32), 0))
        if p.element != _DOUBLE:
            value = b.fpext(value, _DOUBLE)
        b.store(b.fadd(b.load(p.sums[0], typ=_DOUBLE), value), p.sums[0])

    def _mask(self, units: int | None) -> Any:
        rest = (units or 0) % self.lanes
        bit = ir.IntType(1)
        values = [ir.Constant(bit, int(k < rest)) for k in range(self.lanes)]
        return ir.Constant(ir.VectorType(bit, self.lanes), values)

    def _across(self, graph: Graph, op: str, row: Row, real: Node | None) -> Node:
        """Combine a row's vectors, then the lanes."""
        terms = list(row.terms)
        if real is not None:
            neutral = 0.0 if op == "+" else float("-inf")
            terms[-1] = graph.where(real, terms[-1], neutral)
        return graph.apply(f"across {op}", graph.fold(op, terms))
