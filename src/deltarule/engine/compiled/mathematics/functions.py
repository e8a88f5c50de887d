"""The elementary functions that programs are made of.

`exp`, `expm1`, `tanh`, `log` and `log1p` are written out where they are used and run at the full
width of the vectors; `scalar_call` takes the rare ones from the C library, one number at a time.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from deltarule.engine.compiled.instructions.operations import Ops, element_of, lanes_of
from deltarule.engine.compiled.mathematics.exponentials import exp, expm1, tanh
from deltarule.engine.compiled.mathematics.logarithms import log, log1p

__all__ = ["add_symbols", "exp", "expm1", "log", "log1p", "scalar_call", "tanh"]

LIBRARY = {"sin": 1, "cos": 1, "erfc": 1, "pow": 2}
"""The C library's functions that programs may call, and how many arguments each takes."""


def scalar_call(o: Ops, name: str, *arguments: Any) -> Any:
    """Return sin, cos, erfc or pow as the C library has it, lane by lane.

    float32 goes through float64 and back, so that it is the same wherever float64 is. A scalar
    call may be expensive: some ten nanoseconds.
    """
    kind = arguments[0].type
    if not isinstance(kind, ir.VectorType):
        return _one(o, name, arguments)
    value = ir.Constant(kind, ir.Undefined)
    for i in range(lanes_of(kind)):
        lane = ir.Constant(ir.IntType(32), i)
        single = _one(o, name, [o.b.extract_element(a, lane) for a in arguments])
        value = o.b.insert_element(value, single, lane)
    return value


def _one(o: Ops, name: str, arguments: Any) -> Any:
    double, kind = ir.DoubleType(), element_of(arguments[0].type)
    if kind == double:
        return o.call(name, double, *arguments)
    wide = [o.b.fpext(a, double) for a in arguments]
    return o.b.fptrunc(o.call(name, double, *wide), kind)


def add_symbols() -> None:
    """Make the C library's functions known to the loader, where it does not find them itself."""
    import llvmlite.binding as llvm

    for name in LIBRARY:
        if llvm.address_of_symbol(name) is None:
            llvm.add_symbol(name, address(name))


def address(name: str) -> int:
    """Return where a function of the C library is in memory."""
    import ctypes
    import ctypes.util
    import sys

    windows = sys.platform == "win32"
    library = ctypes.CDLL("ucrtbase" if windows else ctypes.util.find_library("m"))
    return int(ctypes.cast(getattr(library, name), ctypes.c_void_p).value or 0)
