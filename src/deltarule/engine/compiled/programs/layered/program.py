"""Middle and large networks, layer by layer: products of matrices, and passes along rows.

Every matrix is divided among the threads one way, and they wait for each other where one reads
what others write. Every number is summed in the same order whatever the number of threads, but
for E and |g|. A wide layer's nodes are divided, so that a thread's weights never leave the cache
of its core; of narrow layers, and for E, the observations of a batch are.

                       thread 0           thread 1
    wide layer l       nodes [0, m/2)     nodes [m/2, m)     y_l and delta_l of all observations;
                                                             dE/dW_l^T = y_{l-1}^T delta_l, the
                                                             update, and W_l turned for the next
                                                             way back, of the nodes' columns
    narrow layer l     rows [0, n/2)      rows [n/2, n)      y_l and delta_l of all nodes
                       rows of W_l^T      the others         dE/dW_l^T, the update, and W_l turned

The rows of 784-512-256-10's W_1^T, 1.6 MB, divided instead: half of them were written by the other
core before every way forward, and two threads took .74 of one's time; with the nodes divided, .53.

An update makes 6 operations for every weight and sample: 2 forward, 2 back (but for layer 1), 2
for the gradient. All three are products whose rows run along memory, which is why W is kept
twice: transposed in theta, for the way forward, and as it is, for the way back.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from llvmlite import ir

from deltarule.core.random import STAND_IN
from deltarule.engine.compiled.expressions.formulas import way_back
from deltarule.engine.compiled.instructions.machine import Machine
from deltarule.engine.compiled.instructions.operations import WORD, vector_of, word
from deltarule.engine.compiled.instructions.philox import numbers, words_by_place
from deltarule.engine.compiled.programs.kernel import Kernel
from deltarule.engine.compiled.programs.layered.backward_matrix import (
    backward_matrices,
    write_turned,
)
from deltarule.engine.compiled.programs.layered.memory import TOGETHER, Memory
from deltarule.engine.compiled.programs.layered.output import Outputs
from deltarule.engine.compiled.programs.layered.packing import Packing
from deltarule.engine.compiled.programs.layered.passes import Passes
from deltarule.engine.compiled.programs.places import LINE
from deltarule.engine.compiled.programs.update import Update
from deltarule.engine.compiled.specialisation import Specialisation

_DOUBLE = ir.DoubleType()

WIDE = 4
"""Vectors for every thread from which a layer's nodes are divided among the threads."""


