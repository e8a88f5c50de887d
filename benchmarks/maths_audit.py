"""How accurate and how fast the compiled elementary functions are.

    python benchmarks/maths_audit.py                  everything: minutes
    python benchmarks/maths_audit.py tanh --span 16   one function, |x| in [2^-24, 16] only
    python benchmarks/maths_audit.py --every 61       every 61st float32 number: seconds
    python benchmarks/maths_audit.py --times          only the times

float32: every one of the 2^32 arguments against NumPy's float64 function. float64: ten million
random arguments against NumPy's function of long doubles (64-bit significands; skipped where long
double is no longer than double). Errors are in units in the last place (ulp) of the true value;
times are nanoseconds per 1024 numbers that fit in the first cache, the call itself taken off.
"""

from __future__ import annotations

import argparse
import ctypes
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from llvmlite import ir

from deltarule.engine.compiled.compiler.jit import compile_module, load
from deltarule.engine.compiled.instructions.machine import host
from deltarule.engine.compiled.instructions.operations import Module, Ops, vector_of
from deltarule.engine.compiled.mathematics import estimates
from deltarule.engine.compiled.mathematics import functions as maths

FUNCTIONS: dict[str, Callable[[Ops, Any], Any]] = {
    "exp": maths.exp,
    "expm1": maths.expm1,
    "tanh": maths.tanh,
    "log": maths.log,
    "log1p": maths.log1p,
    "sqrt": estimates.sqrt,
    "reciprocal": lambda o, x: estimates.quotient(o, o.constant(x.type, 1.0), x),
}
RECIPROCALS = (2.0**-100, 2.0**100)  # where they have to be right
CHUNK = 1 << 20
THREADS = 2
SAMPLES = 10_000_000


def module_of(name: str, dtype: str, lanes: int) -> str:
    """Return a module with f(x, out, n): the function of n vectors."""
    element = {"float32": ir.FloatType(), "float64": ir.DoubleType()}[dtype]
    kind, index, pointer = vector_of(element, lanes), ir.IntType(64), ir.PointerType()
    module = Module(host())
    f = ir.Function(module, ir.FunctionType(ir.VoidType(), [pointer, pointer, index]), "f")
    entry, body, end = (f.append_basic_block(n) for n in ("entry", "body", "end"))
    ir.IRBuilder(entry).branch(body)
    b = ir.IRBuilder(body)
    i = b.phi(index)
    source, target = (b.gep(p, [i], source_etype=kind) for p in f.args[:2])
    size = np.dtype(dtype).itemsize
    b.store(FUNCTIONS[name](Ops(b), b.load(source, typ=kind, align=size)), target, align=size)
    after = b.add(i, index(1))
    i.add_incoming(index(0), entry)
    i.add_incoming(after, body)
    b.cbranch(b.icmp_signed("<", after, f.args[2]), body, end)
    ir.IRBuilder(end).ret_void()
    return str(module)


def function_of(name: str, dtype: str) -> Any:
    """Return the function of two addresses and a number of vectors."""
    text = module_of(name, dtype, host().lanes(dtype))
    kinds = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64]
    return load(compile_module(text, host()), host()).function("f", None, *kinds)


