"""Matrix products for one machine, one type and one size, as LLVM functions.

Two shapes occur in backpropagation, and both broadcast numbers of A over vectors of B's rows:
`rows_product`, C = AB (forward, and back through the weights), and `columns_product`, C = A'B
(the gradient of the weights). An element of C is summed over k in rising order, one fused
multiply-add at a time, so it has the same bits however rows are divided among threads; cut the
rows at multiples of 8, where no tile is left half empty.

Distances `lda`, `ldb`, `ldc` are in numbers, from one row to the next. The vectors are the widest
that divide the width.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from deltarule.engine.compiled.instructions.machine import Machine
from deltarule.engine.compiled.instructions.operations import WORD, element_of, word
from deltarule.engine.compiled.products.blocking import Block, Finish, Shape, emit_block
from deltarule.engine.compiled.products.tiles import POINTER, at, repeat, routine

_MANY = 1 << 20  # rows of C, not known beforehand
_TYPICAL = 256  # observations in a sum whose length is not known beforehand


@dataclass(frozen=True)
class Product:
    """A product as a function of its module."""

    function: ir.Function
    scratch: int
    """Bytes that the argument `scratch` has to point to, one buffer for each thread."""


def rows_product(
    module: ir.Module,
    name: str,
    machine: Machine,
    dtype: Any,
    *,
    depth: int,
    width: int,
    lda: int,
    ldb: int,
    ldc: int,
    gathered: bool,
    start: bool,
    finish: Finish | None = None,
    divided: bool = False,
) -> Product:
    """Add C[i, j] = start[j] + sum_k A[row(i), k] B[k, j] for i in [i0, i1).

    `void name(ptr A, ptr index, ptr B, ptr start, ptr C, i64 i0, i64 i1, i64 j0, i64 j1,
    ptr extra, ptr scratch)`

    Where `divided`, for j in [j0, j1) alone, whole vectors and two at least; else for all, and
    j0 and j1 are not read.

    `row(i)` is `index[i]` (int64) where `gathered`, else i, and `index` is not read. `start` is
    a row of `width` numbers, not read where `start=False`: sums begin at 0. `depth` numbers of
    a row of A take part. `scratch` may be null where `Product.scratch` is 0.

    `finish(o, i, j, value)`, called while the program is written, returns what is stored in
    place of the finished vector C[i, j:]. i and j are LLVM integers of 64 bits. It finds the
    product's argument `extra` as the last argument of the function that it writes in,
    `o.b.function.args[-1]`.
    """
    shape = Shape(
        machine, dtype, depth, width, lda, ldb, ldc, False, gathered, _MANY, finish, divided
    )
    names = "A index B start C i0 i1 j0 j1 extra scratch"
    function = routine(module, name, names, "i0 i1 j0 j1")
    a, index, right, begin, c, i0, i1, j0, j1, extra, scratch = function.args
    b = ir.IRBuilder(function.append_basic_block())
    element = element_of(shape.kind)
    begin = begin if start else _zeros(module, name, element, width)
    blocks = -(-depth // shape.block)
    with repeat(b, word(0), word(blocks)) as t:
        k = b.mul(t, word(shape.block))
        first, last = (b.icmp_signed("==", t, word(end)) for end in (0, blocks - 1))
        length = b.select(last, word(depth - (blocks - 1) * shape.block), word(shape.block))
        below = at(b, right, element, b.mul(k, word(ldb)))
        along = at(b, a, element, k)
        columns = (j0, j1) if divided else None
        rest = (first, last, begin, c, (i0, i1), extra, scratch, columns)
        emit_block(b, shape, Block(along, index, below, length, *rest))
    b.ret_void()
    return Product(function, shape.scratch)


def columns_product(
    module: ir.Module,
    name: str,
    machine: Machine,
    dtype: Any,
    *,
    columns: int,
    width: int,
    lda: int,
    ldb: int,
    ldc: int,
    gathered: bool,
    divided: bool = False,
) -> Product:
    """Add C[k, j] = sum_{i < n} A[row(i), k] B[i, j] for k in [k0, k1), 0 <= k0, k1 <= columns.

    `void name(ptr A, ptr index, ptr B, ptr C, i64 n, i64 k0, i64 k1, i64 j0, i64 j1, ptr scratch)`

    j0 and j1 as in `rows_product`.

    `row(i)` is `index[i]` (int64) where `gathered`, else i, and `index` is not read. With n = 0
    the sums are 0. `scratch` may be null where `Product.scratch` is 0.
    """
    shape = Shape(
        machine, dtype, _TYPICAL, width, lda, ldb, ldc, True, gathered, columns, None, divided
    )
    function = routine(module, name, "A index B C n k0 k1 j0 j1 scratch", "n k0 k1 j0 j1")
    a, index, right, c, n, k0, k1, j0, j1, scratch = function.args
    b = ir.IRBuilder(function.append_basic_block())
    element = element_of(shape.kind)
    zeros = _zeros(module, name, element, width)
    full = b.sdiv(b.add(n, word(shape.block - 1)), word(shape.block))
    blocks = b.select(b.icmp_signed(">", full, word(1)), full, word(1))
    with repeat(b, word(0), blocks) as t:
        i = b.mul(t, word(shape.block))
        first = b.icmp_signed("==", t, word(0))
        rest = b.sub(n, i)
        length = b.select(b.icmp_signed("<", rest, word(shape.block)), rest, word(shape.block))
        below = at(b, right, element, b.mul(i, word(ldb)))
        down = a if gathered else at(b, a, element, b.mul(i, word(lda)))
        rows = at(b, index, WORD, i) if gathered else index
        nothing = ir.Constant(POINTER, None)
        part = (j0, j1) if divided else None
        ends = (first, first, zeros, c, (k0, k1), nothing, scratch, part)
        emit_block(b, shape, Block(down, rows, below, length, *ends))
    b.ret_void()
    return Product(function, shape.scratch)


def _zeros(module: ir.Module, name: str, element: ir.Type, width: int) -> ir.GlobalVariable:
    """Add a row of zeros, where sums begin that have no other start."""
    kind = ir.ArrayType(element, width)
    zeros = ir.GlobalVariable(module, kind, f"{name}.zeros")
    zeros.linkage, zeros.global_constant = "internal", True
    zeros.initializer = ir.Constant(kind, None)
    return zeros
