"""Strips of a matrix product: blocks of C that stay in registers while the sum runs.

    C[i, j] = initial[i, j] + sum_k A(i, k) B[k, j],   j < vectors x lanes

A strip is walked from top to bottom in tiles of `height` rows. Every step of k loads the vectors
of B's row and broadcasts one number of A for each row of the tile; each number meets each vector
in one fused multiply-add. A tile that reaches beyond the last row computes that row several
times over instead, to the same bits: no second tile for what is left over.

    one step of k, a tile of 8 rows by 3 vectors in 32 registers

                        b0 = B[k, j:]  b1 = B[k, j+w:]  b2          3 registers, read once a step
      A(i, k) x w       c00 += a b0    c01 += a b1      c02 += ..   24 registers that hold sums
      A(i+1, k) x w     c10 += a b0    c11 += a b1      c12 += ..   from the first k to the last;
      ...                                                           A's numbers need one at a time

Such a step has 24 multiply-adds for 3 + 8 loads. A core that does two of each a cycle needs 12
cycles for the one and 5.5 for the other: the loads hide behind the arithmetic. A sum is added to
once in those 12 cycles, and is ready again after 4. With 16 registers it is 4 rows: 12 sums, 3
registers of B, 1 of A; 12 multiply-adds for 7 loads, 6 cycles and 3.5.

The sum runs over k in rising order, one addition at a time, whatever the tile: an element of C
does not depend on how rows are divided.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from deltarule.engine.compiled.instructions.operations import WORD, Ops, element_of, lanes_of, word

POINTER = ir.PointerType()


@dataclass(frozen=True)
class Tile:
    """What a tile is made of, and how it reads A."""

    kind: ir.Type
    """One vector."""
    height: int
    """Rows of C."""
    vectors: int
    """Vectors in a row of C."""
    down: bool
    """The sum runs down A's columns (C = A'B); otherwise along its rows (C = AB)."""
    gathered: bool
    """A's rows are those that the index names; otherwise they follow each other."""

    @property
    def element(self) -> ir.Type:
        """The type of a number."""
        return element_of(self.kind)

    @property
    def columns(self) -> int:
        """Numbers in a row of C."""
        return self.vectors * lanes_of(self.kind)

    @property
    def name(self) -> str:
        """The name of the strip's function: the same for every product that can share it."""
        way = ("down" if self.down else "along") + (".gathered" if self.gathered else "")
        return f"strip.{self.height}x{self.vectors}.{self.element}{lanes_of(self.kind)}.{way}"


def at(b: ir.IRBuilder, pointer: Any, element: ir.Type, place: Any) -> Any:
    """Return the address of the number at `place` behind `pointer`."""
    return b.gep(pointer, [place], source_etype=element)


def align_of(element: ir.Type) -> int:
    """Return the alignment that is certain for a vector: one number's."""
    return 4 if isinstance(element, ir.FloatType) else 8


def routine(module: ir.Module, name: str, arguments: str, numbers: str) -> ir.Function:
    """Return a new internal function; the arguments named in `numbers` are integers, else pointers.

    It is never copied into its callers: products share it.
    """
    names = arguments.split()
    kinds = [WORD if n in numbers.split() else POINTER for n in names]
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), kinds), name)
    function.linkage = "internal"
    function.attributes.add("nounwind")
    function.attributes.add("noinline")
    for argument, label in zip(function.args, names, strict=True):
        argument.name = label
    return function


@contextmanager
def repeat(b: ir.IRBuilder, start: Any, stop: Any, step: int = 1) -> Iterator[Any]:
    """Write a loop: its body, with i = start, start + step, ... while i + step <= stop.

    After the loop `i` is the first number that it left out.
    """
    before = b.block
    head = b.append_basic_block("head")
    body = b.append_basic_block("body")
    done = b.append_basic_block("done")
    b.branch(head)
    b.position_at_end(head)
    i = b.phi(WORD)
    i.add_incoming(start, before)
    following = b.add(i, word(step), flags=("nsw",))
    b.cbranch(b.icmp_signed("<=", following, stop), body, done)
    b.position_at_end(body)
    yield i
    i.add_incoming(following, b.block)
    b.branch(head)
    b.position_at_end(done)