def compiled(name: str, dtype: str) -> Any:
    """Return the function of two arrays (argument, result) whose length the lanes divide."""
    lanes, call = host().lanes(dtype), function_of(name, dtype)
    return lambda x, out: call(x.ctypes.data, out.ctypes.data, len(x) // lanes)


def chunks(span: float | None, every: int) -> Iterator[tuple[int, int, int]]:
    """Return the bit patterns to look at, as ranges of whole numbers."""
    low, high = 0, 1 << 31
    if span is not None:
        low, high = (int(np.float32(v).view(np.uint32)) for v in (2.0**-24, span))
    for sign in (0, 1 << 31):
        for start in range(low, high, CHUNK * every):
            yield sign + start, sign + min(start + CHUNK * every, high), every


def audit_single(name: str, span: float | None, every: int) -> tuple[float, float]:
    """Return the largest error over the float32 numbers, and where it is."""
    f = compiled(name, "float32")
    with ThreadPoolExecutor(THREADS) as pool:
        found = pool.map(lambda c: worst_single(f, name, *c), chunks(span, every))
        return max(found, key=lambda pair: pair[0])


def worst_single(f: Any, name: str, start: int, stop: int, every: int) -> tuple[float, float]:
    """Return the largest error in a range of bit patterns, and where it is."""
    x = np.arange(start, stop, every, dtype=np.uint32).view(np.float32)
    x = x[: len(x) // host().lanes("float32") * host().lanes("float32")]
    if name == "reciprocal":
        x = np.where((np.abs(x) >= RECIPROCALS[0]) & (np.abs(x) <= RECIPROCALS[1]), x, 1.0)
        x = x.astype(np.float32)
    out = np.empty_like(x)
    f(x, out)
    with np.errstate(all="ignore"):
        true = getattr(np, name)(x.astype(np.float64))
        exponents = (true.view(np.uint64) & np.uint64(0x7FF << 52)).view(np.float64)
        units = np.maximum(exponents * 2.0**-23, 2.0**-149)
        errors = np.abs(out - true) / units
        same = (out == true.astype(np.float32)) | (np.isnan(out) & np.isnan(true))
    errors[same & ~np.isfinite(errors)] = 0.0  # infinities and NaN that agree
    errors[~np.isfinite(out) & ~same] = np.inf
    errors[np.isnan(errors)] = np.inf
    i = int(errors.argmax())
    return float(errors[i]), float(x[i])


def audit_double(name: str) -> tuple[float, float]:
    """Return the largest error over samples of the float64 numbers, and where it is."""
    f, random = compiled(name, "float64"), np.random.default_rng(1)
    worst = (0.0, 0.0)
    for _ in range(SAMPLES // CHUNK + 1):
        x = samples(random, name)
        out = np.empty_like(x)
        f(x, out)
        with np.errstate(all="ignore"):
            true = getattr(np, name)(x.astype(np.longdouble))
            units = np.maximum(np.ldexp(1.0, np.frexp(true)[1] - 53), 2.0**-1074)
            errors = np.abs(out - true) / units
        errors[np.abs(true) >= np.finfo(np.float64).max] = 0.0
        i = int(np.nan_to_num(errors, nan=np.inf).argmax())
        worst = max(worst, (float(errors[i]), float(x[i])))
    return worst


def samples(random: np.random.Generator, name: str) -> np.ndarray:
    """Return arguments: a half of them of every size, a half near where the work is."""
    half = CHUNK // 2
    low, high = (-1074, 1024) if name in ("log", "log1p", "sqrt") else (-60, 10)
    sizes = 2.0 ** random.uniform(low, high, half)
    near = random.normal(0.0, 1.5, half)
    x = np.concatenate([sizes * random.choice([-1.0, 1.0], half), near])
    if name in ("log", "sqrt"):
        return np.abs(x)
    with np.errstate(over="ignore"):
        return np.where(x <= -1, -1 / x * (1 - 2.0**-52), x) if name == "log1p" else x


def times(name: str, dtype: str) -> tuple[float, float]:
    """Return nanoseconds per 1024 numbers: compiled, NumPy."""
    lanes = host().lanes(dtype)
    x = np.random.default_rng(2).uniform(0.1, 3.0, 2048).astype(dtype)
    out = np.empty_like(x)
    call, numpy = function_of(name, dtype), getattr(np, name)
    few, many = (x.ctypes.data, out.ctypes.data, 1), (x.ctypes.data, out.ctypes.data, 2048 // lanes)
    ours = best(lambda: call(*many)) - best(lambda: call(*few))
    theirs = best(lambda: numpy(x, out=out)) - best(lambda: numpy(x[:lanes], out=out[:lanes]))
    return ours / 2, theirs / 2


def best(call: Any, rounds: int = 40, repeats: int = 100) -> float:
    """Return the nanoseconds of one call, the best of many rounds."""
    found = []
    for _ in range(rounds):
        began = time.perf_counter_ns()
        for _ in range(repeats):
            call()
        found.append((time.perf_counter_ns() - began) / repeats)
    return min(found)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("functions", nargs="*", default=list(FUNCTIONS))
    parser.add_argument("--span", type=float, help="only 2^-24 <= |x| < SPAN, in float32")
    parser.add_argument("--every", type=int, default=1, help="only every EVERY-th float32 number")
    parser.add_argument("--times", action="store_true")
    given = parser.parse_args()
    for name in given.functions:
        if given.times:
            for dtype in ("float32", "float64"):
                ours, numpy = times(name, dtype)
                print(f"{name:6} {dtype}  {ours:7.0f} ns  NumPy {numpy:7.0f} ns", flush=True)
            continue
        error, place = audit_single(name, given.span, given.every)
        print(f"{name:6} float32  {error:.3f} ulp at {place!r}", flush=True)
        if np.finfo(np.longdouble).nmant > 60:
            error, place = audit_double(name)
            print(f"{name:6} float64  {error:.3f} ulp at {place!r}", flush=True)


if __name__ == "__main__":
    main()
