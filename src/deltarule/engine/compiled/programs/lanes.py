"""Small networks with batches: the batch's observations lie side by side in the lanes.

Every net, output and delta is a register whose lanes are observations; a weight is one number,
read into all lanes. The gradient's lanes are added up at the end of the batch, and the update
then runs along theta.

    theta[k]                    | w_k   w_k   w_k   w_k  |      one number, read into all lanes
    X[index[i:], j]             | x_ij  x_i+1,j  ..      |      rows turned round, one a lane
    dE/dw_k                     | of i  of i+1   ..      |      a register (or stack) a parameter
    update                      | w_k   w_k+1  w_k+2 ..  |      a parameter a lane

Between the last two stands a transposition with additions: of `width` registers of dE/dw the
lanes are folded in pairs, so that one register holds the sums of all of them (`Ops.sums_of`);
that is width - 1 additions for `width` sums, where each alone would take log2(lanes).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from llvmlite import ir

from deltarule.core.random import STAND_IN
from deltarule.engine.compiled.compiler.lowering import Lowering
from deltarule.engine.compiled.expressions.backpropagation import drawn_numbers
from deltarule.engine.compiled.expressions.formulas import observed_side_by_side
from deltarule.engine.compiled.expressions.moving import TURN
from deltarule.engine.compiled.expressions.symbols import (
    error_symbol,
    fixed_symbols,
    learned_symbols,
    row_symbols,
    theta_symbols,
)
from deltarule.engine.compiled.expressions.tracing import CONDITION, NUMBER, Graph, Node
from deltarule.engine.compiled.expressions.updates import update_along
from deltarule.engine.compiled.instructions.machine import Machine
from deltarule.engine.compiled.instructions.operations import WORD, Module, Ops, vector_of, word
from deltarule.engine.compiled.instructions.transposition import columns
from deltarule.engine.compiled.programs.along import flags_along, numbers_along
from deltarule.engine.compiled.programs.arguments import CallValues, kernel_function
from deltarule.engine.compiled.programs.drawn_numbers import bind_drawn_numbers
from deltarule.engine.compiled.specialisation import Specialisation, element
from deltarule.engine.update import rate_factors

_HALF, _DOUBLE = ir.IntType(32), ir.DoubleType()


def lanes_size(spec: Specialisation, machine: Machine) -> int:
    """Return the entries of theta as the program keeps it: whole vectors."""
    lanes = machine.lanes(spec.dtype)
    return -(-spec.objective.network.size // lanes) * lanes


def lanes_of(spec: Specialisation, machine: Machine, batch: int) -> int:
    """Return how many observations lie side by side.

    Two registers' worth of them keep the processor busy while one waits.
    """
    return min(2 * machine.lanes(spec.dtype), 1 << (batch - 1).bit_length())


def lanes_module(spec: Specialisation, machine: Machine, batch: int) -> str:
    """Return the text of the module whose function `run(call, number)` does one call."""
    module = Module(machine)
    run = kernel_function(module, "run")
    _Lanes(spec, machine, Ops(ir.IRBuilder(run.append_basic_block())), run.args[0], batch)
    return str(module)


class _Lanes:
    def __init__(
        self, spec: Specialisation, machine: Machine, ops: Ops, call: Any, batch: int
    ) -> None:
        self.spec, self.ops, self.batch = spec, ops, batch
        self.element = element(spec.dtype)
        self.width = machine.lanes(spec.dtype)
        self.lanes = lanes_of(spec, machine, batch)
        self.kind = vector_of(self.element, self.lanes)
        self.along = vector_of(self.element, self.width)
        self.size = lanes_size(spec, machine)
        self.call = CallValues(ops, call)
        b = ops.b
        self.gradient = [b.alloca(self.kind) for _ in range(spec.objective.network.size)]
        self.error = b.alloca(self.kind)
        self.totals = [b.alloca(_DOUBLE) for _ in range(2)]
        with self.call.every_epoch():
            for k, total in enumerate(self.totals):
                b.store(ops.load(self.call.totals, _DOUBLE, k), total)
            with ops.loop(0, self.call.count) as s:
                self._batch(s)
            for k, total in enumerate(self.totals):
                ops.store(b.load(total, typ=_DOUBLE), self.call.totals, k)
        b.ret_void()

    def _batch(self, s: Any) -> None:
        """Write one update."""
        o, b = self.ops, self.ops.b
        row = b.mul(b.add(self.call.first, s), self.call.batch)
        rest = b.sub(self.call.rows, row)
        n = b.select(b.icmp_signed("<", rest, self.call.batch), rest, self.call.batch)
        if self.batch <= self.lanes:  # one look at the whole batch
            gradient, error = self._observations(s, row, word(0), n)
        else:
            for total in (*self.gradient, self.error):
                b.store(o.constant(self.kind, 0.0), total)
            with o.loop(0, n, self.lanes) as i:
                found, e = self._observations(s, row, i, n)
                for value, total in zip((*found, e), (*self.gradient, self.error), strict=True):
                    b.store(o.add(b.load(total, typ=self.kind), value), total)
            gradient = [b.load(total, typ=self.kind) for total in self.gradient]
            error = b.load(self.error, typ=self.kind)
        total = o.sum_lanes(error)
        self._add(0, total)
        with b.if_then(b.icmp_signed("!=", self.call.learn, word(0))):
            self._update(s, self._sums(gradient), total)

    def _observations(self, s: Any, row: Any, i: Any, n: Any) -> tuple[list[Any], Any]:
        """Write the passes of observations i, i + 1, ... of the batch; return gradient and e."""
        o, spec = self.ops, self.spec
        graph = Graph()
        lower = Lowering(o, self.kind)
        net = spec.objective.network
        theta = theta_symbols(graph, net)
        for k, symbol in enumerate(theta):
            lower.bind(symbol, o.splat(self.kind, o.load(self.call.theta, self.element, k)))
        for k, symbol in enumerate(fixed_symbols(graph, spec.objective)):
            lower.bind(symbol, o.splat(self.kind, o.load(self.call.feedback, self.element, k)))
        if "learned" in spec.objective.feedback_kinds:
            B = o.at(self.call.slots, self.element, (len(spec.slots) - 1) * self.size)
            for k, symbol in enumerate(learned_symbols(graph, theta)):
                lower.bind(symbol, o.splat(self.kind, o.load(B, self.element, k)))
        samples, inside = self._samples(row, i, n)
        self._read(graph, lower, "x", self.call.X, net.sizes[0], samples)
        self._read(graph, lower, "T", self.call.T, net.sizes[-1], samples)
        lower.bind(graph.symbol("inside", CONDITION), inside)
        lower.bind(graph.symbol("c", NUMBER), o.load(self.call.scales, _DOUBLE, s))
        if spec.weighted:
            self._read(graph, lower, "s", self.call.weight, 1, samples)
        found, error = observed_side_by_side(graph, spec, theta)
        t = o.b.add(o.b.add(self.call.t, s), word(1))
        place = o.load(self.call.seeds, WORD), t, self._rows(i)
        bind_drawn_numbers(lower, drawn_numbers(graph, spec.objective, found), STAND_IN, place)
        lower.common = graph.common_divisors()
        return [lower(g) for g in found.gradient], lower(error)

    def _samples(self, row: Any, i: Any, n: Any) -> tuple[list[Any], Any]:
        """Return the lanes' samples, and which lanes lie inside the batch.

        Lanes beyond the batch look at its last sample, and count for nothing: a sample of another
        batch might be infinite where these are not, and 0 inf is not 0.
        """
        o, b = self.ops, self.ops.b
        last = b.sub(n, word(1))
        rows = [b.add(i, word(k)) for k in range(self.lanes)]
        rows = [b.select(b.icmp_signed("<", k, last), k, last) for k in rows]
        samples = [o.load(self.call.index, WORD, b.add(row, k)) for k in rows]
        if self.lanes == 1:
            return samples, ir.Constant(ir.IntType(1), 1)
        several = ir.VectorType(WORD, self.lanes)
        return samples, b.icmp_signed("<", self._rows(i), o.splat(several, n))

    def _rows(self, i: Any) -> Any:
        """Return the batch's rows that lie in the lanes: i, i + 1, ..."""
        if self.lanes == 1:
            return i
        several = ir.VectorType(WORD, self.lanes)
        steps = ir.Constant(several, [word(k) for k in range(self.lanes)])
        return self.ops.b.add(self.ops.splat(several, i), steps)

    def _read(
        self, graph: Graph, lower: Lowering, name: str, array: Any, width: int, samples: list[Any]
    ) -> None:
        """Read the entries of the samples' rows from memory; symbols stand for them."""
        starts = [self.ops.b.mul(sample, word(width)) for sample in samples]
        values = columns(self.ops, array, self.element, starts, width, self.width)
        for symbol, value in zip(row_symbols(graph, name, width), values, strict=True):
            lower.bind(symbol, value)

    def _sums(self, gradient: Sequence[Any]) -> list[Any]:
        """Return the sums of the lanes, as vectors along theta."""
        o = self.ops
        nothing = o.constant(self.kind, 0.0)
        padding = [nothing] * (self.size - len(gradient))
        every = [o.fold_lanes(g, self.width) for g in (*gradient, *padding)]
        starts = range(0, self.size, self.width)
        return [o.sums_of(every[k : k + self.width]) for k in starts]

    def _update(self, s: Any, sums: list[Any], total: Any) -> None:
        """Write penalty, clipping and the optimiser's update along theta.

        `total` is the sum of s_i e_i over the batch.
        """
        o, b, spec = self.ops, self.ops.b, self.spec
        graph = Graph()
        lower = Lowering(o, self.along)
        chunks = range(len(sums))
        gradient = [self._symbol(graph, lower, f"dE[{c}]", sums[c]) for c in chunks]
        arrays = {"w": self.call.theta}
        for k, name in enumerate(spec.slots):
            arrays[name] = o.at(self.call.slots, self.element, k * self.size)
        theta, *slots = (
            [self._vector(graph, lower, name, array, c) for c in chunks]
            for name, array in arrays.items()
        )
        lower.bind(graph.symbol("lr", NUMBER), o.load(self.call.rates, _DOUBLE, s))
        done = b.add(b.add(self.call.t, s), word(1))
        lower.bind(graph.symbol("t", NUMBER), b.sitofp(done, _DOUBLE))
        penalised, trained = (self._flags(graph, lower, n) for n in ("penalised", "trained"))
        turn = b.urem(b.sub(done, word(1)), word(len(spec.objective.network.layers)))
        lower.bind(graph.symbol(TURN, NUMBER), b.sitofp(turn, _DOUBLE))
        layers = self._layers_along(graph, lower)
        error = error_symbol(graph, spec)
        if error is not None:
            lower.bind(error, o.splat(self.along, total))
            scale = graph.symbol("c", NUMBER)
            lower.bind(scale, o.load(self.call.scales, _DOUBLE, s))
            error = graph.node(scale * error)
        factors = self._along(graph, lower, "factor", rate_factors(spec.objective, spec.optimiser))
        found = update_along(
            graph, spec, theta, gradient, penalised, trained, slots, layers, factors, error
        )
        if found.decay is not None:
            decay = self._first(lower(found.decay))
            self._add(1, decay, o.load(self.call.weights, _DOUBLE, s))
        if found.spoilt is not None:
            self._add(1, self._first(lower(found.spoilt)))
        for c, values in enumerate(found.new):
            for array, value in zip(arrays.values(), values, strict=True):
                o.store(self._real(lower(value), c), array, c * self.width)

    def _symbol(self, graph: Graph, lower: Lowering, name: str, value: Any) -> Node:
        symbol = graph.symbol(name)
        lower.bind(symbol, value)
        return symbol

    def _vector(self, graph: Graph, lower: Lowering, name: str, array: Any, c: int) -> Node:
        value = self.ops.load(array, self.along, c * self.width)
        return self._symbol(graph, lower, f"{name}[{c}]", value)

    def _layers_along(self, graph: Graph, lower: Lowering) -> list[Node]:
        """Return the layer, less 1, of every entry along theta, where each layer has its turn."""
        objective = self.spec.objective
        if objective.rule.order != "layerwise":
            return []
        numbers = np.full(objective.network.size, -1.0)
        for e in objective.network.layout.entries:
            numbers[e.start : e.stop] = e.layer - 1
        return self._along(graph, lower, "layer", numbers)

    def _along(self, graph: Graph, lower: Lowering, name: str, numbers: Any) -> list[Node]:
        """Return symbols for numbers along theta, a vector each; none for None."""
        if numbers is None:
            return []
        constants = numbers_along(self.along, numbers, self.size)
        return [
            self._symbol(graph, lower, f"{name}[{c}]", value) for c, value in enumerate(constants)
        ]

    def _flags(self, graph: Graph, lower: Lowering, name: str) -> list[Any]:
        """Return, for every vector along theta, which of its lanes have an attribute."""
        mask = self.spec.objective.network.layout.mask(name)
        if mask.all():  # lanes beyond theta hold zeros
            return [True] * (self.size // self.width)
        found = []
        for c, value in enumerate(flags_along(self.width, mask, self.size)):
            symbol = graph.symbol(f"{name}[{c}]", CONDITION)
            lower.bind(symbol, value)
            found.append(symbol)
        return found

    def _real(self, value: Any, c: int) -> Any:
        """Return the value with 0 in the lanes beyond theta."""
        count = self.spec.objective.network.size
        if (c + 1) * self.width <= count:
            return value
        inside = flags_along(self.width, np.ones(count, bool), self.size)[c]
        return self.ops.select(inside, value, self.ops.constant(self.along, 0.0))

    def _first(self, value: Any) -> Any:
        return self.ops.b.extract_element(value, ir.Constant(_HALF, 0))

    def _add(self, which: int, value: Any, factor: Any = None) -> None:
        """Add a number to a total, in float64."""
        b = self.ops.b
        wide = value if self.element == _DOUBLE else b.fpext(value, _DOUBLE)
        wide = wide if factor is None else b.fmul(wide, factor)
        total = self.totals[which]
        b.store(b.fadd(b.load(total, typ=_DOUBLE), wide), total)
