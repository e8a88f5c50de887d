"""Vectors and memory: sums over lanes, gathers, masks, loops, against plain NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from llvmlite import ir
from machine_code import ELEMENTS, execute, kind_of

from deltarule.engine.compiled.instructions.operations import (
    WORD,
    element_of,
    integers_of,
    lanes_of,
    vector_of,
)
from deltarule.engine.compiled.instructions.transposition import columns, transposed

each_dtype = pytest.mark.parametrize("dtype", ["float32", "float64"])
each_lanes = pytest.mark.parametrize("lanes", [1, 2, 4, 8, 16])


def whole_numbers(shape, dtype):
    """Return numbers whose sums are exact in any order."""
    return np.random.default_rng(1).integers(-99, 99, shape).astype(dtype)


def test_types():
    double = ir.DoubleType()
    assert vector_of(double, 1) is double
    four = vector_of(double, 4)
    assert (element_of(four), lanes_of(four)) == (double, 4)
    assert (element_of(double), lanes_of(double)) == (double, 1)
    assert str(integers_of(vector_of(ir.FloatType(), 8))) == "<8 x i32>"
    assert str(integers_of(double)) == "i64"


@each_dtype
@each_lanes
def test_sums_of_as_many_vectors_as_lanes(lanes, dtype):
    """Lane k is the sum of vector k."""
    x, out = whole_numbers((lanes, lanes), dtype), np.empty(lanes, dtype)
    kind = kind_of(dtype, lanes)

    def write(ops, out, x):
        vectors = [ops.load(x, kind, k * lanes) for k in range(lanes)]
        ops.store(ops.sums_of(vectors), out)

    execute(write, out, x)
    assert out.tolist() == x.sum(axis=1).tolist()


@each_dtype
@each_lanes
def test_transposed(lanes, dtype):
    x, out = whole_numbers((lanes, lanes), dtype), np.empty((lanes, lanes), dtype)
    kind = kind_of(dtype, lanes)

    def write(ops, out, x):
        rows = [ops.load(x, kind, k * lanes) for k in range(lanes)]
        for k, vector in enumerate(transposed(ops, rows)):
            ops.store(vector, out, k * lanes)

    execute(write, out, x)
    assert out.tolist() == x.T.tolist()


@each_dtype
@pytest.mark.parametrize("rows", [1, 2, 4, 8, 16, 32])
@pytest.mark.parametrize("width", [1, 2, 3, 4, 7, 8, 17])
def test_columns_of_rows(width, rows, dtype):
    """Every row lies in a lane; places are counted with 64 bits."""
    x, out = whole_numbers((rows, width), dtype), np.empty((width, rows), dtype)
    order = np.random.default_rng(2).permutation(rows)

    def write(ops, out, x):
        element, far = kind_of(dtype, 1), 2**33
        starts = [ir.Constant(WORD, far + int(k) * width) for k in order]
        found = columns(ops, ops.at(x, element, -far), element, starts, width, 8)
        for k, column in enumerate(found):
            ops.store(column, out, k * rows)

    execute(write, out, x)
    assert out.tolist() == x[order].T.tolist()


@each_dtype
@each_lanes
def test_sum_lanes(lanes, dtype):
    x, out = whole_numbers(lanes, dtype), np.empty(1, dtype)
    execute(lambda o, out, x: o.store(o.sum_lanes(o.load(x, kind_of(dtype, lanes))), out), out, x)
    assert out[0] == x.sum()


@each_dtype
@each_lanes
@pytest.mark.parametrize("width", [2, 4, 8])
def test_fold_lanes(width, lanes, dtype):
    """Halves are added until `width` are left; fewer lanes are filled up with zeros."""
    x, out = whole_numbers(lanes, dtype), np.empty(width, dtype)

    def write(ops, out, x):
        ops.store(ops.fold_lanes(ops.load(x, kind_of(dtype, lanes)), width), out)

    execute(write, out, x)
    expected = x.reshape(-1, width).sum(axis=0) if lanes >= width else np.pad(x, (0, width - lanes))
    assert out.tolist() == expected.tolist()


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
@pytest.mark.parametrize("lanes", [2, 4, 8, 16])
def test_gather(lanes, dtype):
    table = whole_numbers(50, dtype)
    index = np.random.default_rng(2).integers(0, 50, lanes)
    out = np.empty(lanes, dtype)

    def write(ops, out, table, index):
        places = ops.load(index, kind_of("int64", lanes))
        ops.store(ops.gather(table, kind_of(dtype, lanes), places), out)

    execute(write, out, table, index)
    assert out.tolist() == table[index].tolist()


@each_dtype
@pytest.mark.parametrize("lanes", [2, 8, 16])
def test_masked_load_reads_its_lanes_alone(lanes, dtype):
    """The rest is 0, and lies beyond the end of a page in a real program."""
    x, out = whole_numbers(lanes, dtype), np.full(lanes, 7, dtype)
    wanted = np.arange(lanes) < lanes - 1

    def write(ops, out, x):
        bits = [ir.Constant(ir.IntType(1), int(w)) for w in wanted]
        mask = ir.Constant(ir.VectorType(ir.IntType(1), lanes), bits)
        ops.store(ops.masked_load(x, kind_of(dtype, lanes), mask), out)

    execute(write, out, x)
    assert out.tolist() == np.where(wanted, x, 0).tolist()


@pytest.mark.parametrize(
    ("start", "stop", "step"), [(0, 7, 1), (2, 9, 3), (5, 5, 1), (6, 5, 1), (-4, 4, 4)]
)
def test_loops(start, stop, step):
    """Every i of range(start, stop, step) once, in order; nested loops too."""
    out, count = np.full(64, -99), np.zeros(1, np.int64)
    word = ir.IntType(64)

    def write(ops, out, count):
        with ops.loop(start, stop, step) as i, ops.loop(0, 2) as j:
            k = ops.load(count, word)
            ops.store(ops.b.add(ops.b.mul(i, ir.Constant(word, 10)), j), out, k)
            ops.store(ops.b.add(k, ir.Constant(word, 1)), count)

    execute(write, out, count)
    expected = [10 * i + j for i in range(start, stop, step) for j in range(2)]
    assert out[: count[0]].tolist() == expected


@each_dtype
@each_lanes
def test_constants_splats_and_lanes(lanes, dtype):
    """A number in every lane: known when compiled (rounded once), or read from memory."""
    x, out = np.array([0.3], dtype), np.empty((2, lanes), dtype)
    kind = kind_of(dtype, lanes)

    def write(ops, out, x):
        ops.store(ops.constant(kind, 0.1), out)
        ops.store(ops.splat(kind, ops.load(x, ELEMENTS[dtype])), out, lanes)

    execute(write, out, x)
    assert out[0].tolist() == np.full(lanes, 0.1, dtype).tolist()
    assert out[1].tolist() == np.full(lanes, 0.3, dtype).tolist()


@each_dtype
@each_lanes
def test_fma_rounds_once(lanes, dtype):
    """x x - 1 with x = 1 + eps is 2 eps + eps^2, of which a rounded square keeps 2 eps alone."""
    eps = np.finfo(dtype).eps
    x, out = np.full(lanes, 1 + eps, dtype), np.empty(lanes, dtype)
    kind = kind_of(dtype, lanes)

    def write(ops, out, x):
        value = ops.load(x, kind)
        ops.store(ops.fma(value, value, ops.constant(kind, -1.0)), out)

    execute(write, out, x)
    expected = dtype_of(dtype, 2 * float(eps) + float(eps) ** 2)
    assert out.tolist() == [expected] * lanes


def dtype_of(dtype, value):
    """Return a float rounded to a dtype, as a Python number."""
    return float(np.dtype(dtype).type(value))


@pytest.mark.parametrize("value", [True, False])
@pytest.mark.parametrize("lanes", [1, 4])
def test_truth(lanes, value):
    out = np.empty(lanes)
    kind = kind_of("float64", lanes)

    def write(ops, out):
        chosen = ops.select(ops.truth(kind, value), ops.constant(kind, 1), ops.constant(kind, 2))
        ops.store(chosen, out)

    execute(write, out)
    assert out.tolist() == [1.0 if value else 2.0] * lanes
