"""Networks that walk through time: a batch's observations in the lanes, step by step.

A block of observations, as many as there are lanes, goes through all layers and all steps, and
back; what it adds to the gradient stays in registers while the sum over time runs. Blocks are put
together in groups, each with a gradient of its own, which the threads share out; how many there
are follows from the batch alone, so every sum but |g|'s has the same order whatever the number of
threads.

    a field [time][node][lane]          t = 1   node 1   | obs 0  obs 1 .. obs 15 |   one load
                                                node 2   | ..                     |
                                        t = 2   node 1   | ..

    batch 100 in lanes of 16: 7 blocks, 7 groups   -> 7 gradients, added in their order
    batch 1,000:             63 blocks, 16 groups of 4 blocks (the last of 3)

A multiply-add takes a vector of observations and one weight for all lanes, so the weights are read
once for a block and a step, and a step's nodes wait for the step before, not for one another.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir

from deltarule.engine.compiled.compiler.lowering import Lowering
from deltarule.engine.compiled.expressions.formulas import output_terms
from deltarule.engine.compiled.expressions.tracing import CONDITION, NUMBER, Graph
from deltarule.engine.compiled.instructions.machine import Machine
from deltarule.engine.compiled.instructions.operations import lanes_of as lanes_in
from deltarule.engine.compiled.instructions.operations import vector_of, word
from deltarule.engine.compiled.programs.kernel import Kernel
from deltarule.engine.compiled.programs.places import LINE, Places
from deltarule.engine.compiled.programs.sequences.fields import View
from deltarule.engine.compiled.programs.sequences.gradient import Gradient
from deltarule.engine.compiled.programs.sequences.loops import tiled
from deltarule.engine.compiled.programs.sequences.packing import Packing
from deltarule.engine.compiled.programs.sequences.passes import Passes
from deltarule.engine.compiled.programs.sequences.plan import Plan
from deltarule.engine.compiled.programs.sequences.samples import Lanes
from deltarule.engine.compiled.programs.sequences.vectors import Vectors
from deltarule.engine.compiled.programs.update import Update
from deltarule.engine.compiled.specialisation import Specialisation, element

_DOUBLE = ir.DoubleType()

MOST_GROUPS = 16
"""The most gradients that a batch is summed in."""


def lanes_of(machine: Machine, dtype: Any, batch: int) -> int:
    """Return how many observations lie side by side: a register of them, or a short one."""
    if batch == 1:
        return 1
    shortest = 16 // np.dtype(dtype).itemsize
    return int(max(shortest, min(machine.lanes(dtype), 1 << (batch - 1).bit_length())))


def groups_of(machine: Machine, dtype: Any, batch: int) -> tuple[int, int]:
    """Return how many groups of blocks a batch has, and the observations of a group."""
    lanes = lanes_of(machine, dtype, batch)
    blocks = -(-batch // lanes)
    each = -(-blocks // MOST_GROUPS)
    return -(-blocks // each), each * lanes


class Sequences(Kernel):
    """The module of a program of sequences, and what it needs to be run."""

    def __init__(self, spec: Specialisation, machine: Machine, batch: int, threads: int) -> None:
        super().__init__(spec, machine)
        lanes = lanes_of(machine, spec.dtype, batch)
        self.kind = vector_of(element(spec.dtype), lanes)
        self.groups, self.together = groups_of(machine, spec.dtype, batch)
        self.packing: Packing = Packing(self.network.layout, spec.dtype)
        self.plan = Plan(spec, self.packing, lanes)
        self.memory = Places()
        self._size = self.packing.size * np.dtype(spec.dtype).itemsize
        self.memory.reserve("gradient", self.groups * self._size)
        self.memory.reserve("errors", self.groups * 8)
        self.memory.reserve("barrier", LINE)
        self.memory.reserve("partial", 3 * LINE * threads)
        self.memory.reserve("threads", threads * self.plan.memory.bytes)
        self.kept: tuple[int, int, int] | None = None
        if spec.windows > 1:
            width = sum(view.nodes for view in self._handed_on())
            self.kept = -(-batch // lanes), width, lanes
            self.memory.reserve("kept", int(np.prod(self.kept)) * np.dtype(spec.dtype).itemsize)
        self._run()

    def _handed_on(self) -> list[View]:
        """Return the states that go from one window to the next."""
        stages = self.plan.stages
        return [v for s in stages if s.step.before or s.inner is not None for v in s.states]

    def _run(self) -> None:
        """Write the function `run(call, number)`."""
        self.begin()
        o = self.o
        self.update = Update(self)
        self.error = o.b.alloca(self.kind)  # of the observations in the lanes
        own = o.b.mul(self.number, word(self.plan.memory.bytes))
        self.own = o.at(self.address("threads"), ir.IntType(8), own)
        with self.call.every_epoch(), o.loop(0, self.call.count) as s:
            self._batch(s)
        o.b.ret_void()

    def _batch(self, s: Any) -> None:
        """Write one update."""
        o, b = self.o, self.o.b
        row, n = self.batch_rows(s)
        first, last = self.group.share(word(0), word(self.groups))
        learn = b.icmp_signed("!=", self.call.learn, word(0))
        with o.loop(first, last) as g:
            self._group(s, row, n, g, learn)
        for total in self.sums:
            b.store(ir.Constant(_DOUBLE, 0.0), total)
        self.group.wait()
        self._total()
        with b.if_then(learn):
            self._update(s)
        self.group.wait()

    def _group(self, s: Any, row: Any, n: Any, g: Any, learn: Any) -> None:
        """Write the passes of a group's observations, and what they add to E and the gradient."""
        o, b = self.o, self.o.b
        gradient = o.at(self.address("gradient"), self.element, b.mul(g, word(self.packing.size)))
        arguments = [gradient, ir.Constant(ir.IntType(8), 0), word(self._size)]
        o.call("llvm.memset.p0.i64", ir.VoidType(), *arguments, ir.Constant(ir.IntType(1), 0))
        b.store(ir.Constant(_DOUBLE, 0.0), self.sums[0])
        start = b.mul(g, word(self.together))
        stop = b.add(start, word(self.together))
        stop = b.select(b.icmp_signed("<", stop, n), stop, n)
        with o.loop(start, stop, lanes_in(self.kind)) as i:
            b.store(o.constant(self.kind, 0.0), self.error)
            lanes = Lanes(o, self.call, self.kind, row, i, n)
            self._observations(s, lanes, gradient, learn, b.sdiv(i, word(lanes_in(self.kind))))
            found = o.sum_lanes(b.load(self.error, typ=self.kind))
            wide = found if self.element == _DOUBLE else b.fpext(found, _DOUBLE)
            b.store(b.fadd(b.load(self.sums[0], typ=_DOUBLE), wide), self.sums[0])
        o.store(b.load(self.sums[0], typ=_DOUBLE), self.address("errors"), g)

    def _hand_on(self, vectors: Vectors, block: Any, fresh: Any = None) -> None:
        """Write a block's last states to where they are kept; or, with `fresh`, lay them before the
        first step, or 0 where that is so."""
        if self.kept is None:
            return
        o = self.o
        place = o.b.mul(block, word(self.kept[1]))
        kept = self.address("kept")
        for view in self._handed_on():
            start = o.b.gep(kept, [place], source_etype=self.kind)
            at = vectors.at(view, word(view.steps - 1 if fresh is None else -1))
            with o.loop(0, view.nodes) as j:
                if fresh is None:
                    vectors.store(vectors.load(at, j), start, j)
                else:
                    value = o.b.select(fresh, vectors.zero, vectors.load(start, j))
                    vectors.store(value, at, j)
            place = o.b.add(place, word(view.nodes))

    def _observations(self, s: Any, lanes: Lanes, gradient: Any, learn: Any, block: Any) -> None:
        """Write the passes of the observations in the lanes."""
        vectors = Vectors(self.o, self.machine, self.kind, self.call.theta, self.own)
        longest = None
        if self.spec.ragged and all(stage.truncate is None for stage in self.plan.stages):
            longest = lanes.longest()  # a truncated way back is counted from the end of all
        passes, total = Passes(vectors, longest), Gradient(vectors, gradient, longest)
        steps = self.plan.x.steps
        lanes.lay(self.plan.x, self.own, word(steps) if longest is None else longest)
        if self.kept is not None:
            number = self.o.b.srem(self.o.b.add(self.call.first, s), word(self.spec.windows))
            self._hand_on(vectors, block, self.o.b.icmp_signed("==", number, word(0)))
        ending = self.plan.ending
        if ending is not None and ending.above == 0:
            passes.take_ends(ending, lanes)
        for k, stage in enumerate(self.plan.stages, 1):
            passes.forward(stage)
            if ending is not None and ending.above == k:
                passes.take_ends(ending, lanes)
        self._hand_on(vectors, block)
        self._output(s, lanes, longest)
        with self.o.b.if_then(learn):
            for k, stage in reversed(list(enumerate(self.plan.stages, 1))):
                if ending is not None and ending.above == k:
                    passes.spread_ends(ending, lanes)
                passes.backward(stage)
                for part in stage.parts:
                    passes.below(part)
                    total.add(part)

    def _output(self, s: Any, lanes: Lanes, longest: Any) -> None:
        """Write e, and dE/dy (of an affine layer dE/dnet) of every step of the output."""
        o, b, y = self.o, self.o.b, self.plan.y
        scale = o.load(self.call.scales, _DOUBLE, s)
        by_step = self.spec.ragged and self.plan.ending is None
        weight = lanes.weights(y.steps if by_step else None) if self.spec.weighted else None
        targets = lanes.targets(y)
        together = y.nodes if self.network.output.rowwise else 1

        def write(t: Any, j: Any, count: int) -> None:
            graph = Graph()
            lower = Lowering(o, self.kind, graph.common_divisors())
            nets, T = [], []
            for v in range(count):
                node = b.add(j, word(v))
                nets.append(graph.symbol(f"net[{v}]"))
                T.append(graph.symbol(f"T[{v}]"))
                lower.bind(nets[v], o.load(y.at(o, self.own, self.kind, t, node), self.kind))
                lower.bind(T[v], targets(b.add(b.mul(t, word(y.nodes)), node)))
            lower.bind(graph.symbol("c", NUMBER), scale)
            lower.bind(graph.symbol("inside", CONDITION), lanes.inside)
            if weight is not None:
                lower.bind(graph.symbol("s[1]"), weight(t))
            error, deltas = output_terms(graph, self.spec, nets, T)
            for v, delta in enumerate(deltas):
                place = self.plan.dE_dy.at(o, self.own, self.kind, t, b.add(j, word(v)))
                o.store(lower(delta), place)
            b.store(o.add(b.load(self.error, typ=self.kind), lower(error)), self.error)

        with o.loop(0, y.steps if longest is None or y.steps == 1 else longest) as t:
            tiled(o, y.nodes, together, lambda j, n: write(t, j, n))

    def _total(self) -> None:
        """Add the groups' errors to the total, in their order: the first thread does it."""
        o, b = self.o, self.o.b
        errors, first = self.address("errors"), word(0)
        with b.if_then(b.icmp_signed("==", self.number, first)):
            total = o.load(errors, _DOUBLE)
            for g in range(1, self.groups):
                total = b.fadd(total, o.load(errors, _DOUBLE, g))
            self.add_to_total(0, total)

    def _update(self, s: Any) -> None:
        """Write the sum of the groups' gradients, and the update."""
        layers = [stage.l for stage in self.plan.stages]
        if self.groups > 1:
            for l in layers:
                self.update.each(l, self._gathered)
        self.update.write(layers, s)
        if self.two_sums:
            self.hand_in(1)
            self.group.wait()
            self.collect(1)

    def _gathered(self, kind: Any, offset: Any, decays: bool, moves: bool, mask: Any) -> None:
        """Write the sum of the groups' gradients for a vector of parameters."""
        o, gradient = self.o, self.address("gradient")
        total = o.load(gradient, kind, offset)
        for g in range(1, self.groups):
            place = o.b.add(offset, word(g * self.packing.size))
            total = o.add(total, o.load(gradient, kind, place))
        o.store(total, gradient, offset)
