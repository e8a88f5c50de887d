"""Loops of a program of sequences: sums that stay in registers, tiles of nodes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from deltarule.engine.compiled.instructions.operations import WORD, Ops, word

UNROLLED = 4
"""Terms of a sum that are written one after the other in a turn of its loop."""


def tiled(o: Ops, count: int, height: int, write: Callable[[Any, int], None]) -> None:
    """Write `write(first, many)` for `count` things, `height` of them at a time."""
    whole = count // height
    if whole == 1:
        write(word(0), height)
    elif whole:
        with o.loop(0, whole * height, height) as first:
            write(first, height)
    if count % height:
        write(word(whole * height), count % height)


def summed(
    o: Ops, count: Any, sums: list[Any], add: Callable[[Any, list[Any]], list[Any]]
) -> list[Any]:
    """Write the loop `sums = add(k, sums)` for k = 0, 1, .. < `count`; return the sums after it.

    A count that is known when the program runs alone is at least 1.
    """
    if not isinstance(count, int):
        return _some(o, count, sums, add)
    whole = count // UNROLLED if count > UNROLLED else 0
    if whole:
        sums = _loop(o, word(0), word(whole * UNROLLED), UNROLLED, sums, add)
    for k in range(whole * UNROLLED, count):
        sums = add(word(k), sums)
    return sums


def _some(
    o: Ops, count: Any, sums: list[Any], add: Callable[[Any, list[Any]], list[Any]]
) -> list[Any]:
    """Write the first 1 to `UNROLLED` terms one by one, and the rest several in a turn."""
    b = o.b
    turns = b.sdiv(b.sub(count, word(1)), word(UNROLLED))
    first = b.sub(count, b.mul(turns, word(UNROLLED)))
    sums = _loop(o, word(0), first, 1, sums, add)
    before = b.block
    more, after = b.append_basic_block("more"), b.append_basic_block("all")
    b.cbranch(b.icmp_signed("<", first, count), more, after)
    b.position_at_end(more)
    longer = _loop(o, first, count, UNROLLED, sums, add)
    there = b.block
    b.branch(after)
    b.position_at_end(after)
    found = []
    for short, long in zip(sums, longer, strict=True):
        value = b.phi(short.type)
        value.add_incoming(short, before)
        value.add_incoming(long, there)
        found.append(value)
    return found


def _loop(
    o: Ops,
    start: Any,
    stop: Any,
    step: int,
    sums: list[Any],
    add: Callable[[Any, list[Any]], list[Any]],
) -> list[Any]:
    b, before = o.b, o.b.block
    head, after = b.append_basic_block("sum"), b.append_basic_block("summed")
    b.branch(head)
    b.position_at_end(head)
    k = b.phi(WORD)
    running = [b.phi(value.type) for value in sums]
    k.add_incoming(start, before)
    for phi, value in zip(running, sums, strict=True):
        phi.add_incoming(value, before)
    found = list(running)
    for n in range(step):
        found = add(b.add(k, word(n)) if n else k, found)
    following = b.add(k, word(step))
    k.add_incoming(following, b.block)
    for phi, value in zip(running, found, strict=True):
        phi.add_incoming(value, b.block)
    b.cbranch(b.icmp_signed("<", following, stop), head, after)
    b.position_at_end(after)
    return found
