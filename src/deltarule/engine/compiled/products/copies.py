"""Copies of parts of a matrix, their rows moved close together."""

from __future__ import annotations

from llvmlite import ir

from deltarule.engine.compiled.instructions.operations import WORD, element_of, lanes_of, word
from deltarule.engine.compiled.products.tiles import (
    Tile,
    align_of,
    at,
    repeat,
    routine,
)


def emit_pack(module: ir.Module, tile: Tile) -> ir.Function:
    """Return the function that copies a panel of B, its rows side by side; add it if missing."""
    name = f"pack.{tile.vectors}.{tile.element}{lanes_of(tile.kind)}"
    found = module.globals.get(name)
    if found is not None:
        return found
    function = routine(module, name, "b ldb to depth", "ldb depth")
    right, ldb, to, depth = function.args
    b = ir.IRBuilder(function.append_basic_block())
    align = align_of(tile.element)
    with repeat(b, word(0), depth) as k:
        source = at(b, right, tile.element, b.mul(k, ldb))
        target = at(b, to, tile.element, b.mul(k, word(tile.columns)))
        for v in range(0, tile.columns, lanes_of(tile.kind)):
            value = b.load(at(b, source, tile.element, word(v)), typ=tile.kind, align=align)
            b.store(value, at(b, target, tile.element, word(v)), align=align)
    b.ret_void()
    return function


def emit_copy(module: ir.Module, kind: ir.Type, gathered: bool) -> ir.Function:
    """Return the function that copies rows [first, last) of A; add it if it is missing.

    `void (ptr a, i64 lda, ptr index, ptr to, i64 ldt, i64 first, i64 last, i64 length)`: `length`
    numbers of each row, at least one vector; where `gathered`, of the rows that the index names.
    Row `first` goes to `to`.
    """
    element, lanes = element_of(kind), lanes_of(kind)
    name = f"copy.{element}{lanes}{'.gathered' * gathered}"
    found = module.globals.get(name)
    if found is not None:
        return found
    function = routine(
        module, name, "a lda index to ldt first last length", "lda ldt first last length"
    )
    a, lda, index, to, ldt, first, last, length = function.args
    b = ir.IRBuilder(function.append_basic_block())
    end = b.sub(length, word(lanes))
    with repeat(b, first, last) as i:
        row = b.load(at(b, index, WORD, i), typ=WORD) if gathered else i
        source = at(b, a, element, b.mul(row, lda))
        target = at(b, to, element, b.mul(b.sub(i, first), ldt))
        with repeat(b, word(0), b.add(length, word(lanes - 1)), lanes) as k:
            # The last vector overlaps the one before instead of reaching beyond the row.
            place = b.select(b.icmp_signed("<", k, end), k, end)
            value = b.load(at(b, source, element, place), typ=kind, align=align_of(element))
            b.store(value, at(b, target, element, place), align=align_of(element))
    b.ret_void()
    return function
