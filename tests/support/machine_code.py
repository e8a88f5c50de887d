"""Instructions run on arrays: write a piece of program, compile it, look at what it leaves."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir

from deltarule.engine.compiled.compiler.jit import compile_module, load
from deltarule.engine.compiled.instructions.machine import host
from deltarule.engine.compiled.instructions.operations import Module, Ops, vector_of

ELEMENTS = {"float32": ir.FloatType(), "float64": ir.DoubleType(), "int64": ir.IntType(64)}


def kind_of(dtype: Any, lanes: int) -> ir.Type:
    """Return the type of `lanes` numbers of a NumPy dtype."""
    return vector_of(ELEMENTS[np.dtype(dtype).name], lanes)


def execute(write: Callable[..., Any], *arrays: np.ndarray) -> None:
    """Compile what `write(ops, *pointers)` writes, and run it with the arrays' addresses."""
    module = Module(host())
    kinds = [ir.PointerType()] * len(arrays)
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), kinds), "f")
    ops = Ops(ir.IRBuilder(function.append_basic_block()))
    write(ops, *function.args)
    ops.b.ret_void()
    code = load(compile_module(str(module), host()), host())
    call = code.function("f", None, *[ctypes.c_void_p] * len(arrays))
    assert all(a.flags["C_CONTIGUOUS"] for a in arrays)
    call(*(a.ctypes.data for a in arrays))
