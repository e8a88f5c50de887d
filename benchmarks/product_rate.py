"""The rate of the compiled engine's matrix products, in GFLOP/s.

Every row of the table is one size: ours for C = AB (rows) and C = A'B (columns), with A in place
and with its rows gathered from a larger matrix, OpenBLAS (NumPy's) on the same, and the fused
multiply-add rate of the processor, all measured in turn. The best of all rounds counts, since
only others can make a round slower. Run it as

    python benchmarks/product_rate.py                   # all sizes, on one thread
    python benchmarks/product_rate.py 8 --threads 2     # the ninth, C's rows shared out to two

OpenBLAS's kernels are those that it chooses, or that `import deltarule` has it choose, unless the
environment says otherwise (OPENBLAS_CORETYPE): the first line says which.
"""

from __future__ import annotations

import ctypes
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

# read when NumPy loads
os.environ["OPENBLAS_NUM_THREADS"] = ([*sys.argv, "1"])[
    sys.argv.index("--threads") + 1 if "--threads" in sys.argv else -1
]

import deltarule  # isort: skip  # noqa: F401 (before NumPy: it has OpenBLAS choose)
import numpy as np
from llvmlite import ir
from threadpoolctl import threadpool_info

from deltarule.engine.compiled.compiler.jit import Loaded, compile_module, load
from deltarule.engine.compiled.instructions.machine import host
from deltarule.engine.compiled.instructions.operations import WORD, Ops, vector_of, word
from deltarule.engine.compiled.products.product import columns_product, rows_product
from deltarule.engine.compiled.products.tiles import at, repeat, routine

THREADS = int(os.environ["OPENBLAS_NUM_THREADS"])
SIZES = (
    (32, 64, 32),
    (32, 32, 16),
    (32, 16, 32),
    (64, 784, 128),
    (128, 784, 128),
    (64, 784, 512),
    (64, 512, 256),
    (512, 1024, 1024),
    (1024, 1024, 1024),
)
"""Rows of A, columns of A, columns of B (and of C = AB)."""
ROUNDS = 15
SECONDS = 0.003  # of one measurement
DTYPE = np.float32
SOURCE_ROWS = 4000  # of the matrix that rows are gathered from

Call = Callable[[int], None]
"""Do the work so many times."""


def aligned(shape: tuple[int, ...], dtype: Any = DTYPE) -> np.ndarray:
    """Return random numbers that begin on a cache line."""
    count = int(np.prod(shape)) * np.dtype(dtype).itemsize
    room = np.zeros(count + 64, np.uint8)
    begin = -room.ctypes.data % 64
    array = room[begin : begin + count].view(dtype).reshape(shape)
    array[...] = np.random.default_rng(1).random(shape)
    return array


def repeated(module: ir.Module, function: ir.Function) -> None:
    """Add `void run(i64 times, ...)`, which calls a function many times."""
    kinds = [argument.type for argument in function.args]
    run = ir.Function(module, ir.FunctionType(ir.VoidType(), [WORD, *kinds]), "run")
    b = ir.IRBuilder(run.append_basic_block())
    with repeat(b, word(0), run.args[0]):
        b.call(function, run.args[1:])
    b.ret_void()


def callable_of(loaded: Loaded, arguments: list[Any]) -> Call:
    """Return `run` with all arguments but the number of times."""
    kinds = [ctypes.c_int64 if isinstance(a, int) else ctypes.c_void_p for a in arguments]
    values = [a.ctypes.data if isinstance(a, np.ndarray) else a for a in arguments]
    run = loaded.function("run", None, ctypes.c_int64, *kinds)

    def call(times: int) -> None:
        run(times, *values)
        assert arguments  # the arrays live as long as this function

    return call


def together(calls: list[Call]) -> Call:
    """Return what does several calls, each on a thread of its own."""
    if len(calls) == 1:
        return calls[0]
    pool = ThreadPoolExecutor(len(calls))

    def call(times: int) -> None:
        for _ in range(times):  # after every product all wait, as in a training
            list(pool.map(lambda one: one(1), calls))

    return call


