"""What a straight program changes from batch to batch: theta, the optimiser's vectors, sums.

One network's numbers stay in registers. Those of many networks side by side are more than there
are registers, and what a compiler then keeps on the stack it copies there from place to place at
the end of every turn of a loop. So they have places in memory of their own, from which an
instruction reads them where it needs them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from llvmlite import ir

from deltarule.engine.compiled.ops import Ops

__all__ = ["Variables"]

_WORD = ir.IntType(64)


class Variables:
    """A vector of `count` variables, in registers or (`placed`) in memory.

    With `renewed` variables a turn of the loop reads the values from before it, whatever has been
    written since: there are two vectors, one to be read and one to be written, which change
    places at the end of the turn (`turned`). Otherwise there is one, and a value that has been
    written is what is read next.
    """

    def __init__(
        self, ops: Ops, kind: ir.Type, count: int, *, placed: bool, renewed: bool = False
    ) -> None:
        self._ops, self._kind, self.count, self.placed = ops, kind, count, placed
        b = ops.b
        if not placed:
            self._registers = [b.alloca(kind) for _ in range(count)]
            return
        rooms = [b.alloca(kind, count) for _ in range(1 + renewed)]
        self._pointers = [b.alloca(room.type) for room in rooms]
        for pointer, room in zip(self._pointers, rooms, strict=True):
            b.store(room, pointer)
        self._bases = rooms

    @contextmanager
    def staying(self) -> Iterator[None]:
        """Leave them in memory during a turn of a loop, in which this stands first.

        The address is one that an empty piece of assembly language may have changed, for all
        that the compiler knows: it does not move the variables to registers.
        """
        if not self.placed:
            yield
            return
        before = self._bases
        self._bases = [
            self._unknown(self._ops.b.load(p, typ=p.type.pointee)) for p in self._pointers
        ]
        yield
        self._bases = before

    def turned(self) -> None:
        """End a turn: what has been written is what is read from here on."""
        if self.placed and len(self._bases) > 1:
            for pointer, base in zip(self._pointers, reversed(self._bases), strict=True):
                self._ops.b.store(base, pointer)

    def read(self, k: int) -> Any:
        """Return the value of variable k."""
        return self._ops.b.load(self._at(0, k), typ=self._kind)

    def reader(self, k: int) -> Callable[[], Any]:
        """Return what reads variable k."""
        return lambda: self.read(k)

    def write(self, k: int, value: Any) -> None:
        """Give variable k its value."""
        self._ops.b.store(value, self._at(-1, k))

    def _at(self, which: int, k: int) -> Any:
        if not self.placed:
            return self._registers[k]
        return self._ops.b.gep(self._bases[which], [ir.Constant(_WORD, k)])

    def _unknown(self, address: Any) -> Any:
        kind = ir.FunctionType(address.type, [address.type])
        return self._ops.b.call(ir.InlineAsm(kind, "", "=r,0", side_effect=True), [address])
