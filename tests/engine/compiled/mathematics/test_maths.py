"""exp, expm1, tanh, log, log1p against mpmath; the C library's functions; their coefficients."""

from __future__ import annotations

import ctypes
import importlib.util
import math
import sys
from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

import mpmath
import numpy as np
import pytest
from llvmlite import ir

from deltarule.engine.compiled.compiler.jit import compile_module, load
from deltarule.engine.compiled.instructions.machine import host
from deltarule.engine.compiled.instructions.operations import Module, Ops, vector_of
from deltarule.engine.compiled.mathematics import exponentials, logarithms
from deltarule.engine.compiled.mathematics import functions as maths

FUNCTIONS = ["exp", "expm1", "tanh", "log", "log1p"]
DTYPES = ["float32", "float64"]
LIMITS = {"exp": 1.8, "expm1": 1.6, "tanh": 1.6, "log": 1.2, "log1p": 1.7}
"""Units in the last place that the results may be off: the docstrings' figures and a little."""
LANES = [1, 2, 3, 4, 16, 24]
INF, NAN = math.inf, math.nan
SPECIAL = {
    "exp": [(0.0, 1.0), (-0.0, 1.0), (INF, INF), (-INF, 0.0), (NAN, NAN), (1e5, INF), (-1e5, 0.0)],
    "expm1": [
        (0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, -1.0), (NAN, NAN), (1e5, INF), (-1e5, -1.0),
    ],
    "tanh": [
        (0.0, 0.0), (-0.0, -0.0), (INF, 1.0), (-INF, -1.0), (NAN, NAN), (30.0, 1.0), (-1e30, -1.0),
    ],
    "log": [
        (1.0, 0.0), (0.0, -INF), (-0.0, -INF), (INF, INF), (NAN, NAN), (-1.0, NAN), (-INF, NAN),
        (-1e-40, NAN),
    ],
    "log1p": [
        (0.0, 0.0), (-0.0, -0.0), (-1.0, -INF), (INF, INF), (NAN, NAN), (-1.5, NAN), (-INF, NAN),
    ],
}  # fmt: skip
Write = Callable[[Ops, Any], Any]


def text_of(write: Write, dtype: str, lanes: int, arguments: int = 1) -> str:
    """Return a module with f(x, ..., out, n): `out` gets the function of n vectors."""
    element = {"float32": ir.FloatType(), "float64": ir.DoubleType()}[dtype]
    kind, index, pointer = vector_of(element, lanes), ir.IntType(64), ir.PointerType()
    module = Module(host())
    returns = ir.FunctionType(ir.VoidType(), [pointer] * (arguments + 1) + [index])
    function = ir.Function(module, returns, "f")
    entry, body, end = (function.append_basic_block(n) for n in ("entry", "body", "end"))
    ir.IRBuilder(entry).branch(body)
    b = ir.IRBuilder(body)
    i = b.phi(index)
    first = b.mul(i, index(lanes))  # vectors of 3 lie 4 apart where a pointer to them is moved
    places = [b.gep(p, [first], source_etype=element) for p in function.args[:-1]]
    size = np.dtype(dtype).itemsize
    values = [b.load(p, typ=kind, align=size) for p in places[:-1]]
    b.store(write(Ops(b), *values), places[-1], align=size)
    after = b.add(i, index(1))
    i.add_incoming(index(0), entry)
    i.add_incoming(after, body)
    b.cbranch(b.icmp_signed("<", after, function.args[-1]), body, end)
    ir.IRBuilder(end).ret_void()
    return str(module)


