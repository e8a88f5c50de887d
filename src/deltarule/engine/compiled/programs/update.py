"""Penalty, clipping and the optimiser's update over all parameters, each thread its own part."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir

from deltarule.engine.compiled.compiler.lowering import Lowering
from deltarule.engine.compiled.expressions.moving import TURN, of_turn
from deltarule.engine.compiled.expressions.tracing import NUMBER, VALUE, Graph, Node
from deltarule.engine.compiled.expressions.updates import clipped, decay, entry, moved, nothing
from deltarule.engine.compiled.instructions.operations import vector_of, word
from deltarule.engine.compiled.programs.kernel import Kernel
from deltarule.engine.compiled.programs.places import Part
from deltarule.engine.compiled.specialisation import Specialisation
from deltarule.engine.update import rate_factors

_DOUBLE = ir.DoubleType()


def layer_factors(spec: Specialisation) -> dict[int, float]:
    """Return what lr is multiplied by in every layer."""
    found, network = rate_factors(spec.objective, spec.optimiser), spec.objective.network
    if found is None:
        return dict.fromkeys(range(1, len(network.layers) + 1), 1.0)
    return {e.layer: float(found[e.start]) for e in network.layout.entries}


class Update:
    """Write the update of a program's parameters, each thread its own part."""

    def __init__(self, program: Kernel) -> None:
        self.p = program
        self.squares = program.o.b.alloca(_DOUBLE)
        self.factors = layer_factors(program.spec)

    def write(self, layers: list[int], s: Any) -> None:
        """Write the update of some layers from the gradient in the working memory."""
        p, spec = self.p, self.p.spec
        self.batch_weight = p.o.load(p.call.weights, _DOUBLE, s)
        self.length: Any = None
        if spec.clipping.norm is not None:
            self._measure(layers, s)
        self._numbers(s)
        for self.layer in layers:
            self.each(self.layer, self._step)

    def _numbers(self, s: Any) -> None:
        """Write what is one number for all parameters, such as 1 - beta^t, before their loops."""
        p, o, b = self.p, self.p.o, self.p.o.b
        self.graph = Graph()
        lower = Lowering(o, p.element)
        t = b.add(b.add(p.call.t, s), word(1))
        layers = word(len(p.network.layers))
        turn = b.urem(b.sub(t, word(1)), layers)
        values = {"lr": o.load(p.call.rates, _DOUBLE, s), "t": b.sitofp(t, _DOUBLE)}
        values[TURN] = b.sitofp(turn, _DOUBLE)
        for name, value in values.items():
            lower.bind(self.graph.symbol(name, NUMBER), value)
        w, g, *slots = (self.graph.symbol(n) for n in ("w", "dE_dw", *p.spec.slots))
        for penalised in (True, False):
            moved(self.graph, p.spec, w, g, penalised, slots)
        self.numbers = {node: lower.number(node) for node in self.graph.numbers()}

    def each(self, l: int, write: Callable[..., None]) -> None:
        """Write a loop over this thread's part of layer l, a vector at a time."""
        p, o, b = self.p, self.p.o, self.p.o.b
        columns = p.share_of_columns(l)
        for part in p.packing.parts(l):
            k0, k1 = p.share_of_rows(part.rows) if columns is None else (0, part.rows)
            with o.loop(k0, k1) as k:
                row = b.mul(k, word(part.width))
                self._row(part, b.add(word(part.start), row), columns, write)

    def _row(self, part: Part, offset: Any, columns: Any, write: Callable[..., None]) -> None:
        """Write a row's vectors: whole ones in a loop, then one with lanes beyond the units."""
        p, o, b = self.p, self.p.o, self.p.o.b
        lanes = min(part.width, p.machine.lanes(p.spec.dtype))
        kind = vector_of(p.element, lanes)
        whole = part.units // lanes * lanes
        first, last = columns or (word(0), word(part.width))
        if whole:
            within = b.icmp_signed("<", last, word(whole))
            with o.loop(first, b.select(within, last, word(whole)), lanes) as j:
                write(kind, b.add(offset, j), part.penalised, part.trained, None)
        if whole < part.units:
            bit = ir.IntType(1)
            flags = [ir.Constant(bit, int(whole + k < part.units)) for k in range(lanes)]
            mask = ir.Constant(ir.VectorType(bit, lanes), flags)
            at = b.add(offset, word(whole))
            with b.if_then(b.icmp_signed(">", last, word(whole))):
                write(kind, at, part.penalised, part.trained, mask)

    def _gradient(
        self, graph: Graph, lower: Lowering, kind: Any, offset: Any, decays: bool, moves: bool
    ) -> tuple[Node, Node]:
        """Return (w, g): a parameter, and dE/dw with the penalty in it."""
        p, o = self.p, self.p.o
        lower.bind(graph.symbol("w"), o.load(p.call.theta, kind, offset))
        lower.bind(graph.symbol("dE_dw"), o.load(p.address("gradient"), kind, offset))
        return entry(graph, p.spec, decays, moves)

    def _clipped(self, graph: Graph, lower: Lowering, g: Node) -> tuple[Node, list[Node]]:
        """Return the clipped gradient, and what is summed over all parameters on the way."""
        if self.length is not None:
            lower.bind(graph.symbol("squares"), self.p.o.splat(lower.kind, self.length))
        return clipped(graph, self.p.spec, g)

    def _measure(self, layers: list[int], s: Any) -> None:
        """Write |g|^2 over all trained parameters: every thread's part, then their sum."""
        p, o, b = self.p, self.p.o, self.p.o.b
        b.store(ir.Constant(_DOUBLE, 0.0), self.squares)

        def part(kind: Any, offset: Any, decays: bool, moves: bool, mask: Any) -> None:
            if not moves:
                return
            graph = Graph()
            lower = Lowering(o, kind)
            _, g = self._gradient(graph, lower, kind, offset, decays, moves)
            (term,) = self._clipped(graph, lower, g)[1]
            self._accumulate(self.squares, lower(graph.node(term)), mask)

        for l in layers:
            self.each(l, part)
        partial = p.address("partial")
        # two sets in turn: a thread may be one update ahead of one that still reads
        even = b.and_(s, word(1))
        turn = b.mul(b.add(even, word(1)), b.mul(p.call.threads, word(8)))
        own = b.add(turn, b.mul(p.number, word(8)))
        o.store(b.load(self.squares, typ=_DOUBLE), partial, own)
        p.group.wait()
        b.store(ir.Constant(_DOUBLE, 0.0), self.squares)
        with o.loop(0, p.call.threads) as k:
            other = o.load(partial, _DOUBLE, b.add(turn, b.mul(k, word(8))))
            b.store(b.fadd(b.load(self.squares, typ=_DOUBLE), other), self.squares)
        length = b.load(self.squares, typ=_DOUBLE)
        self.length = length if p.element == _DOUBLE else b.fptrunc(length, p.element)

    def _step(self, kind: Any, offset: Any, decays: bool, moves: bool, mask: Any) -> None:
        """Write the optimiser's update of one vector of parameters."""
        p, o = self.p, self.p.o
        spec = p.spec
        graph = self.graph
        lower = Lowering(o, kind)
        for node, value in self.numbers.items():
            lower.bind(node, value)
        w, g = self._gradient(graph, lower, kind, offset, decays, moves)
        if decays and spec.objective.penalties:
            self._penalty(graph, lower, w, mask)
        if spec.clipping.value is not None:  # what is infinite may not vanish in a bound
            self._accumulate(self.p.sums[1], lower(nothing(g)), mask)
        if moves and spec.clipping.active:
            g, _ = self._clipped(graph, lower, g)
        slots = [graph.symbol(name, VALUE) for name in spec.slots]
        arrays = [p.call.theta]
        for k, slot in enumerate(slots):
            arrays.append(o.at(p.call.slots, p.element, k * p.packing.size))
            lower.bind(slot, o.load(arrays[-1], kind, offset))
        turn = of_turn(graph, spec.objective, self.layer)
        changed = moved(graph, spec, w, g, decays, slots, self.factors[self.layer])
        pairs = zip(changed, (w, *slots), strict=True)
        values = [lower(graph.node(graph.where(turn, new, old))) for new, old in pairs]
        for array, value in zip(arrays, values, strict=True):
            kept = value if mask is None else o.select(mask, value, o.constant(kind, 0.0))
            o.store(kept, array, offset)

    def _penalty(self, graph: Graph, lower: Lowering, w: Node, mask: Any) -> None:
        """Add this vector's part of (batch weight) * (the penalties) to the sums."""
        term = lower(decay(graph, self.p.spec, w))
        self._accumulate(self.p.sums[1], term, mask, self.batch_weight)

    def _accumulate(self, total: Any, value: Any, mask: Any, factor: Any = None) -> None:
        """Add a vector's lanes to a sum, in float64."""
        p, o, b = self.p, self.p.o, self.p.o.b
        if mask is not None:
            value = o.select(mask, value, o.constant(value.type, 0.0))
        if isinstance(value.type, ir.VectorType):
            value = o.sum_lanes(value)
        if p.element != _DOUBLE:
            value = b.fpext(value, _DOUBLE)
        value = value if factor is None else b.fmul(value, factor)
        b.store(b.fadd(b.load(total, typ=_DOUBLE), value), total)
