"""The compiled engine's matrix products: exact on whole numbers, and nothing written beside C."""

from __future__ import annotations

import ctypes
import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from llvmlite import ir

from deltarule.engine.compiled.compiler.jit import compile_module, load
from deltarule.engine.compiled.instructions.machine import Machine, host
from deltarule.engine.compiled.instructions.operations import Ops
from deltarule.engine.compiled.products.product import Product, columns_product, rows_product

GUARD = 12345.0
MACHINES = {
    "host": host(),
    "256": replace(host(), bits=min(256, host().bits), registers=16),
    "128": replace(host(), bits=128, registers=16),
}
DTYPES = (np.float32, np.float64)

machines = pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES)
dtypes = pytest.mark.parametrize("dtype", DTYPES)
ways = pytest.mark.parametrize("gathered", [False, True], ids=["in place", "gathered"])

# Small sizes, then one row, one column, primes, then sizes whose B, and whose A, are copied.
SIZES = [(5, 7, 4), (33, 65, 32), (1, 1, 1), (9, 1, 16), (13, 17, 19), (1, 200, 160)]
LARGE = [(37, 61, 320), (270, 345, 112), (530, 173, 128), (2, 1031, 272)]


def built(product: Product, module: ir.Module, machine: Machine) -> Callable[..., None]:
    """Return a product as a callable of arrays, integers and None, with its own scratch."""
    product.function.linkage = "external"
    kinds = [
        ctypes.c_int64 if isinstance(a.type, ir.IntType) else ctypes.c_void_p
        for a in product.function.args
    ]
    code = load(compile_module(str(module), machine), machine)
    function = code.function(product.function.name, None, *kinds)
    scratch = np.full(product.scratch + 16, 0xA5, np.uint8)

    def call(*arguments: Any) -> None:
        values = [a.ctypes.data if isinstance(a, np.ndarray) else a for a in arguments]
        function(*values, scratch.ctypes.data)
        assert (scratch[product.scratch :] == 0xA5).all()

    return call


def rows(machine: Machine, dtype: Any, **size: Any) -> Callable[..., None]:
    """Return C = AB compiled."""
    module = ir.Module()
    return built(rows_product(module, "product", machine, dtype, **size), module, machine)


def columns(machine: Machine, dtype: Any, **size: Any) -> Callable[..., None]:
    """Return C = A'B compiled."""
    module = ir.Module()
    return built(columns_product(module, "product", machine, dtype, **size), module, machine)


def framed(values: np.ndarray, beside: int, fill: float) -> np.ndarray:
    """Return a larger matrix that holds `values`, with `fill` beside and in one row below."""
    room = np.full((values.shape[0] + 1, values.shape[1] + beside), fill, values.dtype)
    room[:-1, : values.shape[1]] = values
    return room


def integers(seed: int, *shape: int, dtype: Any) -> np.ndarray:
    """Return small whole numbers, whose products and sums are exact in every type."""
    return np.random.default_rng(seed).integers(-4, 5, shape).astype(dtype)


def check_rows(
    machine: Machine, dtype: Any, m: int, k: int, n: int, gathered: bool, start: bool, gap: int
) -> None:
    """Compare C = start + AB on whole numbers: equal, and nothing read or written beside."""
    source, b = integers(1, m + 3, k, dtype=dtype), integers(2, k, n, dtype=dtype)
    begin = integers(3, n, dtype=dtype)
    index = np.random.default_rng(4).integers(0, m + 3, m)
    a, c = framed(source, gap, np.nan), framed(np.full((m, n), GUARD, dtype), gap, GUARD)
    size = {"lda": k + gap, "ldb": n + gap, "ldc": n + gap, "gathered": gathered, "start": start}
    product = rows(machine, dtype, depth=k, width=n, **size)
    product(a, index, framed(b, gap, np.nan), begin, c, 0, m, 0, 0, None)
    expected = (source[index] if gathered else source[:m]) @ b + start * begin
    np.testing.assert_array_equal(c, framed(expected, gap, GUARD))


