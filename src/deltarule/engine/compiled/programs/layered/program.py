"""Middle and large networks, layer by layer: products of matrices, and passes along rows.

The samples of a batch are divided among the threads for the forward and backward pass, the
weights for the gradient and the update; between the two the threads wait for each other. Every
number is summed in the same order whatever the number of threads, but for E and |g|.

    thread 0            thread 1
    rows [0, n/2)       rows [n/2, n)        y_1 .. y_L, E; then delta_L .. delta_1
    ------------------- wait ---------------
    rows of W^T         the others           dE/dW_l^T = y_{l-1}^T delta_l over all samples, the
                                             update, and W_l turned for the next way back
    ------------------- wait ---------------

An update makes 6 operations for every weight and sample: 2 forward, 2 back (but for layer 1), 2
for the gradient. All three are products whose rows run along memory, which is why W is kept
twice: transposed in theta, for the way forward, and as it is, for the way back.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from deltarule.core.random import STAND_IN
from deltarule.engine.compiled.compiler.lowering import Lowering
from deltarule.engine.compiled.expressions.formulas import carrier, way_back
from deltarule.engine.compiled.expressions.tracing import Graph
from deltarule.engine.compiled.instructions.machine import Machine
from deltarule.engine.compiled.instructions.operations import WORD, vector_of, word
from deltarule.engine.compiled.instructions.philox import numbers, words_by_place
from deltarule.engine.compiled.programs.kernel import Kernel
from deltarule.engine.compiled.programs.layered.backward_matrix import backward_matrices
from deltarule.engine.compiled.programs.layered.memory import TOGETHER, Memory
from deltarule.engine.compiled.programs.layered.output import OutputRow
from deltarule.engine.compiled.programs.layered.packing import Packing
from deltarule.engine.compiled.programs.layered.passes import Passes
from deltarule.engine.compiled.programs.places import LINE
from deltarule.engine.compiled.programs.update import Update
from deltarule.engine.compiled.specialisation import Specialisation

_DOUBLE = ir.DoubleType()


class Layered(Kernel):
    """The module of a layered program, and what it needs to be run."""

    def __init__(self, spec: Specialisation, machine: Machine, batch: int, threads: int) -> None:
        super().__init__(spec, machine)
        self.packing: Packing = Packing.of(self.network, machine, spec.dtype)
        self.memory: Memory = Memory(self.packing, spec.dtype, batch, threads, spec.objective)
        self.passes = Passes(spec, machine, self.module, self.memory)
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
            self._turn(l, *self._share_of_weights(l))
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
        for l in range(1, L + 1):
            self._forward(l, index, i0, i1)
        with o.loop(i0, i1) as i:
            self._output(index, i, s)
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
                self._back(above, i0, i1)
        if self.two_sums:
            self.collect(1)

    def _share_of_weights(self, l: int) -> tuple[Any, Any]:
        """Return this thread's part [k0, k1) of the rows of W_l^T."""
        return self.share_of_rows(self.packing.blocks[l - 1].inputs)

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

    def _forward(self, l: int, index: Any, i0: Any, i1: Any) -> None:
        """Call net_l = y_{l-1} W_l^T + b_l, y_l = f_l(net_l), for the rows [i0, i1)."""
        W, bias = self._matrices(l)
        target = "net" if l == len(self.network.layers) else "y"
        C = self.address(f"{target}{l}")
        arguments = [self._input(l), index, W, bias, C, i0, i1, self.call.scratch]
        self.o.b.call(self.passes.forward[l].function, [*arguments, self._own_memory()])

    def _back(self, l: int, i0: Any, i1: Any) -> None:
        """Call delta_{l-1} = (delta_l W_l) * f'(net_{l-1}) for the rows [i0, i1)."""
        o, space = self.o, self.call.scratch
        direct = self.spec.objective.feedbacks[l].kind == "direct"
        A, B = self.address(f"source{l}" if direct else f"delta{l}"), self.address(f"W{l}")
        C = self.address(f"delta{l - 1}")
        arguments = [A, A, B, A, C, i0, i1, space, self._own_memory()]
        o.b.call(self.passes.back[l].function, arguments)

    def _output(self, index: Any, i: Any, s: Any) -> None:
        """Write e and delta_L of the batch's sample i."""
        o, spec = self.o, self.spec
        sample = o.load(index, WORD, i)
        block = self.packing.blocks[-1]
        lanes = min(block.width, self.machine.lanes(spec.dtype))
        chunks = block.width // lanes
        T = o.at(self.call.T, self.element, o.b.mul(sample, word(block.units)))
        scale = o.load(self.call.scales, _DOUBLE, s)
        weight = o.load(self.call.weight, self.element, sample) if spec.weighted else None
        row = OutputRow(self, self.memory, T, scale, weight, lanes)
        if spec.objective.network.output.rowwise:
            row.write(i, [word(c * lanes) for c in range(chunks)], block.units)
            return
        whole = block.units // lanes
        if whole:
            with o.loop(0, whole * lanes, lanes) as j:
                row.write(i, [j], None)
        if whole < chunks:
            row.write(i, [word(whole * lanes)], block.units)

    def _descend(self, layers: list[int], index: Any, n: Any, s: Any) -> None:
        """Write gradient and update of some layers, between two meetings of the barrier."""
        outermost = len(self.network.layers) in layers
        if outermost:
            self.hand_in(0)
        self.group.wait()
        if outermost:
            self.collect(0)
        for l in layers:
            self._gradient(l, index, n)
        self.update.write(layers, s)
        for l in layers:
            if l > 1 and self.feedback[l].moves:
                self._turn(l, *self._share_of_weights(l))
        if self.two_sums:
            self.hand_in(1)
        self.group.wait()

    def _gradient(self, l: int, index: Any, n: Any) -> None:
        """Call dE/dW_l^T = y_{l-1}^T delta_l for this thread's rows, and write dE/db_l."""
        o, b = self.o, self.o.b
        block = self.packing.blocks[l - 1]
        k0, k1 = self._share_of_weights(l)
        delta = self.address(f"delta{l}")
        gradient = self.address("gradient")
        C = o.at(gradient, self.element, block.start)
        arguments = [self._input(l), index, delta, C, n, k0, k1, self._own_memory()]
        b.call(self.passes.gradient[l].function, arguments)
        if block.bias is None:
            return
        last = b.icmp_signed("==", self.number, b.sub(self.call.threads, word(1)))
        with b.if_then(last):
            self._bias_gradient(delta, o.at(gradient, self.element, block.bias), block.width, n)

    def _bias_gradient(self, delta: Any, into: Any, width: int, n: Any) -> None:
        """Write dE/db = sum over samples of delta."""
        o, b = self.o, self.o.b
        lanes = min(width, self.machine.lanes(self.spec.dtype))
        kind = vector_of(self.element, lanes)
        with o.loop(0, width, lanes) as j:
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

    def _turn(self, l: int, k0: Any, k1: Any) -> None:
        """Write what stands for W_l, rows along the nodes before it, for the columns [k0, k1)."""
        o, b = self.o, self.o.b
        side = 16  # a square of numbers at a time: whole lines of the cache are read and written
        rows = self.feedback[l].rows
        with o.loop(k0, k1, side) as near, o.loop(0, rows) as j:
            far = b.add(near, word(side))
            self._turn_part(l, j, near, b.select(b.icmp_signed("<", far, k1), far, k1))

    def _turn_part(self, l: int, j: Any, k0: Any, k1: Any) -> None:
        """Write entries [k0, k1) of row j of what stands for W_l."""
        o, b = self.o, self.o.b
        block, below = self.packing.blocks[l - 1], self.packing.blocks[l - 2]
        target, feedback = self.address(f"W{l}"), self.feedback[l]
        with o.loop(k0, k1) as k:
            graph = Graph()
            value = carrier(graph, self.spec.objective, l)
            lower = Lowering(o, self.element)
            turned = b.add(b.mul(k, word(block.width)), j)  # W^T is what there is
            if feedback.of_weights:
                lower.bind(graph.symbol("w"), o.load(self._matrices(l)[0], self.element, turned))
            if feedback.fixed is not None:
                row = b.mul(j, word(below.units))
                here = b.add(b.add(row, k), word(feedback.fixed))
                lower.bind(graph.symbol("B"), o.load(self.call.feedback, self.element, here))
            if feedback.learned:
                slot = (len(self.spec.slots) - 1) * self.packing.size + block.start
                B = o.at(self.call.slots, self.element, slot)
                lower.bind(graph.symbol("B"), o.load(B, self.element, turned))
            place = b.add(b.mul(j, word(below.width)), k)
            o.store(lower(value), target, place)


def _alternating(lanes: int, several: int) -> list[int]:
    """Return the lanes of two vectors in turn, `several` at a time.

    >>> _alternating(4, 2)
    [0, 1, 4, 5, 2, 3, 6, 7]
    """
    starts = range(0, lanes, several)
    return [v + n for k in starts for v in (k, lanes + k) for n in range(several)]
