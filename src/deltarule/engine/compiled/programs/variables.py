"""What a program in registers changes from batch to batch: theta, the optimiser's vectors, sums.

One network's numbers stay in registers. Those of many networks side by side are more than there
are registers, and what a compiler then keeps on the stack it copies there from place to place at
the end of every turn of a loop. So they have places in memory of their own, from which an
instruction reads them where it needs them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from llvmlite import ir

from deltarule.engine.compiled.instructions.operations import Ops, element_of, lanes_of, word


class Variables:
    """A vector of `count` variables, in registers or (`placed`) in memory."""

    def __init__(self, ops: Ops, kind: ir.Type, count: int, *, placed: bool) -> None:
        self._ops, self._kind, self.count, self.placed = ops, kind, count, placed
        self._registers = [] if placed else [ops.b.alloca(kind) for _ in range(count)]
        self._room = ops.b.alloca(kind, count) if placed else None
        self._base = self._room
        self._cell = kind if placed else element_of(kind)

    @contextmanager
    def staying(self) -> Iterator[None]:
        """Leave them in memory during a turn of a loop, in which this stands first.

        The address is one that an empty piece of assembly language may have changed, for all
        that the compiler knows: it does not move the variables to registers.
        """
        if self._room is None:
            yield
            return
        before, kind = self._base, ir.FunctionType(self._room.type, [self._room.type])
        nothing = ir.InlineAsm(kind, "", "=r,0", side_effect=True)
        self._base = self._ops.b.call(nothing, [self._room])
        yield
        self._base = before

    def fetch(self, pointer: Any) -> None:
        """Read them from the caller's memory: one number a variable, or (placed) one a lane."""
        o, cell = self._ops, self._cell
        for k in range(self.count):
            value = o.load(pointer, cell, k * lanes_of(cell))
            self.write(k, value if self.placed else o.splat(self._kind, value))

    def bring_back(self, pointer: Any) -> None:
        """Write them to the caller's memory."""
        o, first = self._ops, ir.Constant(ir.IntType(32), 0)
        for k in range(self.count):
            value = self.read(k) if self.placed else o.b.extract_element(self.read(k), first)
            o.store(value, pointer, k * lanes_of(self._cell))

    def read(self, k: int) -> Any:
        """Return the value of variable k."""
        return self._ops.b.load(self._at(k), typ=self._kind)

    def reader(self, k: int) -> Callable[[], Any]:
        """Return what reads variable k."""
        return lambda: self.read(k)

    def write(self, k: int, value: Any) -> None:
        """Give variable k its value."""
        self._ops.b.store(value, self._at(k))

    def _at(self, k: int) -> Any:
        if not self.placed:
            return self._registers[k]
        return self._ops.b.gep(self._base, [word(k)])


@contextmanager
def all_staying(*several: Variables) -> Iterator[None]:
    """Leave several in memory during a turn of a loop."""
    with ExitStack() as stack:
        for variables in several:
            stack.enter_context(variables.staying())
        yield
