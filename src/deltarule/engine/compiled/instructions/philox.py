"""Philox as instructions: the words of a block, and numbers drawn by their places."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from deltarule.core.philox import block, placed
from deltarule.engine.compiled.instructions.operations import WORD, Ops, lanes_of, vector_of, word

_LONG = ir.IntType(128)


def words(b: ir.IRBuilder, counter: list[Any], key: Any) -> list[Any]:
    """Return the four words of 64 bits of a block; counter and key are machine words."""
    add: Any = lambda v, w: b.add(v, word(w))  # noqa: E731

    def product(x: Any, y: int) -> tuple[Any, Any]:
        whole = b.mul(b.zext(x, _LONG), ir.Constant(_LONG, y))
        return b.trunc(b.lshr(whole, ir.Constant(_LONG, 64)), WORD), b.trunc(whole, WORD)

    return block(counter, [key, word(0)], product, b.xor, add)


def words_by_place(o: Ops, purpose: int, seed: Any, t: Any, row: Any, number: Any) -> list[Any]:
    """Return block `number` of a row of update t (`core.philox.placed`): words of 32 bits.

    Each argument but `purpose` is a machine word or a vector of them. Words of 32 bits lie in 64:
    a vector's product of two such is one instruction.
    """
    b, lanes = o.b, max(lanes_of(v.type) for v in (seed, t, row, number))
    kind = vector_of(WORD, lanes)

    def halves(x: _Word) -> tuple[_Word, _Word]:
        shift, mask = o.constant(kind, 32), o.constant(kind, 2**32 - 1)
        return _Word(o, b.lshr(x.value, shift)), _Word(o, b.and_(x.value, mask))

    def product(x: _Word, y: int) -> tuple[_Word, _Word]:
        return halves(_Word(o, b.mul(x.value, o.constant(kind, y))))

    def add(x: _Word, y: int) -> _Word:
        return halves(_Word(o, b.add(x.value, o.constant(kind, y))))[1]

    def spread(value: Any) -> _Word:
        return _Word(o, value if value.type == kind else o.splat(kind, value))

    given = spread(seed), purpose, spread(t), spread(row), spread(number)
    return [word.value for word in placed(*given, product, add, halves)]


class _Word:
    """A word of 32 bits, or a vector of them, in 64."""

    def __init__(self, o: Ops, value: Any) -> None:
        self.o, self.value = o, value

    def __xor__(self, other: _Word) -> _Word:
        return _Word(self.o, self.o.b.xor(self.value, other.value))


def numbers(o: Ops, drawn: Any, kind: ir.Type) -> Any:
    """Return the upper 24 of 32 bits as a number in [0, 1), lane by lane."""
    short = vector_of(ir.IntType(32), lanes_of(drawn.type))
    bits = o.b.trunc(o.b.lshr(drawn, o.constant(drawn.type, 8)), short)
    return o.mul(o.b.sitofp(bits, kind), o.constant(kind, 2.0**-24))