def compiled(write: Write, dtype: str, lanes: int, arguments: int = 1) -> Any:
    """Return a function of arrays."""
    maths.add_symbols()
    machine = host()
    loaded = load(compile_module(text_of(write, dtype, lanes, arguments), machine), machine)
    pointers = [ctypes.c_void_p] * (arguments + 1)
    call = loaded.function("f", None, *pointers, ctypes.c_int64)

    def run(*given: Any) -> np.ndarray:
        count = len(given[0])
        short = -count % lanes
        full = [np.concatenate([g, np.ones(short)]).astype(dtype) for g in given]
        out = np.empty(count + short, dtype)
        call(*(a.ctypes.data for a in [*full, out]), (count + short) // lanes)
        return out[:count]

    return run


@cache
def elementary(name: str, dtype: str, lanes: int = 8) -> Any:
    return compiled(getattr(maths, name), dtype, lanes)


@lru_cache(maxsize=1)
def polynomials() -> ModuleType:
    place = Path(__file__).with_name("make_polynomials.py")
    spec = importlib.util.spec_from_file_location("make_polynomials", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["make_polynomials"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def exact(name: str, x: float) -> Any:
    with mpmath.workdps(60):
        return getattr(mpmath, name)(mpmath.mpf(x))


def off(name: str, dtype: str, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the errors in units in the last place of the true value, subnormal ones included."""
    info = np.finfo(dtype)
    found = []
    for argument, value in zip(x.tolist(), y.tolist(), strict=True):
        true = exact(name, argument)
        exponent = max(int(mpmath.floor(mpmath.log(abs(true), 2))) if true else -9999, info.minexp)
        if abs(true) >= mpmath.mpf(2) ** info.maxexp * (1 - mpmath.mpf(2) ** (-info.nmant - 2)):
            found.append(0.0 if value == math.copysign(math.inf, true) else math.inf)
            continue
        unit = mpmath.mpf(2) ** (exponent - info.nmant)
        found.append(float(abs(mpmath.mpf(value) - true) / unit) if math.isfinite(value) else 1e99)
    return np.array(found)


def neighbours(dtype: str, points: list[float], around: int = 12) -> np.ndarray:
    """Return the numbers of the type next to each point."""
    found = []
    for p in np.array(points, dtype):
        below = above = p
        found.append(p)
        for _ in range(around):
            with np.errstate(all="ignore"):
                below, above = np.nextafter(below, -np.inf), np.nextafter(above, np.inf)
            found += [below, above]
    return np.array(found, dtype)


def hard(name: str, dtype: str) -> np.ndarray:
    """Return arguments near where the formulas change, overflow or become subnormal."""
    info = np.finfo(dtype)
    big, small = info.maxexp * math.log(2), (info.minexp - info.nmant) * math.log(2)
    tiny = [float(info.tiny), float(info.smallest_subnormal), float(info.eps), 1e-3, 0.1]
    halves = [k * math.log(2) / 2 for k in range(1, 12)]
    if name in ("log", "log1p"):
        shift = 0.0 if name == "log" else -1.0
        near = [2.0**k * math.sqrt(2) + shift for k in range(-4, 5)]
        near += [2.0**k + shift for k in range(-4, 5)] + [float(info.max)]
        near += tiny if name == "log" else tiny + [-t for t in tiny]
        x = neighbours(dtype, near)
        return x[(x > shift) & np.isfinite(x)]
    edges = [0.0, big, small, info.minexp * math.log(2), small - 1, -17.0, -37.0, 9.01, 19.0]
    edges += [0.625, -0.625]
    x = neighbours(dtype, edges + halves + [-h for h in halves] + tiny + [-t for t in tiny])
    return x[np.isfinite(x)]


def scattered(name: str, dtype: str, count: int = 1000) -> np.ndarray:
    """Return arguments of every size, evenly over the exponents and evenly over the range."""
    random = np.random.default_rng(7)
    info = np.finfo(dtype)
    with np.errstate(over="ignore"):
        sizes = 2.0 ** random.uniform(info.minexp - info.nmant, info.maxexp, count)
    signs = np.where(random.random(count) < 0.5, -1.0, 1.0)
    span = -info.minexp * 0.75
    even = [random.uniform(-span, span, count), random.normal(0, 1, count)]
    with np.errstate(over="ignore"):
        x = np.concatenate([sizes * signs, *even]).astype(dtype)
    x = x[np.isfinite(x)]
    if name == "log":
        return np.abs(x)[x != 0]
    return (
        np.concatenate([x[x > -1], -random.random(count).astype(dtype)]) if name == "log1p" else x
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("points", [hard, scattered])
def test_a_result_is_off_by_no_more_than_stated(name, dtype, points):
    x = points(name, dtype)
    wrong = off(name, dtype, x, elementary(name, dtype)(x))
    worst = int(wrong.argmax())
    assert wrong[worst] <= LIMITS[name], (float(x[worst]).hex(), wrong[worst])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_special_values_with_the_sign_of_zero(name, dtype):
    arguments, values = (np.array(v, dtype) for v in zip(*SPECIAL[name], strict=True))
    got = elementary(name, dtype)(arguments)
    np.testing.assert_array_equal(got, values)
    numbers = ~np.isnan(values)
    np.testing.assert_array_equal(np.signbit(got)[numbers], np.signbit(values)[numbers])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["expm1", "tanh", "log1p"])
def test_a_tiny_argument_is_returned_as_it_is(name, dtype):
    info = np.finfo(dtype)
    tiny = 2.0 ** np.arange(info.minexp - info.nmant, -info.nmant // 2 - 14)
    tiny = np.concatenate([tiny, -tiny, tiny * 1.37]).astype(dtype)
    tiny = tiny[np.abs(tiny) < float(info.eps) / 4]
    np.testing.assert_array_equal(elementary(name, dtype)(tiny), tiny)


@pytest.mark.parametrize("dtype", DTYPES)
def test_exp_overflows_and_vanishes_where_it_should(dtype):
    info, kind = np.finfo(dtype), np.dtype(dtype).type
    with mpmath.workdps(60):
        limit = mpmath.log(mpmath.mpf(float(info.max)))
        last = kind(float(limit))
        if mpmath.mpf(float(last)) > limit:
            last = np.nextafter(last, kind(0.0))
    after = np.nextafter(last, kind(np.inf))
    got = elementary("exp", dtype)(np.array([last, after], dtype))
    assert np.isfinite(got[0])
    assert got[1] == np.inf
    smallest = float(info.smallest_subnormal)
    zero = (info.minexp - info.nmant - 1) * math.log(2)
    got = elementary("exp", dtype)(np.array([zero * (1 - 1e-5), zero * (1 + 1e-5)], dtype))
    np.testing.assert_array_equal(got, np.array([smallest, 0.0], dtype))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_vectors_of_every_length_and_scalars_give_the_same_bits(name, dtype):
    x = np.concatenate([hard(name, dtype), scattered(name, dtype)])
    whole = np.dtype(f"u{np.dtype(dtype).itemsize}")
    expected = elementary(name, dtype)(x).view(whole)
    for lanes in LANES:
        np.testing.assert_array_equal(elementary(name, dtype, lanes)(x).view(whole), expected)


@pytest.mark.parametrize("lanes", [1, 4])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["sin", "cos", "erfc", "pow"])
def test_the_c_library_is_called_lane_by_lane(name, dtype, lanes):
    count = 2 if name == "pow" else 1
    random = np.random.default_rng(3)
    given = [random.uniform(0.1, 3.0, 37).astype(dtype) for _ in range(count)]
    call = compiled(lambda o, *xs: maths.scalar_call(o, name, *xs), dtype, lanes, count)
    true = [getattr(math, name)(*map(float, v)) for v in zip(*given, strict=True)]
    np.testing.assert_allclose(call(*given), np.array(true, dtype), rtol=float(np.finfo(dtype).eps))


def test_symbols_are_known_to_the_loader():
    import llvmlite.binding as llvm

    maths.add_symbols()
    assert all(llvm.address_of_symbol(name) for name in ("sin", "cos", "erfc", "pow"))
    assert maths.address("pow") > 0  # what is added where the loader finds nothing itself


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["EXP", "EXPM1", "SHORT", "TANH", "LOG"])
def test_the_coefficients_are_the_fitted_ones(name, dtype):
    source = logarithms if name == "LOG" else exponentials
    make = polynomials()
    fit = make.FITS[name.lower(), dtype]
    written = getattr(source, name)[dtype]
    assert list(written) == make.coefficients(fit)
    assert make.error(fit, written) < 0.2 * np.finfo(dtype).eps


def test_code_for_vectors_has_neither_calls_nor_branches():
    for name in FUNCTIONS:
        for dtype in DTYPES:
            lanes = host().lanes(dtype)
            text = text_of(getattr(maths, name), dtype, lanes)
            assembly = compile_module(text, host(), assembly=True)
            words = [line.split()[0] for line in assembly.splitlines() if line[:1] == "\t"]
            assert not [w for w in words if w.startswith(("call", "bl"))], (name, dtype)
