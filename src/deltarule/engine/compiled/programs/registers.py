"""Small networks in registers: every weight, net, output and delta is a register of its own.

Observations come one after the other. With `lanes` > 1 every register holds that many networks
side by side, which differ in theta, in their rates, in the numbers that `varied` names (see
`varied.py`) and (unless `shared`) in the order of their samples: `side_by_side.py` says where what
belongs to each lies in memory.

    one network          | v v |   a number, the same in the shortest vector there is: exp and
                                   its like take whole numbers out of a vector's bits
    networks in lanes    | v of network 0 | v of 1 | .. |

One network's theta and slots stay in registers for a whole call, so that from one observation to
the next nothing is read but x and T (networks side by side have too many numbers for that:
`variables.py`). The way from x to the new weights is one chain of operations that wait for one
another, and its length is the time of an update.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llvmlite import ir

from deltarule.core.random import CHOICE, STAND_IN
from deltarule.engine.compiled.compiler.lowering import Lowering
from deltarule.engine.compiled.expressions.backpropagation import drawn_numbers
from deltarule.engine.compiled.expressions.formulas import observed_alone
from deltarule.engine.compiled.expressions.moving import TURN, drawn_number
from deltarule.engine.compiled.expressions.symbols import (
    error_symbol,
    fixed_symbols,
    learned_symbols,
    row_symbols,
    slot_symbols,
    theta_symbols,
)
from deltarule.engine.compiled.expressions.tracing import NUMBER, Graph, Node
from deltarule.engine.compiled.expressions.updates import update_each
from deltarule.engine.compiled.expressions.varied import with_numbers
from deltarule.engine.compiled.instructions.machine import Machine
from deltarule.engine.compiled.instructions.operations import WORD, Module, Ops, vector_of, word
from deltarule.engine.compiled.programs.arguments import CallValues, kernel_function
from deltarule.engine.compiled.programs.drawn_numbers import bind_drawn_numbers
from deltarule.engine.compiled.programs.side_by_side import CallReader, ProgramKey
from deltarule.engine.compiled.programs.variables import Variables, all_staying
from deltarule.engine.compiled.specialisation import Specialisation, element

_DOUBLE = ir.DoubleType()

ALONE = ProgramKey()
"""One network, its observations in one order, its rates batch by batch."""


def registers_module(spec: Specialisation, machine: Machine) -> str:
    """Return the text of the module whose function `run(call, number)` does one call."""
    module = Module(machine)
    write_registers(module, "run", spec)
    return str(module)


def write_registers(
    module: Module,
    name: str,
    spec: Specialisation,
    key: ProgramKey = ALONE,
) -> Any:
    """Add the function `name(call, number)`, which does one call, to a module; return it."""
    run = kernel_function(module, name)
    run.args[0].add_attribute("noalias")
    ops = Ops(ir.IRBuilder(run.append_basic_block()))
    _Registers(spec, ops, run.args[0], key)
    return run


class _Registers:
    def __init__(self, spec: Specialisation, ops: Ops, call: Any, key: ProgramKey) -> None:
        self.spec, self.ops, self.lanes, self.varied = spec, ops, key.lanes, key.varied
        self.apart = spec.weighted and not key.shared
        """Whether the networks' batches weigh differently."""
        self.element = element(spec.dtype)
        self.call = CallValues(ops, call)
        self.read = CallReader(ops, self.call, key, self.element)
        self.kind, self.wide = self.read.kind, self.read.wide
        self.theta = self._variables()
        self.slots = [self._variables() for _ in spec.slots]
        self.gradient = None if spec.online else self._variables()
        self.batch_error = ops.b.alloca(self.kind)  # of the observations of a batch, one by one
        self.totals = [ops.b.alloca(self.wide) for _ in range(2)]
        for pointer, variables in self._vectors():
            variables.fetch(pointer)
        self.rate = ops.load(self.call.rates, self.wide) if key.steady else None
        self.fixed = self.read.fixed(len(fixed_symbols(Graph(), spec.objective)))
        count = range(len(key.varied))
        self.hyper = [ops.load(self.call.hyper, self.wide, k * key.lanes) for k in count]
        with self.call.every_epoch(key.lanes) as e:
            self._sums(into_registers=True)
            with ops.loop(0, self.call.count) as s, all_staying(self.theta, *self.slots):
                self._batch(s)
            self._sums(into_registers=False)
            if key.lanes > 1:
                self._keep(e)
        for pointer, variables in self._vectors():
            variables.bring_back(pointer)
        ops.b.ret_void()

    def _variables(self) -> Variables:
        """Return variables, one for each parameter."""
        size, placed = self.spec.objective.network.size, self.lanes > 1
        return Variables(self.ops, self.kind, size, placed=placed)

    def _vectors(self) -> Iterator[tuple[Any, Variables]]:
        """Give theta and the slots: where they lie in the caller's memory, and their variables."""
        yield self.call.theta, self.theta
        for k, slot in enumerate(self.slots):
            yield self.ops.at(self.call.slots, self.element, k * slot.count * self.lanes), slot

    def _sums(self, *, into_registers: bool) -> None:
        """Read the epoch's sums from memory, or write them back."""
        b = self.ops.b
        for k, total in enumerate(self.totals):
            if into_registers:
                b.store(self.ops.load(self.call.totals, self.wide, k * self.lanes), total)
            else:
                self.ops.store(b.load(total, typ=self.wide), self.call.totals, k * self.lanes)

    def _keep(self, e: Any) -> None:
        """Copy theta to epoch e's part of `scratch`, if there is any."""
        b, scratch = self.ops.b, self.call.scratch
        with b.if_then(b.icmp_unsigned("!=", scratch, ir.Constant(ir.PointerType(), None))):
            part = b.mul(e, word(self.theta.count * self.lanes))
            place = self.ops.at(scratch, self.element, part)
            self.theta.bring_back(place)

    def _batch(self, s: Any) -> None:
        """Write one update."""
        o, b, spec = self.ops, self.ops.b, self.spec
        graph = Graph(numbers_first=True)
        rate = self.read.of_batch(self.call.rates, s, True) if self.rate is None else self.rate
        lr = graph.symbol("lr", NUMBER)
        lower = Lowering(o, self.kind)
        lower.bind(lr, rate)
        self.numbers = [graph.symbol(path, NUMBER) for path in self.varied]
        for symbol, value in zip(self.numbers, self.hyper, strict=True):
            lower.bind(symbol, value)
        values = dict(zip(self.varied, self.numbers, strict=True))
        spec = self.spec = with_numbers(spec, values)
        t = graph.symbol("t", NUMBER)
        done = b.add(b.add(self.call.t, s), word(1))
        lower.bind(t, b.sitofp(done, _DOUBLE))
        turn = b.urem(b.sub(done, word(1)), word(len(spec.objective.network.layers)))
        lower.bind(graph.symbol(TURN, NUMBER), b.sitofp(turn, _DOUBLE))
        theta = theta_symbols(graph, spec.objective.network)
        self._bind(lower, theta, self.theta)
        row = b.mul(b.add(self.call.first, s), self.call.batch)
        if spec.online:
            gradient = self._observation(graph, lower, theta, lr, s, row)
        else:
            gradient = self._observations(graph, lower, theta, lr, s, row)
        with b.if_then(b.icmp_signed("!=", self.call.learn, word(0))):
            self._update(graph, lower, theta, gradient, s)

    def _bind(self, lower: Lowering, symbols: list[Node], variables: Variables) -> None:
        """Say that symbols stand for variables: for what they hold, or where they are read."""
        for k, symbol in enumerate(symbols):
            if variables.placed:
                lower.bind_place(symbol, variables.reader(k))
            else:
                lower.bind(symbol, variables.read(k))

    def _observations(
        self, graph: Graph, lower: Lowering, theta: list[Node], lr: Node, s: Any, row: Any
    ) -> list[Node]:
        """Write the loop over a batch; return symbols for the sums over it."""
        o, b, sums = self.ops, self.ops.b, self.gradient
        assert sums is not None
        for k in range(sums.count):
            sums.write(k, o.constant(self.kind, 0.0))
        b.store(o.constant(self.kind, 0.0), self.batch_error)
        end = b.add(row, self.call.batch)
        end = b.select(b.icmp_signed("<", end, self.call.rows), end, self.call.rows)
        with o.loop(row, end) as i, sums.staying():
            inner = Lowering(o, self.kind)
            for symbol in (lr, *self.numbers):
                inner.bind(symbol, lower.number(symbol))
            self._bind(inner, theta, self.theta)
            found = self._observation(graph, inner, theta, lr, s, i)
            for k, g in enumerate(found):
                sums.write(k, o.add(sums.read(k), inner(g)))
        symbols = [graph.symbol(f"dE_d{w.payload}") for w in theta]
        self._bind(lower, symbols, sums)
        return symbols

    def _observation(
        self, graph: Graph, lower: Lowering, theta: list[Node], lr: Node, s: Any, i: Any
    ) -> list[Node]:
        """Write the forward pass of the epoch's observation i; return the gradient."""
        spec, o, b = self.spec, self.ops, self.ops.b
        net = spec.objective.network
        for symbol, read in zip(fixed_symbols(graph, spec.objective), self.fixed, strict=True):
            lower.bind_place(symbol, read)
        if "learned" in spec.objective.feedback_kinds:
            self._bind(lower, learned_symbols(graph, theta), self.slots[-1])
        self.read.row(lower, row_symbols(graph, "x", net.sizes[0]), self.call.X, i)
        self.read.row(lower, row_symbols(graph, "T", net.sizes[-1]), self.call.T, i)
        if not (spec.online and not spec.weighted):
            c = self.read.of_batch(self.call.scales, s, self.apart)
            lower.bind(graph.symbol("c", NUMBER), c)
        if spec.weighted:
            self.read.row(lower, row_symbols(graph, "s", 1), self.call.weight, i)
        found, error = observed_alone(graph, spec, theta, lr)
        row = b.sub(i, b.mul(b.add(self.call.first, s), self.call.batch))
        place = *self._seeds_and_update(s), row
        bind_drawn_numbers(lower, drawn_numbers(graph, spec.objective, found), STAND_IN, place)
        if self.lanes > 1:  # many divisions wait for one another; a single one is sooner ready
            lower.common = graph.common_divisors()
        self._add(0, lower(error))
        if spec.optimiser.by_error:
            more = lower(error)
            if not spec.online:
                more = o.add(b.load(self.batch_error, typ=self.kind), more)
            b.store(more, self.batch_error)
        return found.gradient

    def _update(
        self, graph: Graph, lower: Lowering, theta: list[Node], gradient: list[Node], s: Any
    ) -> None:
        """Write penalty, clipping and the optimiser's update."""
        o, spec = self.ops, self.spec
        if spec.objective.rule.choice.draws:
            terms = [drawn_number(graph, w) for w in theta]
            place = *self._seeds_and_update(s), word(0)
            bind_drawn_numbers(lower, terms, CHOICE, place)
        error = error_symbol(graph, spec)
        if error is not None:
            lower.bind(error, o.b.load(self.batch_error, typ=self.kind))
            if spec.weighted or not spec.online:
                c = graph.symbol("c", NUMBER)
                lower.bind(c, self.read.of_batch(self.call.scales, s, self.apart))
                error = graph.node(c * error)
        found = update_each(graph, spec, theta, gradient, error)
        if found.decay is not None:
            batch = self.read.of_batch(self.call.weights, s, self.apart)
            wide = batch if batch.type == self.wide else o.splat(self.wide, batch)
            self._add(1, lower(found.decay), wide)
        if found.spoilt is not None:
            self._add(1, lower(found.spoilt))
        slots = slot_symbols(graph, spec, theta)
        for symbols, variables in zip(slots, self.slots, strict=True):
            self._bind(lower, symbols, variables)
        # What the deltas read of theta belongs to later layers: it is read before it is written.
        # Of the slots an entry's update needs its own alone.
        for k, new in enumerate(found.new):
            values = [lower(value) for value in new]
            for value, variables in zip(values, (self.theta, *self.slots), strict=True):
                variables.write(k, value)

    def _seeds_and_update(self, s: Any) -> tuple[Any, Any]:
        """Return the networks' seeds, and the number of the update."""
        b, kind = self.ops.b, vector_of(WORD, self.lanes)
        t = b.add(b.add(self.call.t, s), word(1))
        return self.ops.load(self.call.seeds, kind), t

    def _add(self, which: int, value: Any, factor: Any = None) -> None:
        """Add to a total, in float64."""
        b = self.ops.b
        cell = self.read.narrow(value)
        wide = cell if self.element == _DOUBLE else b.fpext(cell, self.wide)
        wide = wide if factor is None else b.fmul(wide, factor)
        total = self.totals[which]
        b.store(b.fadd(b.load(total, typ=self.wide), wide), total)
