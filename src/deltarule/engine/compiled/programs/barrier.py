"""Threads that do one call together: where they wait for each other, how work is divided."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from deltarule.engine.compiled.instructions.machine import is_arm64
from deltarule.engine.compiled.instructions.operations import WORD, Ops, word

SPINS = 4000
"""How often a thread looks before it gives the processor to others."""


class ThreadGroup:
    """The `threads` threads that do one call; this one has the number `number`."""

    def __init__(self, ops: Ops, counter: Any, number: Any, threads: Any) -> None:
        self._ops, self._counter = ops, counter
        self.number, self.threads = number, threads
        self._target, self._spins = ops.b.alloca(WORD), ops.b.alloca(WORD)
        ops.b.store(word(0), self._target)

    def wait(self) -> None:
        """Wait until every thread of the group has come here.

        Each adds 1 to a counter that only grows, and goes on once it has reached the number of
        threads times the number of meetings so far.
        """
        o, b = self._ops, self._ops.b
        target = b.add(b.load(self._target, typ=WORD), self.threads)
        b.store(target, self._target)
        with b.if_then(b.icmp_signed(">", self.threads, word(1))):
            b.atomic_rmw("add", self._counter, word(1), "acq_rel")
            b.store(word(0), self._spins)
            look, rest, give, after = (
                b.append_basic_block(n) for n in ["look", "rest", "give", "met"]
            )
            b.branch(look)
            b.position_at_end(look)
            seen = b.load_atomic(self._counter, "acquire", 8, typ=WORD)
            b.cbranch(b.icmp_signed("<", seen, target), rest, after)
            b.position_at_end(rest)
            _pause(o)
            done = b.add(b.load(self._spins, typ=WORD), word(1))
            b.store(done, self._spins)
            b.cbranch(b.icmp_signed(">", done, word(SPINS)), give, look)
            b.position_at_end(give)
            o.call("deltarule_yield", ir.IntType(32))
            b.branch(look)
            b.position_at_end(after)

    def share(self, start: Any, stop: Any, step: int = 1) -> tuple[Any, Any]:
        """Return this thread's part of [start, stop), in whole steps counted from `start`."""
        b = self._ops.b
        size = word(step)
        length = b.sub(stop, start)
        steps = b.sdiv(b.add(length, word(step - 1)), size)
        ends = []
        for part in (self.number, b.add(self.number, word(1))):
            end = b.mul(b.sdiv(b.mul(steps, part), self.threads), size)
            ends.append(b.add(start, b.select(b.icmp_signed("<", end, length), end, length)))
        return ends[0], ends[1]


def _pause(ops: Ops) -> None:
    """Tell the processor that this is a loop of waiting."""
    triple = ops.b.module.triple
    if triple.startswith(("x86_64", "i686")):
        ops.call("llvm.x86.sse2.pause", ir.VoidType())
    elif is_arm64(triple):
        ops.call("llvm.aarch64.hint", ir.VoidType(), ir.Constant(ir.IntType(32), 1))
