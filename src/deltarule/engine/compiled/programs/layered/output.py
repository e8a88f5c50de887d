"""The output layer of a layered program: y, e and delta_L of a batch's samples.

Where the nodes of a sample need each other, as a softmax's do, and fit into one vector, as many
samples as it has lanes are turned round: the lanes are samples then, and every vector is a node.
What goes over the nodes of a sample (a maximum, a sum) is done between vectors, and what there is
once for a sample, such as the logarithm of that sum, is computed once and not in every lane.

    10 classes,            lanes: nodes                             lanes: samples
    16 lanes    sample 0   | net_1 .. net_10 0 .. 0 |      net_1    | sample 0 .. sample 15 |
                ..                                         ..
                sample 15  | net_1 .. net_10 0 .. 0 |      net_10   | sample 0 .. sample 15 |
                           16 exp, 16 log                           10 exp, 1 log

Samples that are left over are written one by one, with the same bits: nodes meet in the order in
which lanes do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from llvmlite import ir

from deltarule.engine.compiled.compiler.lowering import Lowering
from deltarule.engine.compiled.expressions.formulas import output_row
from deltarule.engine.compiled.expressions.moving import drawn_number
from deltarule.engine.compiled.expressions.tracing import CONDITION, NUMBER, Graph, Node, Row
from deltarule.engine.compiled.instructions.operations import WORD, vector_of, word
from deltarule.engine.compiled.instructions.transposition import transposed
from deltarule.engine.compiled.programs.kernel import Kernel
from deltarule.engine.compiled.programs.layered.memory import Memory

_DOUBLE = ir.DoubleType()


class _Sample(NamedTuple):
    """A row of the batch: its number there and in the data, and the address of its targets."""

    row: Any
    number: Any
    T: Any


_Read = Callable[[_Sample, Any, bool], Any]
"""Return a vector of a sample's nodes from node j on; whether it may go beyond the last one."""

_Place = Callable[[Any, Any], Any]
"""Return the address of row i and node j."""


