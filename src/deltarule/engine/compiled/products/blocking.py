"""From strips to a whole product: panels of columns, blocks of the sum, copies of B.

C is computed panel by panel (as many columns as a tile is wide), every panel from the top row
to the bottom one. Long sums are cut into blocks so that one block's panel of B stays in the
first-level cache while all rows of A pass it. Of a large B every panel is copied to a scratch
buffer, and of a large A the part that meets it, because rows of a large matrix lie too far apart
for the sets of a cache and the translation of addresses.
Between blocks the sums rest in C, which changes no bit of them.

             B  panel           C  panel
            +--++------+       +--++------+      scratch: | panel of B, block rows | part of A |
      block |##||      |       |..||      |
            +--++------+       |..||      |      the panel of B, block x 3 vectors, fills the
    A +----++----+             |..||      |      first-level cache (32 KiB: 170 rows of 3 x 64
      |####||    | chunk of    |..||      |      bytes), the part of A that a chunk of 1,024 rows
      |####||    | 1,024 rows  |..||      |      needs stays in the second level while all panels
      +----++----+             +--++------+      pass it
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from llvmlite import ir

from deltarule.engine.compiled.instructions.machine import Machine
from deltarule.engine.compiled.instructions.operations import (
    Ops,
    element_of,
    lanes_of,
    vector_of,
    word,
)
from deltarule.engine.compiled.products.copies import emit_copy, emit_pack
from deltarule.engine.compiled.products.tiles import Tile, at, emit_strip, repeat, routine

Finish = Callable[[Ops, Any, Any, Any], Any]
"""`finish(o, i, j, value)`: what is stored in place of the vector C[i, j:]."""

_CACHE = 32 * 1024  # bytes of a first-level cache that a panel of B may fill
_CHUNK = 1024  # rows of C that pass a panel before the next one; their A stays in the second level


@dataclass(frozen=True)
class Shape:
    """A product's size and the distances from row to row of its matrices, in numbers."""

    machine: Machine
    dtype: Any
    depth: int
    """Numbers in a sum; for a sum whose length is not known, a typical one."""
    width: int
    lda: int
    ldb: int
    ldc: int
    down: bool
    gathered: bool
    extent: int
    """Rows of C; for a number that is not known, a large one."""
    finish: Finish | None = None
    divided: bool = False
    """Columns from j0 to j1 alone are computed, at least two vectors of them, as a call says."""
    single: bool = False
    """Rows of C are computed one by one, as wide as the registers allow."""

    @property
    def size(self) -> int:
        """Bytes of a number."""
        return int(np.dtype(self.dtype).itemsize)

    @property
    def kind(self) -> ir.Type:
        """The widest vector that divides the width."""
        lanes = self.machine.lanes(self.dtype)
        while self.width % lanes:
            lanes //= 2
        return vector_of(ir.FloatType() if self.size == 4 else ir.DoubleType(), lanes)

    @property
    def panels(self) -> dict[int, int]:
        """How many panels there are of each number of vectors: threes, and twos for what is left.

        Three vectors to eight rows need the fewest loads for each multiply-add.
        """
        vectors = self.width // lanes_of(self.kind)
        if vectors == 1:
            return {1: 1}
        if self.single:
            return {v: n for v, n in ((8, vectors // 8), (vectors % 8, 1)) if v and n}
        twos = -vectors % 3
        return {v: n for v, n in ((3, (vectors - 2 * twos) // 3), (2, twos)) if n or self.divided}

    @property
    def block(self) -> int:
        """The length of a block of a sum: the panel of B within the cache, equal if known."""
        longest = _CACHE // (max(self.panels) * lanes_of(self.kind) * self.size)
        if self.down:
            return longest
        blocks = -(-self.depth // longest)
        return -(-self.depth // blocks)

    @property
    def packed(self) -> bool:
        """Whether panels of B are copied: where B's rows are longer than a panel, and many."""
        long = self.depth * self.ldb * self.size > _CACHE
        return long and self.width > 3 * lanes_of(self.kind) and not self.single

    @property
    def copied(self) -> bool:
        """Whether the part of A that meets a panel is copied, too."""
        long = self.down or self.block < self.depth
        return self.packed and long and self.piece <= self.extent

    @property
    def piece(self) -> int:
        """Rows of C whose A lies together in the copy: down its columns, a line of the cache."""
        return 64 // self.size if self.down else _CHUNK

    @property
    def scratch(self) -> int:
        """Bytes for the copies."""
        columns = self.packed * max(self.panels) * lanes_of(self.kind)
        return (columns + self.copied * _CHUNK) * self.block * self.size

    def tile(self, vectors: int) -> Tile:
        """Return the tile for panels of so many vectors: as high as the registers allow."""
        if self.single:
            return Tile(self.kind, 1, vectors, self.down, self.gathered)
        height = 8 if self.machine.registers >= 32 else {1: 8, 2: 6, 3: 4}[vectors]
        return Tile(self.kind, height, vectors, self.down, self.gathered)


@dataclass(frozen=True)
class Block:
    """One block of the sum, as values of the function that is being written."""

    a: Any
    index: Any
    b: Any
    """B's row where the block begins."""
    depth: Any
    first: Any
    """Whether it is the first block (i1)."""
    last: Any
    """Whether it is the last block (i1)."""
    start: Any
    """A row of values where the sums begin."""
    c: Any
    rows: tuple[Any, Any]
    """The rows of C from ... to."""
    extra: Any
    scratch: Any
    columns: tuple[Any, Any] | None
    """The columns of C from ... to, where the product is divided."""


def emit_block(b: ir.IRBuilder, shape: Shape, block: Block) -> None:
    """Write one block of the sum; one or two rows take a way of their own, without copies."""
    if shape.down:
        _emit_chunks(b, shape, block)
        return
    few = b.icmp_signed("<", b.sub(block.rows[1], block.rows[0]), word(3))
    with b.if_else(few) as (then, otherwise):
        with then:
            _emit_panels(b, replace(shape, single=True), block)
        with otherwise:
            _emit_chunks(b, shape, block)


def _emit_chunks(b: ir.IRBuilder, shape: Shape, block: Block) -> None:
    """Write one block of the sum, chunk by chunk of the rows if A is copied."""
    if not shape.copied:
        _emit_panels(b, shape, block)
        return
    first, last = block.rows
    with repeat(b, first, b.add(last, word(_CHUNK - 1)), _CHUNK) as top:
        chunk = replace(block, rows=(top, _least(b, b.add(top, word(_CHUNK)), last)))
        with _pieces(b, shape, chunk) as (rows, begin, copy):
            _emit_copy_of_a(b, shape, block, rows, begin, copy)
        _emit_panels(b, shape, chunk)


def _emit_panels(b: ir.IRBuilder, shape: Shape, block: Block) -> None:
    """Write one block of the sum, panel by panel."""
    j, ends = _ends(b, shape, block.columns)
    for vectors, stop in ends.items():
        tile = shape.tile(vectors)
        with repeat(b, j, stop, tile.columns) as j:
            _emit_panel(b, shape, tile, block, j)


def _ends(
    b: ir.IRBuilder, shape: Shape, columns: tuple[Any, Any] | None
) -> tuple[Any, dict[int, Any]]:
    """Return where the panels begin, and where those of each number of vectors end."""
    lanes = lanes_of(shape.kind)
    if columns is None:
        counts = itertools.accumulate(v * n * lanes for v, n in shape.panels.items())
        return word(0), dict(zip(shape.panels, map(word, counts), strict=True))
    j, end = columns
    if shape.single:
        return j, {8: end, 1: end}
    vectors = b.sdiv(b.sub(end, j), word(lanes))
    twos = b.srem(b.mul(vectors, word(2)), word(3))  # -v mod 3, as in `Shape.panels`
    return j, {3: b.sub(end, b.mul(twos, word(2 * lanes))), 2: end}


def _emit_panel(b: ir.IRBuilder, shape: Shape, tile: Tile, block: Block, j: Any) -> None:
    """Write one block of the sum for the panel that begins in column j."""
    c = at(b, block.c, tile.element, j)
    initial = b.select(block.first, at(b, block.start, tile.element, j), c)
    ldi = b.select(block.first, word(0), word(shape.ldc))
    right, ldb = at(b, block.b, tile.element, j), word(shape.ldb)
    if shape.packed:
        b.call(emit_pack(b.module, tile), [right, ldb, block.scratch, block.depth])
        right, ldb = block.scratch, word(tile.columns)
    operands = [right, ldb, initial, ldi, c, word(shape.ldc)]
    if shape.copied:
        strip = emit_strip(b.module, replace(tile, gathered=False))
        with _pieces(b, shape, block) as (rows, begin, copy):
            lda = shape.piece if shape.down else shape.block
            back = begin if shape.down else b.mul(begin, word(lda))
            a = at(b, copy, tile.element, b.neg(back))
            b.call(strip, [a, word(lda), block.index, *operands, *rows, block.depth])
    else:
        left = [block.a, word(shape.lda), block.index]
        b.call(emit_strip(b.module, tile), [*left, *operands, *block.rows, block.depth])
    if shape.finish is not None:
        close = _emit_finish(b.function, tile, shape, shape.finish)
        with b.if_then(block.last):
            b.call(close, [c, *block.rows, j, word(tile.columns), block.extra])


@contextmanager
def _pieces(b: ir.IRBuilder, shape: Shape, block: Block) -> Iterator[tuple[Any, Any, Any]]:
    """Write a loop over a chunk's pieces: rows of C, the first row in the copy, the copy.

    A piece down the columns is always a whole one in the copy: the last one of the matrix
    begins before its rows.
    """
    first, last = block.rows
    element = element_of(shape.kind)
    room = word(shape.block * max(shape.panels) * lanes_of(shape.kind))
    with repeat(b, first, b.add(last, word(shape.piece - 1)), shape.piece) as top:
        rows = (top, _least(b, b.add(top, word(shape.piece)), last))
        begin = _least(b, top, word(shape.extent - shape.piece)) if shape.down else top
        copy = b.add(room, b.mul(b.sub(top, first), word(shape.block)))
        yield rows, begin, at(b, block.scratch, element, copy)


def _emit_copy_of_a(
    b: ir.IRBuilder, shape: Shape, block: Block, rows: tuple[Any, Any], begin: Any, copy: Any
) -> None:
    """Write the copy of one piece of A."""
    gather = emit_copy(b.module, shape.kind, shape.gathered)
    a, lda = block.a, word(shape.lda)
    if shape.down:
        a = at(b, a, element_of(shape.kind), begin)
        ends = [word(0), block.depth, word(shape.piece)]
        b.call(gather, [a, lda, block.index, copy, word(shape.piece), *ends])
    else:
        b.call(gather, [a, lda, block.index, copy, word(shape.block), *rows, block.depth])


def _least(b: ir.IRBuilder, x: Any, y: Any) -> Any:
    """Return the smaller of two integers."""
    return b.select(b.icmp_signed("<", x, y), x, y)


def _emit_finish(product: ir.Function, tile: Tile, shape: Shape, finish: Finish) -> ir.Function:
    """Return the function that applies the epilogue to a panel; add it if it is missing.

    `void (ptr c, i64 first, i64 last, i64 j, i64 columns, ptr extra)`
    """
    name = f"{product.name}.finish"
    found = product.module.globals.get(name)
    if found is not None:
        return found
    function = routine(product.module, name, "c first last j columns extra", "first last j columns")
    c, first, last, j, columns, _ = function.args
    b = ir.IRBuilder(function.append_basic_block())
    o, lanes = Ops(b), lanes_of(tile.kind)
    with repeat(b, first, last) as i:
        row = at(b, c, tile.element, b.mul(i, word(shape.ldc)))
        with repeat(b, word(0), columns, lanes) as v:
            place = at(b, row, tile.element, v)
            value = b.load(place, typ=tile.kind, align=shape.size)
            b.store(finish(o, i, b.add(j, v), value), place, align=shape.size)
    b.ret_void()
    return function