def check_columns(
    machine: Machine, dtype: Any, m: int, k: int, n: int, gathered: bool, gap: int
) -> None:
    """Compare C = A'B on whole numbers: equal, and nothing read or written beside."""
    source, b = integers(1, m + 3, k, dtype=dtype), integers(2, m, n, dtype=dtype)
    index = np.random.default_rng(4).integers(0, m + 3, m)
    a, c = framed(source, gap, np.nan), framed(np.full((k, n), GUARD, dtype), gap, GUARD)
    size = {"lda": k + gap, "ldb": n + gap, "ldc": n + gap, "gathered": gathered}
    product = columns(machine, dtype, columns=k, width=n, **size)
    product(a, index, framed(b, gap, np.nan), c, m, 0, k, 0, 0)
    expected = (source[index] if gathered else source[:m]).T @ b
    np.testing.assert_array_equal(c, framed(expected, gap, GUARD))


@machines
@dtypes
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_whole_numbers_exactly(machine: Machine, dtype: Any, size: Any) -> None:
    """In place or gathered by turns: every machine, type and size has both."""
    turn = list(MACHINES.values()).index(machine) + DTYPES.index(dtype) + SIZES.index(size)
    gathered = turn % 2 == 1
    check_rows(machine, dtype, *size, gathered, True, 5)
    check_columns(machine, dtype, *size, gathered, 5)


@machines
@ways
@pytest.mark.parametrize("size", LARGE, ids=str)
def test_whole_numbers_exactly_through_copies(
    machine: Machine, gathered: bool, size: tuple[int, int, int]
) -> None:
    check_rows(machine, np.float32, *size, gathered, False, 3)
    check_columns(machine, np.float32, *size, gathered, 3)


@settings(max_examples=40, deadline=None)
@given(
    machine=st.sampled_from(list(MACHINES.values())),
    dtype=st.sampled_from(DTYPES),
    m=st.integers(1, 40),
    k=st.integers(1, 70),
    n=st.integers(1, 70),
    gathered=st.booleans(),
    start=st.booleans(),
    gap=st.integers(0, 9),
)
def test_any_size(
    machine: Machine, dtype: Any, m: int, k: int, n: int, gathered: bool, start: bool, gap: int
) -> None:
    check_rows(machine, dtype, m, k, n, gathered, start, gap)
    check_columns(machine, dtype, m, k, n, gathered, gap)


@machines
@dtypes
@pytest.mark.parametrize("size", [(29, 50, 32), (75, 700, 80)], ids=str)
def test_the_division_of_rows_changes_no_bit(machine: Machine, dtype: Any, size: Any) -> None:
    m, k, n = size
    draw = np.random.default_rng(5)
    a, b, delta = (draw.standard_normal(s).astype(dtype) for s in ((m, k), (k, n), (m, n)))
    start = draw.standard_normal(n).astype(dtype)
    forward = rows(
        machine, dtype, depth=k, width=n, lda=k, ldb=n, ldc=n, gathered=False, start=True
    )
    gradient = columns(machine, dtype, columns=k, width=n, lda=k, ldb=n, ldc=n, gathered=False)
    together, divided = np.zeros((m, n), dtype), np.zeros((m, n), dtype)
    forward(a, None, b, start, together, 0, m, 0, 0, None)
    for cuts in ((0, 1, 12, m), (0, 8, 21, m)):
        for begin, end in itertools.pairwise(cuts):
            forward(a, None, b, start, divided, begin, end, 0, 0, None)
        np.testing.assert_array_equal(divided, together)
    together, divided = np.zeros((k, n), dtype), np.zeros((k, n), dtype)
    gradient(a, None, delta, together, m, 0, k, 0, 0)
    for begin, end in zip((0, 3, 40), (3, 40, k), strict=True):
        gradient(a, None, delta, divided, m, begin, end, 0, 0)
    np.testing.assert_array_equal(divided, together)


