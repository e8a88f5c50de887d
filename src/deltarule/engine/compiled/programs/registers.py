"""Small networks in registers: every weight, net, output and delta is a register of its own.

Observations come one after the other. With `lanes` > 1 every register holds that many networks
side by side, which differ in theta, in their rates and (unless `shared`) in the order of their
samples; what belongs to a network then has the networks as its last axis: theta, the slots, the
rates, the totals, where not `shared` the index, and where samples have weights, too, the scales and
the batches' weights. `varied` names the numeric parameters of records in which the networks differ
(see `varied.py`). With `steady` rates those of the first batch serve all batches of a call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from llvmlite import ir

from deltarule.core.random import CHOICE, STAND_IN
from deltarule.engine.compiled.compiler.lowering import Lowering
from deltarule.engine.compiled.expressions.backpropagation import (
    drawn_numbers,
    fixed_symbols,
    learned_symbols,
    theta_symbols,
)
from deltarule.engine.compiled.expressions.formulas import (
    error_symbol,
    observed_alone,
    row_symbols,
    slot_symbols,
    update_each,
)
from deltarule.engine.compiled.expressions.moving import TURN, drawn_number
from deltarule.engine.compiled.expressions.tracing import NUMBER, Graph, Node
from deltarule.engine.compiled.expressions.varied import with_numbers
from deltarule.engine.compiled.instructions.machine import Machine
from deltarule.engine.compiled.instructions.operations import Module, Ops, vector_of
from deltarule.engine.compiled.programs.arguments import CallValues, kernel_function
from deltarule.engine.compiled.programs.drawn_numbers import bind_drawn_numbers
from deltarule.engine.compiled.programs.variables import Variables
from deltarule.engine.compiled.specialisation import Specialisation, element

__all__ = ["registers_module", "write_registers"]

_WORD, _DOUBLE = ir.IntType(64), ir.DoubleType()


def registers_module(spec: Specialisation, machine: Machine) -> str:
    """Return the text of the module whose function `run(call, number)` does one call."""
    module = Module(machine)
    write_registers(module, "run", spec)
    return str(module)


def write_registers(
    module: Module,
    name: str,
    spec: Specialisation,
    lanes: int = 1,
    shared: bool = True,
    varied: tuple[str, ...] = (),
    steady: bool = False,
) -> Any:
    """Add the function `name(call, number)`, which does one call, to a module; return it."""
    run = kernel_function(module, name)
    run.args[0].add_attribute("noalias")
    ops = Ops(ir.IRBuilder(run.append_basic_block()))
    _Registers(spec, ops, run.args[0], lanes, shared, varied, steady)
    return run


class _Registers:
    def __init__(
        self,
        spec: Specialisation,
        ops: Ops,
        call: Any,
        lanes: int,
        shared: bool,
        varied: tuple[str, ...],
        steady: bool,
    ) -> None:
        self.spec, self.ops, self.lanes, self.shared = spec, ops, lanes, shared
        self.varied = varied
        self.apart = spec.weighted and not shared
        """Whether the networks' batches weigh differently."""
        self.element = element(spec.dtype)
        self.cell = vector_of(self.element, lanes)
        # one number lies in a whole register: its bits need not leave it for exp's whole numbers
        self.kind = self.cell if lanes > 1 else vector_of(self.element, _alone(self.element))
        self.wide = vector_of(_DOUBLE, lanes)
        self.call = CallValues(ops, call)
        self.theta = self._variables()
        self.slots = [self._variables() for _ in spec.slots]
        self.gradient = None if spec.online else self._variables()
        self.batch_error = ops.b.alloca(self.kind)  # of the observations of a batch, one by one
        self.totals = [ops.b.alloca(self.wide) for _ in range(2)]
        self._fetch()
        self.rate = ops.load(self.call.rates, self.wide) if steady else None
        self.fixed = self._feedback()
        self.hyper = [ops.load(self.call.hyper, self.wide, k * lanes) for k in range(len(varied))]
        with self.call.every_epoch(lanes) as e:
            self._sums(into_registers=True)
            with ops.loop(0, self.call.count) as s, self._staying(self.theta, *self.slots):
                self._batch(s)
            self._sums(into_registers=False)
            if lanes > 1:
                self._keep(e)
        self._bring_back()
        ops.b.ret_void()

    def _feedback(self) -> list[Callable[[], Any]]:
        """Return what reads every entry of the fixed matrices: once, or where it is needed."""
        o = self.ops
        count = len(fixed_symbols(Graph(), self.spec.objective))

        def reader(k: int) -> Callable[[], Any]:
            if self.lanes > 1:
                return lambda: o.load(self.call.feedback, self.cell, k * self.lanes)
            value = self._spread(o.load(self.call.feedback, self.cell, k))
            return lambda: value

        return [reader(k) for k in range(count)]

    def _variables(self) -> Variables:
        """Return variables, one for each parameter."""
        size, placed = self.spec.objective.network.size, self.lanes > 1
        return Variables(self.ops, self.kind, size, placed=placed)

    @contextmanager
    def _staying(self, *several: Variables) -> Iterator[None]:
        """Leave variables in memory in a turn of a loop."""
        with ExitStack() as stack:
            for variables in several:
                stack.enter_context(variables.staying())
            yield

    def _vectors(self) -> Iterator[tuple[Any, Variables]]:
        """Give theta and the slots: where they lie in the caller's memory, and their variables."""
        yield self.call.theta, self.theta
        for k, slot in enumerate(self.slots):
            yield self.ops.at(self.call.slots, self.element, k * slot.count * self.lanes), slot

    def _fetch(self) -> None:
        """Read theta and the slots from the caller's memory."""
        for pointer, variables in self._vectors():
            for k in range(variables.count):
                cell = self.ops.load(pointer, self.cell, k * self.lanes)
                variables.write(k, self._spread(cell))

    def _bring_back(self) -> None:
        """Write theta and the slots to the caller's memory."""
        for pointer, variables in self._vectors():
            for k in range(variables.count):
                self.ops.store(self._cell(variables.read(k)), pointer, k * self.lanes)

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
            part = b.mul(e, self._word(self.theta.count * self.lanes))
            place = self.ops.at(scratch, self.element, part)
            for k in range(self.theta.count):
                self.ops.store(self._cell(self.theta.read(k)), place, k * self.lanes)

    def _batch(self, s: Any) -> None:
        """Write one update."""
        o, b, spec = self.ops, self.ops.b, self.spec
        graph = Graph(numbers_first=True)
        rate = self._of_batch(self.call.rates, s, True) if self.rate is None else self.rate
        lr = graph.symbol("lr", NUMBER)
        lower = Lowering(o, self.kind)
        lower.bind(lr, rate)
        self.numbers = [graph.symbol(path, NUMBER) for path in self.varied]
        for symbol, value in zip(self.numbers, self.hyper, strict=True):
            lower.bind(symbol, value)
        values = dict(zip(self.varied, self.numbers, strict=True))
        spec = self.spec = with_numbers(spec, values)
        t = graph.symbol("t", NUMBER)
        done = b.add(b.add(self.call.t, s), self._word(1))
        lower.bind(t, b.sitofp(done, _DOUBLE))
        turn = b.urem(b.sub(done, self._word(1)), self._word(len(spec.objective.network.layers)))
        lower.bind(graph.symbol(TURN, NUMBER), b.sitofp(turn, _DOUBLE))
        theta = theta_symbols(graph, spec.objective.network)
        self._bind(lower, theta, self.theta)
        row = b.mul(b.add(self.call.first, s), self.call.batch)
        if spec.online:
            gradient = self._observation(graph, lower, theta, lr, s, row)
        else:
            gradient = self._observations(graph, lower, theta, lr, s, row)
        with b.if_then(b.icmp_signed("!=", self.call.learn, ir.Constant(_WORD, 0))):
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
        self._read(graph, lower, "x", self.call.X, net.sizes[0], i)
        self._read(graph, lower, "T", self.call.T, net.sizes[-1], i)
        if not (spec.online and not spec.weighted):
            c = self._of_batch(self.call.scales, s, self.apart)
            lower.bind(graph.symbol("c", NUMBER), c)
        if spec.weighted:
            self._read(graph, lower, "s", self.call.weight, 1, i)
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

    def _read(
        self, graph: Graph, lower: Lowering, name: str, array: Any, width: int, i: Any
    ) -> list[Node]:
        """Return symbols for the entries of one sample's row, read from memory."""
        o, b = self.ops, self.ops.b
        symbols = row_symbols(graph, name, width)
        several = self.lanes > 1 and not self.shared
        if several:
            rows = vector_of(_WORD, self.lanes)
            sample = o.load(o.at(self.call.index, _WORD, b.mul(i, self._word(self.lanes))), rows)
        else:
            rows = _WORD
            sample = o.load(self.call.index, _WORD, i)
        offset = b.mul(sample, o.constant(rows, width))
        for k, symbol in enumerate(symbols):
            entry = b.add(offset, o.constant(rows, k))
            if several:
                lower.bind(symbol, o.gather(array, self.kind, entry))
            else:
                lower.bind(symbol, o.splat(self.kind, o.load(array, self.element, entry)))
        return symbols

    def _update(
        self, graph: Graph, lower: Lowering, theta: list[Node], gradient: list[Node], s: Any
    ) -> None:
        """Write penalty, clipping and the optimiser's update."""
        o, spec = self.ops, self.spec
        if spec.objective.rule.choice.draws:
            terms = [drawn_number(graph, w) for w in theta]
            place = *self._seeds_and_update(s), self._word(0)
            bind_drawn_numbers(lower, terms, CHOICE, place)
        error = error_symbol(graph, spec)
        if error is not None:
            lower.bind(error, o.b.load(self.batch_error, typ=self.kind))
            if spec.weighted or not spec.online:
                c = graph.symbol("c", NUMBER)
                lower.bind(c, self._of_batch(self.call.scales, s, self.apart))
                error = graph.node(c * error)
        found = update_each(graph, spec, theta, gradient, error)
        if found.decay is not None:
            batch = self._of_batch(self.call.weights, s, self.apart)
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
        b, kind = self.ops.b, vector_of(_WORD, self.lanes)
        t = b.add(b.add(self.call.t, s), self._word(1))
        return self.ops.load(self.call.seeds, kind), t

    def _add(self, which: int, value: Any, factor: Any = None) -> None:
        """Add to a total, in float64."""
        b = self.ops.b
        cell = self._cell(value)
        wide = cell if self.element == _DOUBLE else b.fpext(cell, self.wide)
        wide = wide if factor is None else b.fmul(wide, factor)
        total = self.totals[which]
        b.store(b.fadd(b.load(total, typ=self.wide), wide), total)

    def _spread(self, cell: Any) -> Any:
        """Return what memory holds as a register."""
        return cell if self.lanes > 1 else self.ops.splat(self.kind, cell)

    def _cell(self, value: Any) -> Any:
        """Return what memory holds of a register."""
        if self.lanes > 1:
            return value
        return self.ops.b.extract_element(value, ir.Constant(ir.IntType(32), 0))

    def _of_batch(self, array: Any, s: Any, differs: bool) -> Any:
        """Return the number of batch s, for every network its own where they `differ`."""
        if self.lanes == 1 or not differs:
            return self.ops.load(array, _DOUBLE, s)
        offset = self.ops.b.mul(s, self._word(self.lanes))
        return self.ops.load(self.ops.at(array, _DOUBLE, offset), self.wide)

    def _word(self, value: int) -> Any:
        return ir.Constant(_WORD, value)


def _alone(element: ir.Type) -> int:
    """Return the lanes of the shortest vector register."""
    return 2 if element == _DOUBLE else 4