def ours(m: int, k: int, n: int, down: bool, gathered: bool) -> tuple[Call, float]:
    """Return our product of one size, and the seconds that its compilation took."""
    began = time.perf_counter()
    module, machine = ir.Module(), host()
    size: dict[str, Any] = {"width": n, "lda": k, "ldb": n, "ldc": n, "gathered": gathered}
    if down:
        product = columns_product(module, "f", machine, DTYPE, columns=k, **size)
    else:
        product = rows_product(module, "f", machine, DTYPE, depth=k, start=True, **size)
    repeated(module, product.function)
    loaded = load(compile_module(str(module), machine), machine)
    seconds = time.perf_counter() - began
    a = aligned((SOURCE_ROWS if gathered else m, k))
    index = np.random.default_rng(2).permutation(len(a))[:m].astype(np.int64)
    b, start = aligned((m if down else k, n)), aligned((n,))
    rows = k if down else m
    c, calls = aligned((rows, n)), []
    for t in range(THREADS):
        part = [rows * end // THREADS for end in (t, t + 1)]
        scratch = aligned((product.scratch,), "B")
        before, behind = ([], [m]) if down else ([start], [])
        rest = [scratch] if down else [None, scratch]
        calls.append(callable_of(loaded, [a, index, b, *before, c, *behind, *part, 0, 0, *rest]))
    return together(calls), seconds


def openblas(m: int, k: int, n: int, down: bool) -> Call:
    """Return NumPy's product of the same size."""
    a, b = aligned((m, k)), aligned((m if down else k, n))
    c = aligned((k if down else m, n))
    left = a.T if down else a

    def call(times: int) -> None:
        for _ in range(times):
            np.matmul(left, b, out=c)

    return call


def peak() -> tuple[Call, float]:
    """Return independent chains of fused multiply-adds in registers, and their operations."""
    module, machine = ir.Module(), host()
    function = routine(module, "f", "p", "")
    b = ir.IRBuilder(function.append_basic_block())
    o, kind = Ops(b), vector_of(ir.FloatType(), machine.lanes(np.float32))
    chains, steps = 12, 1000
    values = [
        b.load(at(b, function.args[0], ir.FloatType(), word(16 * v)), typ=kind, align=4)
        for v in range(chains)
    ]
    before = b.block
    with repeat(b, word(0), word(steps)) as k:
        body = b.block
        b.position_before(k)
        running = [b.phi(kind) for _ in values]
        b.position_at_end(body)
        for phi, first in zip(running, values, strict=True):
            phi.add_incoming(first, before)
            phi.add_incoming(o.fma(values[0], values[1], phi), b.block)
    for v, value in enumerate(running):
        b.store(value, at(b, function.args[0], ir.FloatType(), word(16 * v)), align=4)
    b.ret_void()
    repeated(module, function)
    loaded = load(compile_module(str(module), machine), machine)
    calls = [callable_of(loaded, [aligned((16 * chains,))]) for _ in range(THREADS)]
    return together(calls), 2.0 * chains * steps * kind.count * THREADS


def rates(calls: dict[str, tuple[Call, float]]) -> dict[str, float]:
    """Return GFLOP/s of (call, operations), the best of alternating rounds."""
    times: dict[str, int] = {}
    for name, (call, operations) in calls.items():
        call(1)
        times[name] = max(1, int(SECONDS * 100e9 / operations))
    best = dict.fromkeys(calls, float("inf"))
    # one thread's own time does not count what others had of the processor meanwhile
    clock = time.thread_time if THREADS == 1 else time.perf_counter
    for _ in range(ROUNDS):
        for name, (call, _) in calls.items():
            began = clock()
            call(times[name])
            best[name] = min(best[name], (clock() - began) / times[name])
    return {name: operations / best[name] / 1e9 for name, (_, operations) in calls.items()}


def table_row(m: int, k: int, n: int) -> dict[str, float]:
    """Return the rates for one size."""
    work = 2.0 * m * k * n
    calls: dict[str, tuple[Call, float]] = {"peak": peak()}
    for down, way in ((False, "rows"), (True, "columns")):
        calls[f"{way} BLAS"] = openblas(m, k, n, down), work
        for gathered, how in ((False, ""), (True, " gathered")):
            calls[way + how] = ours(m, k, n, down, gathered)[0], work
    return rates(calls)


def main() -> None:
    """Print the table."""
    last = sys.argv.index("--threads") if "--threads" in sys.argv else None
    sizes = [SIZES[int(i)] for i in sys.argv[1:last]] or SIZES
    kernels = {i["architecture"] for i in threadpool_info() if i["internal_api"] == "openblas"}
    print(f"{THREADS} threads; OpenBLAS's kernels: {', '.join(sorted(kernels))}")
    for number, (m, k, n) in enumerate(sizes):
        row = table_row(m, k, n)
        if number == 0:
            print(f"{'rows x depth x width':>20}", *(f"{name:>16}" for name in row))
        label = f"{m} x {k} x {n}"
        shares = (f"{rate:8.1f} ({rate / row['peak']:4.0%})" for rate in row.values())
        print(f"{label:>20}", *(f"{s:>16}" for s in shares), flush=True)


if __name__ == "__main__":
    main()