@machines
@dtypes
@pytest.mark.parametrize("size", [(29, 50, 13), (2, 60, 21), (140, 700, 32)], ids=str)
def test_the_division_of_columns_changes_no_bit(machine: Machine, dtype: Any, size: Any) -> None:
    """Parts of every number of vectors from two on, each beside what another thread writes."""
    m, k, vectors = size
    lanes = machine.lanes(dtype)
    n = vectors * lanes
    draw = np.random.default_rng(5)
    a, b, delta = (draw.standard_normal(s).astype(dtype) for s in ((m, k), (k, n), (m, n)))
    start = draw.standard_normal(n).astype(dtype)
    shape = {"width": n, "lda": k, "ldb": n, "ldc": n, "gathered": False}
    together = np.zeros((m, n), dtype)
    whole = rows(machine, dtype, depth=k, start=True, **shape)
    whole(a, None, b, start, together, 0, m, 0, 0, None)
    forward = rows(machine, dtype, depth=k, start=True, divided=True, **shape)
    total = np.zeros((k, n), dtype)
    columns(machine, dtype, columns=k, **shape)(a, None, delta, total, m, 0, k, 0, 0)
    gradient = columns(machine, dtype, columns=k, divided=True, **shape)
    for cuts in ((0, 2, 5, 9, vectors), (0, 6, vectors), (0, vectors)):
        c, g = np.full((m, n), GUARD, dtype), np.full((k, n), GUARD, dtype)
        for begin, end in itertools.pairwise(cut * lanes for cut in cuts):
            forward(a, None, b, start, c, 0, m, begin, end, None)
            gradient(a, None, delta, g, m, 0, k, begin, end)
            assert (c[:, end:] == GUARD).all()
            assert (g[:, end:] == GUARD).all()
        np.testing.assert_array_equal(c, together)
        np.testing.assert_array_equal(g, total)


@machines
@dtypes
def test_close_to_a_product_in_more_digits(machine: Machine, dtype: Any) -> None:
    m, k, n = 40, 600, 96
    draw = np.random.default_rng(6)
    a, b = draw.standard_normal((m, k)).astype(dtype), draw.standard_normal((k, n)).astype(dtype)
    c = np.zeros((m, n), dtype)
    size = {"depth": k, "width": n, "lda": k, "ldb": n, "ldc": n}
    rows(machine, dtype, **size, gathered=False, start=False)(a, None, b, None, c, 0, m, 0, 0, None)
    exact = a.astype(np.longdouble) @ b.astype(np.longdouble)
    # k additions, each rounded: the error is at most k units of the sum of absolute terms.
    bound = k * np.finfo(dtype).eps * (np.abs(a).astype(float) @ np.abs(b).astype(float))
    assert (np.abs(c - exact) <= bound).all()


@machines
@pytest.mark.parametrize("size", [(19, 23, 16), (21, 400, 160)], ids=str)
def test_the_epilogue_sees_every_vector_once_with_its_place(machine: Machine, size: Any) -> None:
    m, k, n = size

    def finish(o: Ops, i: Any, j: Any, value: Any) -> Any:
        """Return value + 1000 i + factor j, where j is the vector's first column."""
        extra = o.b.function.args[-1]
        factor = o.b.load(extra, typ=ir.FloatType())
        row = o.mul(o.b.sitofp(i, ir.FloatType()), o.constant(ir.FloatType(), 1000.0))
        column = o.mul(o.b.sitofp(j, ir.FloatType()), factor)
        return o.add(value, o.splat(value.type, o.add(row, column)))

    a, b = integers(1, m, k, dtype=np.float32), integers(2, k, n, dtype=np.float32)
    c, factor = np.zeros((m, n), np.float32), np.full(1, 3.0, np.float32)
    shape = {"depth": k, "width": n, "lda": k, "ldb": n, "ldc": n, "finish": finish}
    product = rows(machine, np.float32, **shape, gathered=False, start=False)
    product(a, None, b, None, c, 0, m, 0, 0, factor)
    lanes = min(machine.lanes(np.float32), n)
    first = np.arange(n) // lanes * lanes
    np.testing.assert_array_equal(c, a @ b + 1000.0 * np.arange(m)[:, None] + 3.0 * first)


@machines
def test_a_sum_over_no_rows_is_zero(machine: Machine) -> None:
    c = np.full((20, 128), GUARD)
    size = {"columns": 20, "width": 128, "lda": 20, "ldb": 128, "ldc": 128, "gathered": False}
    product = columns(machine, np.float64, **size)
    product(np.ones((1, 20)), None, np.ones((1, 128)), c, 0, 0, 20, 0, 0)
    np.testing.assert_array_equal(c, np.zeros((20, 128)))


def test_products_share_the_functions_that_do_the_work() -> None:
    module = ir.Module()
    size: dict[str, Any] = {"gathered": False, "start": True}
    for name, depth, width in (("one", 64, 96), ("two", 200, 192)):
        shape = {"depth": depth, "width": width, "lda": depth, "ldb": width, "ldc": width}
        rows_product(module, name, host(), np.float32, **shape, **size)
    strips = [f.name for f in module.functions if f.name.startswith("strip")]
    assert len(strips) == len(set(strips)) == len({s.split(".")[1] for s in strips})