def emit_strip(module: ir.Module, tile: Tile) -> ir.Function:
    """Return the function that computes rows [first, last) of a strip; add it if it is missing.

    `void (ptr a, i64 lda, ptr index, ptr b, i64 ldb, ptr initial, i64 ldi, ptr c, i64 ldc,
    i64 first, i64 last, i64 depth)`: distances `ld.` from row to row in numbers, 0 where one row
    of initial values serves all; `depth` steps of k.
    """
    found = module.globals.get(tile.name)
    if found is not None:
        return found
    names = "a lda index b ldb initial ldi c ldc first last depth"
    function = routine(module, tile.name, names, "lda ldb ldi ldc first last depth")
    a, lda, index, right, ldb, initial, ldi, c, ldc, first, last, depth = function.args
    b = ir.IRBuilder(function.append_basic_block())
    stop = b.add(last, word(tile.height - 1), flags=("nsw",))
    with repeat(b, first, stop, tile.height) as top:
        rows = _rows(b, tile, top, last)
        numbers = _places(b, tile, rows, a, lda, index)
        starts = [at(b, initial, tile.element, b.mul(i, ldi)) for i in rows]
        sums = [load for start in starts for load in _load(b, tile, start)]
        _prefetch(b, tile, c, ldc, b.add(top, word(tile.height)))
        sums = _sum(b, tile, sums, (a, lda, index), numbers, (right, ldb), depth)
        for r, i in enumerate(rows):
            _store(b, tile, at(b, c, tile.element, b.mul(i, ldc)), sums[r * tile.vectors :])
    b.ret_void()
    return function


def _rows(b: ir.IRBuilder, tile: Tile, top: Any, last: Any) -> list[Any]:
    """Return the tile's rows; those beyond the last one are the last one."""
    bottom = b.sub(last, word(1), flags=("nsw",))
    following = [b.add(top, word(r), flags=("nsw",)) for r in range(1, tile.height)]
    return [top, *(b.select(b.icmp_signed("<", i, last), i, bottom) for i in following)]


def _places(
    b: ir.IRBuilder, tile: Tile, rows: list[Any], a: Any, lda: Any, index: Any
) -> list[Any]:
    """Return where each row of the tile finds its numbers: columns of A, or addresses of rows."""
    return rows if tile.down else [_row(b, tile, a, lda, index, i) for i in rows]


def _row(b: ir.IRBuilder, tile: Tile, a: Any, lda: Any, index: Any, i: Any) -> Any:
    """Return the address of row i of A, or of row index[i]."""
    if tile.gathered:
        i = b.load(at(b, index, WORD, i), typ=WORD)
    return at(b, a, tile.element, b.mul(i, lda, flags=("nsw",)))


def _sum(
    b: ir.IRBuilder,
    tile: Tile,
    sums: list[Any],
    left: Any,
    places: list[Any],
    right: Any,
    depth: Any,
) -> list[Any]:
    """Write the loop over k; return the sums after it."""
    o = Ops(b)
    before = b.block
    with repeat(b, word(0), depth) as k:
        body = b.block
        b.position_before(k)
        running = [b.phi(tile.kind) for _ in sums]
        b.position_at_end(body)
        vectors = _load(b, tile, at(b, right[0], tile.element, b.mul(k, right[1], flags=("nsw",))))
        if tile.down:
            a, lda, index = left
            row = _row(b, tile, a, lda, index, k)
            addresses = [at(b, row, tile.element, place) for place in places]
        else:
            addresses = [at(b, row, tile.element, k) for row in places]
        numbers = [o.splat(tile.kind, b.load(p, typ=tile.element)) for p in addresses]
        terms = [(number, vector) for number in numbers for vector in vectors]
        for phi, first, (number, vector) in zip(running, sums, terms, strict=True):
            phi.add_incoming(first, before)
            phi.add_incoming(o.intrinsic("fmuladd", number, vector, phi), b.block)
    return list(running)


def _prefetch(b: ir.IRBuilder, tile: Tile, c: Any, ldc: Any, top: Any) -> None:
    """Ask the second-level cache for the next tile's part of C while this tile is summed.

    The rows of a large C lie on pages of their own, so the processor does not foresee them. An
    address beyond the last row does no harm: nothing is read into the program.
    """
    reading, second, data = (ir.Constant(ir.IntType(32), n) for n in (0, 2, 1))
    with repeat(b, top, b.add(top, word(tile.height))) as i:
        row = at(b, c, tile.element, b.mul(i, ldc))
        for j in range(0, tile.columns, 64 // align_of(tile.element)):
            place = at(b, row, tile.element, word(j))
            Ops(b).call("llvm.prefetch.p0", ir.VoidType(), place, reading, second, data)


def _load(b: ir.IRBuilder, tile: Tile, pointer: Any) -> list[Any]:
    """Return the vectors of one row behind `pointer`."""
    align = align_of(tile.element)
    places = [at(b, pointer, tile.element, word(j)) for j in _columns(tile)]
    return [b.load(place, typ=tile.kind, align=align) for place in places]


def _store(b: ir.IRBuilder, tile: Tile, pointer: Any, values: list[Any]) -> None:
    """Store the vectors of one row behind `pointer`."""
    for value, j in zip(values, _columns(tile), strict=False):
        b.store(value, at(b, pointer, tile.element, word(j)), align=align_of(tile.element))


def _columns(tile: Tile) -> range:
    """Return the first column of every vector of a row."""
    return range(0, tile.columns, lanes_of(tile.kind))