class Layered(Kernel):
    """The module of a layered program, and what it needs to be run."""

    def __init__(self, spec: Specialisation, machine: Machine, batch: int, threads: int) -> None:
        super().__init__(spec, machine)
        self.packing: Packing = Packing.of(self.network, machine, spec.dtype)
        self.memory: Memory = Memory(self.packing, spec.dtype, batch, threads, spec.objective)
        wide = WIDE * threads * machine.lanes(spec.dtype)
        several = enumerate(self.packing.blocks if threads > 1 else (), 1)
        self.by_columns = {l for l, block in several if block.width >= wide}
        self.passes = Passes(spec, machine, self.module, self.memory, self.by_columns)
        self.unfinished: set[str] = set()
        self.feedback = backward_matrices(spec.objective)
        for number in range(threads):
            self.memory.reserve(f"thread {number}", self.passes.scratch)
        self._run()

    def _run(self) -> None:
        """Write the function `run(call, number)`."""
        self.begin()
        o = self.o
        self.update = Update(self)
        for l in range(2, len(self.network.layers) + 1):
            self._turn(l)
        self.group.wait()
        with self.call.every_epoch(), o.loop(0, self.call.count) as s:
            self._batch(s)
        o.b.ret_void()

    def _batch(self, s: Any) -> None:
        """Write one update."""
        o, b, L = self.o, self.o.b, len(self.network.layers)
        row, n = self.batch_rows(s)
        index = o.at(self.call.index, WORD, row)
        i0, i1 = self.group.share(word(0), n, 8)
        for total in self.sums:
            b.store(ir.Constant(_DOUBLE, 0.0), total)
        if self.memory.draws:
            self._draw(i0, i1, s)
            self.unfinished.add("drawn")
        for l in range(1, L + 1):
            self._forward(l, index, n, i0, i1)
        if L in self.by_columns:
            self._finished(f"y{L}")
        Outputs(self, self.memory, index, s).write(i0, i1)
        self.unfinished |= {f"delta{L}", *(f"source{l}" for l in range(2, L + 1))}
        learn = b.icmp_signed("!=", self.call.learn, word(0))
        with b.if_else(learn) as (yes, no):
            with yes:
                self._learn(index, n, i0, i1, s)
            with no:
                self.hand_in(0)
                self.group.wait()
                self.collect(0)
                self.group.wait()

    def _draw(self, i0: Any, i1: Any, s: Any) -> None:
        """Write the numbers that the rule draws for this thread's rows."""
        o, b = self.o, self.o.b
        t = b.add(b.add(self.call.t, s), word(1))
        seed, count = o.load(self.call.seeds, WORD), sum(self.memory.draws.values())
        several = ir.VectorType(WORD, TOGETHER // 4)
        steps = ir.Constant(several, [word(k) for k in range(TOGETHER // 4)])
        with o.loop(i0, i1) as i:
            row = self.memory.drawn_row(o, self.call.scratch, i)
            with o.loop(0, count, TOGETHER) as k:
                first = b.udiv(k, word(4))
                found = words_by_place(
                    o, STAND_IN, seed, t, i, b.add(o.splat(several, first), steps)
                )
                # word n of block m is number 4 m + n
                pairs = [o.lanes(found[n], found[n + 1], _alternating(8, 1)) for n in (0, 2)]
                every = o.lanes(pairs[0], pairs[1], _alternating(16, 2))
                o.store(numbers(o, every, vector_of(self.element, TOGETHER)), row, k)

    def _learn(self, index: Any, n: Any, i0: Any, i1: Any, s: Any) -> None:
        """Write the backward pass and the update."""
        sequential = self.spec.objective.rule.sequential
        for layers, above in way_back(len(self.network.layers), sequential):
            if layers:
                self._descend(layers, index, n, s)
            if above is not None:
                self._back(above, n, i0, i1)
        if self.two_sums:
            self.collect(1)

    def share_of_columns(self, l: int) -> tuple[Any, Any] | None:
        """Return this thread's part [j0, j1) of the columns of W_l^T, where they are divided."""
        if l not in self.by_columns:
            return None
        lanes = self.machine.lanes(self.spec.dtype)
        return self.group.share(word(0), word(self.packing.blocks[l - 1].width), lanes)

    def _share(self, l: int, rows: tuple[Any, Any], count: Any) -> tuple[Any, Any, Any, Any]:
        """Return this thread's part of a matrix that has layer l's nodes for columns.

        `rows` is its part of the rows, of which there are `count`, where these are divided.
        """
        columns = self.share_of_columns(l)
        return (word(0), count, *columns) if columns else (*rows, word(0), word(0))

    def _finished(self, *names: str) -> None:
        """Wait, if what is to be read now has parts that other threads may not have finished."""
        if self.unfinished & set(names):
            self._wait()

    def _wait(self) -> None:
        """Wait until all threads are here: what they have written is finished."""
        self.group.wait()
        self.unfinished.clear()

    def _matrices(self, l: int) -> tuple[Any, Any]:
        """Return the addresses of layer l's W^T and b."""
        block, o = self.packing.blocks[l - 1], self.o
        W = o.at(self.call.theta, self.element, block.start)
        b = W if block.bias is None else o.at(self.call.theta, self.element, block.bias)
        return W, b

    def _input(self, l: int) -> Any:
        """Return the address of the outputs before layer l."""
        return self.call.X if l == 1 else self.address(f"y{l - 1}")

    def _own_memory(self) -> Any:
        """Return the address of this thread's own working memory."""
        b, memory = self.o.b, self.memory
        size = -(-self.passes.scratch // LINE) * LINE
        offset = b.mul(self.number, word(size))
        first = word(memory["thread 0"])
        return self.o.at(self.call.scratch, ir.IntType(8), b.add(offset, first))

    def _forward(self, l: int, index: Any, n: Any, i0: Any, i1: Any) -> None:
        """Call net_l = y_{l-1} W_l^T + b_l, y_l = f_l(net_l), for this thread's part."""
        if {l - 1, l} & self.by_columns:
            self._finished(f"y{l - 1}", "drawn")
        self.unfinished.add(f"y{l}")
        W, bias = self._matrices(l)
        target = "net" if l == len(self.network.layers) else "y"
        C = self.address(f"{target}{l}")
        share = self._share(l, (i0, i1), n)
        arguments = [self._input(l), index, W, bias, C, *share, self.call.scratch]
        self.o.b.call(self.passes.forward[l].function, [*arguments, self._own_memory()])

    def _back(self, l: int, n: Any, i0: Any, i1: Any) -> None:
        """Call delta_{l-1} = (delta_l W_l) * f'(net_{l-1}) for this thread's part."""
        if {l - 1, l} & self.by_columns:
            self._finished(f"delta{l}", f"source{l}")
        self.unfinished.add(f"delta{l - 1}")
        o, space = self.o, self.call.scratch
        direct = self.spec.objective.feedbacks[l].kind == "direct"
        A, B = self.address(f"source{l}" if direct else f"delta{l}"), self.address(f"W{l}")
        C = self.address(f"delta{l - 1}")
        arguments = [A, A, B, A, C, *self._share(l - 1, (i0, i1), n), space, self._own_memory()]
        o.b.call(self.passes.back[l].function, arguments)

    def _turn(self, l: int) -> None:
        """Write what stands for W_l on the way back."""
        write_turned(self, self.packing, l, self.feedback[l], self._matrices(l)[0])

    def _descend(self, layers: list[int], index: Any, n: Any, s: Any) -> None:
        """Write gradient and update of some layers, between two meetings of the barrier."""
        outermost = len(self.network.layers) in layers
        if outermost:
            self.hand_in(0)
        self._wait()
        if outermost:
            self.collect(0)
        for l in layers:
            self._gradient(l, index, n)
        self.update.write(layers, s)
        for l in layers:
            if l > 1 and self.feedback[l].moves:
                self._turn(l)
        if self.two_sums:
            self.hand_in(1)
        self._wait()

    def _gradient(self, l: int, index: Any, n: Any) -> None:
        """Call dE/dW_l^T = y_{l-1}^T delta_l for this thread's part, and write dE/db_l."""
        o, b = self.o, self.o.b
        block = self.packing.blocks[l - 1]
        share = self._share(l, self.share_of_rows(block.inputs), word(block.inputs))
        delta = self.address(f"delta{l}")
        gradient = self.address("gradient")
        C = o.at(gradient, self.element, block.start)
        arguments = [self._input(l), index, delta, C, n, *share, self._own_memory()]
        b.call(self.passes.gradient[l].function, arguments)
        if block.bias is None:
            return
        bias, columns = o.at(gradient, self.element, block.bias), self.share_of_columns(l)
        last = b.icmp_signed("==", self.number, b.sub(self.call.threads, word(1)))
        with nullcontext() if columns is not None else b.if_then(last):
            self._bias_gradient(delta, bias, block.width, columns or (0, block.width), n)

    def _bias_gradient(self, delta: Any, into: Any, width: int, columns: Any, n: Any) -> None:
        """Write dE/db = sum over samples of delta, for some columns."""
        o, b = self.o, self.o.b
        lanes = min(width, self.machine.lanes(self.spec.dtype))
        kind = vector_of(self.element, lanes)
        with o.loop(columns[0], columns[1], lanes) as j:
            start = b.block
            head, body, after = (b.append_basic_block(x) for x in ("rows", "row", "done"))
            b.branch(head)
            b.position_at_end(head)
            i, total = b.phi(WORD), b.phi(kind)
            i.add_incoming(word(0), start)
            total.add_incoming(o.constant(kind, 0.0), start)
            b.cbranch(b.icmp_signed("<", i, n), body, after)
            b.position_at_end(body)
            offset = b.add(b.mul(i, word(width)), j)
            total.add_incoming(o.add(total, o.load(delta, kind, offset)), b.block)
            i.add_incoming(b.add(i, word(1)), b.block)
            b.branch(head)
            b.position_at_end(after)
            o.store(total, into, j)


def _alternating(lanes: int, several: int) -> list[int]:
    """Return the lanes of two vectors in turn, `several` at a time.

    >>> _alternating(4, 2)
    [0, 1, 4, 5, 2, 3, 6, 7]
    """
    starts = range(0, lanes, several)
    return [v + n for k in starts for v in (k, lanes + k) for n in range(several)]
