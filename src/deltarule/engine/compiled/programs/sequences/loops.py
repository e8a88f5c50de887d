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
    o: Ops, count: int, sums: list[Any], add: Callable[[Any, list[Any]], list[Any]]
) -> list[Any]:
    """Write the loop `sums = add(k, sums)` for k = 0, 1, .. < `count`; return the sums after it."""
    whole = count // UNROLLED if count > UNROLLED else 0
    if whole:
        sums = _loop(o, whole * UNROLLED, UNROLLED, sums, add)
    for k in range(whole * UNROLLED, count):
        sums = add(word(k), sums)
    return sums


def _loop(
    o: Ops, stop: int, step: int, sums: list[Any], add: Callable[[Any, list[Any]], list[Any]]
) -> list[Any]:
    b, before = o.b, o.b.block
    head, after = b.append_basic_block("sum"), b.append_basic_block("summed")
    b.branch(head)
    b.position_at_end(head)
    k = b.phi(WORD)
    running = [b.phi(value.type) for value in sums]
    k.add_incoming(word(0), before)
    for phi, value in zip(running, sums, strict=True):
        phi.add_incoming(value, before)
    found = list(running)
    for n in range(step):
        found = add(b.add(k, word(n)) if n else k, found)
    following = b.add(k, word(step))
    k.add_incoming(following, b.block)
    for phi, value in zip(running, found, strict=True):
        phi.add_incoming(value, b.block)
    b.cbranch(b.icmp_signed("<", following, word(stop)), head, after)
    b.position_at_end(after)
    return found
