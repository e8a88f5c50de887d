"""Every operation of a graph as instructions, on one number and on vectors, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from machine_code import execute, kind_of
from scipy.special import erfc
from together import together

from deltarule.engine.compiled.compiler.lowering import Lowering
from deltarule.engine.compiled.expressions.tracing import NUMBER, Graph

DTYPES = ["float32", "float64"]
LANES = [1, 2, 4, 8, 16]
POINTS = np.array([0.0, -0.0, 0.25, -0.75, 1.0, 1.5, -2.0, 3.0, np.inf, -np.inf, np.nan, 1e-30,
                   7.5, -7.5, 20.0, 0.5])  # fmt: skip


def values(formula, dtype, lanes, *columns):
    """Return formula(xp, x, y, ...) as instructions have it, for columns of 16 numbers."""
    columns = [np.ascontiguousarray(c, dtype) for c in columns]
    out = np.empty(16, dtype)
    kind = kind_of(dtype, lanes)

    def write(ops, *pointers):
        with ops.loop(0, 16, lanes) as i:
            graph = Graph()
            lower = Lowering(ops, kind)
            symbols = [graph.symbol(f"x{k}") for k in range(len(columns))]
            for symbol, pointer in zip(symbols, pointers[1:], strict=True):
                lower.bind(symbol, ops.load(pointer, kind, i))
            ops.store(lower(graph.node(formula(graph, *symbols))), pointers[0], i)

    execute(write, out, *columns)
    return out


EXACT = {
    "+": lambda xp, x, y: x + y,
    "-": lambda xp, x, y: x - y,
    "*": lambda xp, x, y: x * y,
    "/": lambda xp, x, y: x / y,
    "neg": lambda xp, x, y: -x,
    "<": lambda xp, x, y: xp.where(x < y, 1.0, 0.0),
    "<=": lambda xp, x, y: xp.where(x <= y, 1.0, 0.0),
    ">": lambda xp, x, y: xp.where(x > y, 1.0, 0.0),
    ">=": lambda xp, x, y: xp.where(x >= y, 1.0, 0.0),
    "==": lambda xp, x, y: xp.where(x == y, 1.0, 0.0),
    "!=": lambda xp, x, y: xp.where(x != y, 1.0, 0.0),
    "&": lambda xp, x, y: xp.where((x > 0) & (y > 0), x, y),
    "|": lambda xp, x, y: xp.where((x > 0) | (y > 0), x, y),
    "not": lambda xp, x, y: xp.where(~(x > 0), x, y),
    "where": lambda xp, x, y: xp.where(x > y, x, 2.0 * y),
    "maximum": lambda xp, x, y: xp.maximum(x, y),
    "sqrt": lambda xp, x, y: xp.sqrt(x),
    "literal": lambda xp, x, y: 0.1 * x + 3,
    "square": lambda xp, x, y: x**2 - 0 * y,
}


@pytest.mark.parametrize("dtype", DTYPES)
@together("lanes", LANES)
@pytest.mark.parametrize("name", EXACT)
def test_rounded_as_in_numpy(name, lanes, dtype):
    """Bit for bit, infinities, NaN and signed zeros included.

    A product may be rounded together with its sum (contraction): there one rounding may lack.
    Whole registers' roots may be one further rounding off (see test_estimates.py).
    """
    x, y = POINTS.astype(dtype), np.roll(POINTS, 5).astype(dtype)
    with np.errstate(all="ignore"):
        expected = np.asarray(EXACT[name](np, x, y), dtype)
    found = values(EXACT[name], dtype, lanes, x, y)
    estimated = name == "sqrt" and lanes * x.itemsize % 64 == 0
    if name == "literal" or estimated:
        np.testing.assert_allclose(found, expected, rtol=2 * np.finfo(dtype).eps)
        return
    assert np.array_equal(np.isnan(found), np.isnan(expected))
    real = ~np.isnan(expected)
    assert np.array_equal(found[real], expected[real])
    assert np.array_equal(np.signbit(found[real]), np.signbit(expected[real]))


FUNCTIONS = {
    "exp": np.exp, "log": np.log, "log1p": np.log1p, "expm1": np.expm1, "tanh": np.tanh,
    "sin": np.sin, "cos": np.cos, "erfc": erfc,
}  # fmt: skip


@pytest.mark.parametrize("dtype", DTYPES)
@together("lanes", LANES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name, lanes, dtype):
    x = POINTS.astype(dtype)
    with np.errstate(all="ignore"):
        expected = FUNCTIONS[name](x.astype(float))
    found = values(lambda xp, x: getattr(xp, name)(x), dtype, lanes, x)
    assert found.dtype == dtype
    info = np.finfo(dtype)
    np.testing.assert_allclose(found, expected, rtol=4 * info.eps, atol=info.smallest_subnormal)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("lanes", LANES)
def test_powers(lanes, dtype):
    x = np.abs(POINTS).astype(dtype)
    with np.errstate(all="ignore"):
        expected = x.astype(float) ** 1.5
    found = values(lambda xp, x: x**1.5, dtype, lanes, x)
    info = np.finfo(dtype)
    np.testing.assert_allclose(found, expected, rtol=4 * info.eps, atol=info.smallest_subnormal)


@pytest.mark.parametrize("lanes", [1, 8])
def test_numbers_stay_in_float64_until_they_meet_a_value(lanes):
    """1 - beta^t in float64, rounded once to float32 where it meets x: as NumPy does it.

    The quotient may be a product with the reciprocal; in float32 alone, 1 - beta^t would be off
    by 7e-6.
    """
    t, x, out = np.array([3.0]), np.linspace(0.5, 1.5, 8, dtype=np.float32), np.empty(8, np.float32)
    kind = kind_of(np.float32, lanes)

    def write(ops, out, t, x):
        with ops.loop(0, 8, lanes) as i:
            graph = Graph()
            lower = Lowering(ops, kind)
            number, value = graph.symbol("t", NUMBER), graph.symbol("x")
            lower.bind(number, ops.load(t, kind_of(np.float64, 1)))
            lower.bind(value, ops.load(x, kind, i))
            ops.store(lower(value / (1.0 - 0.999**number)), out, i)

    execute(write, out, t, x)
    expected = x / np.float32(1.0 - 0.999**3)
    np.testing.assert_allclose(out, expected, rtol=2 * np.finfo(np.float32).eps)


def test_a_node_is_written_once_and_a_symbol_has_to_be_bound():
    written = []

    def write(ops, out, x):
        graph = Graph()
        lower = Lowering(ops, kind_of(np.float64, 1))
        value = graph.symbol("x")
        with pytest.raises(KeyError, match="the symbol x stands for nothing here"):
            lower(value + 1.0)
        lower.bind(value, ops.load(x, lower.kind))
        node = graph.exp(value)
        written.extend([lower(node), lower(node)])
        ops.store(written[0], out)

    x, out = np.array([1.0]), np.empty(1)
    execute(write, out, x)
    assert written[0] is written[1]
    assert out[0] == pytest.approx(np.e, rel=1e-15)


def test_a_formula_of_many_thousand_terms_is_no_recursion():
    def write(ops, out, x):
        graph = Graph()
        lower = Lowering(ops, kind_of(np.float64, 1))
        value = graph.symbol("x")
        lower.bind(value, ops.load(x, lower.kind))
        ops.store(lower(graph.fold("+", [value] * 5000)), out)

    x, out = np.array([0.5]), np.empty(1)
    execute(write, out, x)
    assert out[0] == 2500.0


@pytest.mark.parametrize("lanes", [1, 2, 8, 16])
@pytest.mark.parametrize(("op", "expected"), [("+", np.sum), ("maximum", np.max)])
def test_across_the_lanes(op, expected, lanes):
    x = np.random.default_rng(0).integers(-9, 9, lanes).astype(np.float64)
    out = np.empty(lanes)

    def write(ops, out, x):
        graph = Graph()
        lower = Lowering(ops, kind_of(np.float64, lanes))
        value = graph.symbol("x")
        lower.bind(value, ops.load(x, lower.kind))
        ops.store(lower(graph.apply(f"across {op}", value)), out)

    execute(write, out, x)
    assert out.tolist() == [expected(x)] * lanes


def test_places_are_read_in_the_order_of_a_formula():
    """A program's text would differ from process to process, and its cache find nothing."""
    seen = []

    def write(ops, out):
        graph = Graph()
        lower = Lowering(ops, kind_of("float64", 1))
        symbols = [graph.symbol(f"x{k}") for k in range(100)]
        for k, symbol in enumerate(symbols):
            lower.bind_place(symbol, lambda k=k: seen.append(k) or ops.load(out, lower.kind))
        for a, b in zip(symbols[::2], symbols[1::2], strict=True):
            lower(a - b)

    execute(write, np.zeros(16))
    assert seen == list(range(100))
