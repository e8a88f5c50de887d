"""What the parts of a program for threads share while its function is written."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from deltarule.engine.compiled.instructions.machine import Machine
from deltarule.engine.compiled.instructions.operations import Module, Ops, word
from deltarule.engine.compiled.programs.arguments import CallValues, kernel_function
from deltarule.engine.compiled.programs.barrier import ThreadGroup
from deltarule.engine.compiled.programs.places import Packed, Places
from deltarule.engine.compiled.specialisation import Specialisation, element

_DOUBLE = ir.DoubleType()


class Kernel:
    """The function `run(arguments, thread)`: its values, its memory, this thread's share.

    The memory has the places `gradient`, packed as theta is, `barrier`, the threads' counter, and
    `partial`, three lines for every thread.
    """

    memory: Places
    packing: Packed

    def __init__(self, spec: Specialisation, machine: Machine) -> None:
        self.spec, self.machine = spec, machine
        self.element = element(spec.dtype)
        self.network = spec.objective.network
        self.module = Module(machine)

    def begin(self) -> None:
        """Write the function's entrance."""
        run = kernel_function(self.module, "run")
        o = Ops(ir.IRBuilder(run.append_basic_block()))
        self.o, self.call = o, CallValues(o, run.args[0])
        self.number = run.args[1]
        self.group = ThreadGroup(o, self.address("barrier"), self.number, self.call.threads)
        self.sums = [o.b.alloca(_DOUBLE) for _ in range(2)]

    @property
    def two_sums(self) -> bool:
        """Whether the update adds to a sum: the penalty, or what shows an infinite gradient."""
        return bool(self.spec.objective.penalties) or self.spec.clipping.value is not None

    @property
    def text(self) -> str:
        """The module's text."""
        return str(self.module)

    def address(self, name: str) -> Any:
        """Return the address of a part of the working memory."""
        return self.memory.address(self.o, self.call.scratch, name)

    def share_of_rows(self, rows: int) -> tuple[Any, Any]:
        """Return this thread's part [k0, k1) of the rows of a part of the parameters."""
        return self.group.share(word(0), word(rows), 8)

    def share_of_columns(self, l: int) -> tuple[Any, Any] | None:
        """Return this thread's part [j0, j1) of the columns of layer l's parameters.

        None where their rows are divided instead.
        """
        return None

    def hand_in(self, which: int) -> None:
        """Lay this thread's part of a sum where the first thread finds it."""
        o, b = self.o, self.o.b
        offset = b.add(b.mul(self.number, word(8)), word(which))
        partial = self.address("partial")
        o.store(b.load(self.sums[which], typ=_DOUBLE), partial, offset)

    def collect(self, which: int) -> None:
        """Add the threads' parts to a total, in their order: the first thread does it."""
        o, b = self.o, self.o.b
        partial = self.address("partial")
        with b.if_then(b.icmp_signed("==", self.number, word(0))):
            b.store(ir.Constant(_DOUBLE, 0.0), self.sums[which])
            with o.loop(0, self.call.threads) as k:
                offset = b.add(b.mul(k, word(8)), word(which))
                so_far = b.load(self.sums[which], typ=_DOUBLE)
                b.store(b.fadd(so_far, o.load(partial, _DOUBLE, offset)), self.sums[which])
            self.add_to_total(which, b.load(self.sums[which], typ=_DOUBLE))

    def add_to_total(self, which: int, value: Any) -> None:
        """Add a number to one of the epoch's totals."""
        o, b, totals = self.o, self.o.b, self.call.totals
        o.store(b.fadd(o.load(totals, _DOUBLE, which), value), totals, which)

    def batch_rows(self, s: Any) -> tuple[Any, Any]:
        """Return where batch s begins in the epoch's order, and how many samples it has."""
        b = self.o.b
        row = b.mul(b.add(self.call.first, s), self.call.batch)
        rest = b.sub(self.call.rows, row)
        fewer = b.icmp_signed("<", rest, self.call.batch)
        return row, b.select(fewer, rest, self.call.batch)