class Outputs:
    """The output layer's elementwise part for the samples of batch `s` of an epoch."""

    def __init__(self, program: Kernel, memory: Memory, index: Any, s: Any) -> None:
        self.program, self.memory, self.index = program, memory, index
        self.layer = len(program.network.layers)
        block = memory.packing.blocks[-1]
        self.units, width = block.units, block.width
        self.lanes = min(width, program.machine.lanes(program.spec.dtype))
        self.chunks = width // self.lanes
        self.kind = vector_of(program.element, self.lanes)
        self._inside = program.o.first_lanes(self.units % self.lanes, self.lanes)
        """Which lanes of the last vector are nodes, where not all are."""
        self.scale = program.o.load(program.call.scales, _DOUBLE, s)

    def write(self, i0: Any, i1: Any) -> None:
        """Write y, e and delta of samples [i0, i1) of the batch."""
        o, b = self.program.o, self.program.o.b
        if self.program.network.output.rowwise and self.chunks == 1 and self.lanes > 1:
            whole = b.and_(b.sub(i1, i0), word(-self.lanes))
            with o.loop(i0, b.add(i0, whole), self.lanes) as i:
                self._turned(i)
            i0 = b.add(i0, whole)
        with o.loop(i0, i1) as i:
            self._alone(i)

    def _turned(self, i: Any) -> None:
        """Write as many samples as there are lanes, from i on: a vector for every node."""
        p, o = self.program, self.program.o
        samples = [self._sample(o.b.add(i, word(k))) for k in range(self.lanes)]
        beyond = self.units < self.lanes

        def read(what: _Read) -> list[Any]:
            found: list[Any] = transposed(o, [what(sample, word(0), beyond) for sample in samples])
            return found[: self.units]

        def write(values: list[Any], place: _Place) -> None:
            zeros = [o.constant(self.kind, 0.0)] * (self.lanes - self.units)
            for sample, value in zip(samples, transposed(o, [*values, *zeros]), strict=True):
                o.store(value, place(sample.row, word(0)))

        weight = None
        if p.spec.weighted:
            numbers = o.load(self.index, vector_of(WORD, self.lanes), i)
            weight = o.gather(p.call.weight, self.kind, numbers)
        graph = Graph(across=lambda op, row: graph.apply(f"across {op}", *row.terms))
        self._add(self._formulas(graph, None, weight, read, write), self.lanes)

    def _alone(self, i: Any) -> None:
        """Write one sample: all its nodes where they need each other, else some at a time."""
        o, whole = self.program.o, self.units // self.lanes
        sample = self._sample(i)
        if self.program.network.output.rowwise:
            every = [word(c * self.lanes) for c in range(self.chunks)]
            self._nodes(sample, every, self.units % self.lanes > 0)
            return
        if whole:
            with o.loop(0, whole * self.lanes, self.lanes) as j:
                self._nodes(sample, [j], False)
        if whole < self.chunks:
            self._nodes(sample, [word(whole * self.lanes)], True)

    def _nodes(self, sample: _Sample, columns: Sequence[Any], beyond: bool) -> None:
        """Write a sample's nodes in the vectors that begin at `columns`.

        `beyond` says that the last of them may have lanes that are no nodes.
        """
        p, o = self.program, self.program.o
        graph = Graph(across=lambda op, row: _across_lanes(graph, op, row, real))
        real = graph.symbol("real", CONDITION) if beyond else None

        def read(what: _Read) -> list[Any]:
            return [what(sample, j, beyond and j is columns[-1]) for j in columns]

        def write(values: list[Any], place: _Place) -> None:
            for j, value in zip(columns, values, strict=True):
                o.store(value, place(sample.row, j))

        weight = None
        if p.spec.weighted:
            weight = o.splat(self.kind, o.load(p.call.weight, p.element, sample.number))
        self._add(self._formulas(graph, real, weight, read, write), 1)

    def _formulas(
        self,
        graph: Graph,
        real: Node | None,
        weight: Any,
        read: Callable[[_Read], list[Any]],
        write: Callable[[list[Any], _Place], None],
    ) -> Any:
        """Write delta_L, and what direct feedback carries back, and return s e."""
        p, o, scratch = self.program, self.program.o, self.program.call.scratch
        lower = Lowering(o, self.kind)

        def bound(name: str, values: list[Any]) -> list[Node]:
            symbols = [graph.symbol(f"{name}[{c}]") for c in range(len(values))]
            for symbol, value in zip(symbols, values, strict=True):
                lower.bind(symbol, value)
            return symbols

        nets, targets = bound("net", read(self._net)), bound("T", read(self._targets))
        if self.layer in self.memory.draws:
            for net, value in zip(nets, read(self._drawn), strict=True):
                lower.bind(drawn_number(graph, net), value)
        if real is not None:
            lower.bind(real, self._inside)
        lower.bind(graph.symbol("c", NUMBER), self.scale)
        if weight is not None:
            lower.bind(graph.symbol("s"), weight)
        error, deltas, sources = output_row(graph, p.spec, nets, targets, real)
        place = self.memory.entry
        write([lower(d) for d in deltas], lambda i, j: place(o, scratch, "delta", self.layer, i, j))
        for l, carried in sources.items():
            values = [lower(d) for d in carried]
            write(values, lambda i, j, l=l: self.memory.source(o, scratch, l, i, j))  # type: ignore[misc]
        return lower(error)

    def _sample(self, i: Any) -> _Sample:
        p, o = self.program, self.program.o
        number = o.load(self.index, WORD, i)
        return _Sample(i, number, o.at(p.call.T, p.element, o.b.mul(number, word(self.units))))

    def _net(self, sample: _Sample, j: Any, beyond: bool) -> Any:
        o, scratch = self.program.o, self.program.call.scratch
        at = self.memory.entry(o, scratch, "net", self.layer, sample.row, j)
        return o.load(at, self.kind)

    def _targets(self, sample: _Sample, j: Any, beyond: bool) -> Any:
        o = self.program.o
        at = o.at(sample.T, self.program.element, j)
        return o.masked_load(at, self.kind, self._inside) if beyond else o.load(at, self.kind)

    def _drawn(self, sample: _Sample, j: Any, beyond: bool) -> Any:
        scratch = self.program.call.scratch
        own = self.layer, sample.row, j, self.kind
        return self.memory.drawn_numbers(self.program.o, scratch, *own)

    def _add(self, value: Any, count: int) -> None:
        """Add the first `count` lanes to the sum of errors, one after another, in float64."""
        p, b = self.program, self.program.o.b
        total = b.load(p.sums[0], typ=_DOUBLE)
        for k in range(count):
            lane = ir.Constant(ir.IntType(32), k)
            one = b.extract_element(value, lane) if self.lanes > 1 else value
            total = b.fadd(total, b.fpext(one, _DOUBLE) if p.element != _DOUBLE else one)
        b.store(total, p.sums[0])


def _across_lanes(graph: Graph, op: str, row: Row, real: Node | None) -> Node:
    """Combine a row's vectors, then the lanes."""
    terms = list(row.terms)
    if real is not None:
        neutral = 0.0 if op == "+" else float("-inf")
        terms[-1] = graph.where(real, terms[-1], neutral)
    return graph.apply(f"across {op}", graph.fold(op, terms))
