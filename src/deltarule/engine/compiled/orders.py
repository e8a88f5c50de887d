"""The order of the samples: NumPy's own shuffle, as a program.

A network's order in an epoch is `stream(seed, SHUFFLE, epoch).permutation(n)`. For many networks,
made one by one in Python, that costs ten times what training does; for a small one with batches,
three times (9 ns a row, where an update takes 4). So this program does the same steps, for a group
of networks or for one, in half the time: Philox 4x64-10 (Salmon et al. 2011) from the same key and
counter, and the shuffle of Fisher and Yates with a number below 2^k drawn again until it is not
beyond i (Durstenfeld 1964). Whether NumPy still does the same is looked at once; if it does not,
NumPy is asked.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from llvmlite import ir
from numpy.typing import NDArray

from deltarule.core import random
from deltarule.core.random import SHUFFLE
from deltarule.engine.compiled.compiler.cache import cached
from deltarule.engine.compiled.compiler.jit import compile_module, load
from deltarule.engine.compiled.instructions.machine import Machine, host
from deltarule.engine.compiled.instructions.operations import WORD, Module, Ops, word
from deltarule.engine.compiled.instructions.philox import words


def orders(seeds: NDArray[Any], epoch: int, index: NDArray[np.int64]) -> None:
    """Write the orders of every seed (lanes,) in some epochs into `index` (epochs, n, lanes)."""
    run = _checked()
    if run is not None:
        run(seeds, epoch, index)
        return
    for lane, seed in enumerate(seeds.tolist()):
        index[:, :, lane] = random.orders(seed, epoch, *index.shape[:2])


@lru_cache(maxsize=1)
def _checked() -> Callable[..., None] | None:
    """Return the program; None where NumPy's shuffle is another one."""
    found = _compiled()
    seeds = np.array([0, 7, 2**64 - 1], np.uint64)
    for n, epoch in ((1, 0), (2, 1), (33, 2), (1000, 3)):
        index = np.zeros((2, n, len(seeds)), np.int64)
        found(seeds, epoch, index)
        for lane, seed in enumerate(seeds.tolist()):
            if not np.array_equal(index[:, :, lane], random.orders(seed, epoch, 2, n)):
                return None
    return found


def _compiled() -> Callable[..., None]:
    machine = host()
    text = _module(machine)
    code = cached(text, machine, lambda: compile_module(text, machine))
    pointer, whole = ctypes.c_void_p, ctypes.c_int64
    run = load(code, machine).function("run", None, pointer, *[whole] * 4, pointer, pointer)

    def call(seeds: NDArray[Any], epoch: int, index: NDArray[np.int64]) -> None:
        keys = np.ascontiguousarray(seeds, np.uint64)
        epochs, n, lanes = index.shape
        offset = np.empty((lanes, n), np.int64)
        run(keys.ctypes.data, lanes, n, epoch, epochs, offset.ctypes.data, index.ctypes.data)

    return call


def _module(machine: Machine) -> str:
    """Return the text of `run(keys, lanes, n, epoch, epochs, places, index)`."""
    module = Module(machine)
    pointer = ir.PointerType()
    kinds = [pointer, *[WORD] * 4, pointer, pointer]
    run = ir.Function(module, ir.FunctionType(ir.VoidType(), kinds), "run")
    run.args[5].add_attribute("noalias")
    _Orders(ir.IRBuilder(run.append_basic_block()), run.args)
    return str(module)


class _Orders:
    def __init__(self, b: ir.IRBuilder, arguments: Any) -> None:
        self.b, self.o = b, Ops(b)
        keys, lanes, self.n, epoch, epochs, places, index = arguments
        self.left, self.mask, self.block = (b.alloca(WORD) for _ in range(3))
        with self.o.loop(0, epochs) as e:
            self.epoch = b.add(epoch, e)
            with self.o.loop(0, lanes) as lane:
                self.offset = self.o.at(places, WORD, b.mul(lane, self.n))
                self._shuffle(self.o.load(keys, WORD, lane))
            here = self.o.at(index, WORD, b.mul(e, b.mul(self.n, lanes)))
            with self.o.loop(0, self.n) as i, self.o.loop(0, lanes) as lane:
                value = self.o.load(places, WORD, b.add(b.mul(lane, self.n), i))
                self.o.store(value, here, b.add(b.mul(i, lanes), lane))
        b.ret_void()

    def _shuffle(self, key: Any) -> None:
        """Write one order into `offset`."""
        b, o = self.b, self.o
        with o.loop(0, self.n) as i:
            o.store(i, self.offset, i)
        last = b.sub(self.n, word(1))
        zeros = b.ctlz(b.or_(last, word(1)), ir.Constant(ir.IntType(1), 1))
        b.store(b.lshr(word(-1), zeros), self.mask)  # the bits that a number up to i may have
        b.store(last, self.left)
        b.store(word(0), self.block)
        head, body, after = (b.append_basic_block(name) for name in ("draw", "block", "done"))
        b.branch(head)
        b.position_at_end(head)
        b.cbranch(b.icmp_signed(">", b.load(self.left, typ=WORD), word(0)), body, after)
        b.position_at_end(body)
        number = b.add(b.load(self.block, typ=WORD), word(1))  # raised before it is used
        b.store(number, self.block)
        for drawn in self._philox(key, number):
            self._swap(b.and_(drawn, word(0xFFFFFFFF)))
            self._swap(b.lshr(drawn, word(32)))
        b.branch(head)
        b.position_at_end(after)

    def _philox(self, key: Any, number: Any) -> list[Any]:
        """Return the four words of a block of the stream."""
        b = self.b
        return words(b, [number, word(0), self.epoch, word(SHUFFLE)], key)

    def _swap(self, drawn: Any) -> None:
        """Swap entry i with the one drawn, and go on to i - 1, unless it is beyond i.

        There is no branch, which the processor would guess wrong every third time: what is drawn
        in vain swaps i with itself.
        """
        b, o = self.b, self.o
        i = b.load(self.left, typ=WORD)
        mask = b.load(self.mask, typ=WORD)
        j = b.and_(drawn, mask)
        fits = b.and_(b.icmp_signed("<=", j, i), b.icmp_signed(">", i, word(0)))
        j = b.select(fits, j, i)
        mine, other = o.load(self.offset, WORD, i), o.load(self.offset, WORD, j)
        o.store(other, self.offset, i)
        o.store(mine, self.offset, j)
        left, half = b.sub(i, b.zext(fits, WORD)), b.lshr(mask, word(1))
        b.store(left, self.left)
        b.store(b.select(b.icmp_signed("<=", left, half), half, mask), self.mask)
