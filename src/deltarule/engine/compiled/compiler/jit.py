"""From the text of an LLVM module to machine code, and from machine code to functions.

Machine code travels as the bytes of an object file, so it can be kept on disk and loaded again
without the compiler having to run.
"""

from __future__ import annotations

import ctypes
import sys
from functools import lru_cache
from typing import Any

from deltarule.engine.compiled.instructions.machine import Machine, host, is_arm64
from deltarule.engine.compiled.mathematics.functions import add_symbols

PIPELINE = "speed 3, vectors written out, scheduled once"
"""How modules are compiled: another text here makes what is kept on disk anew."""


def compile_module(text: str, machine: Machine, *, assembly: bool = False) -> Any:
    """Return the object file (bytes) for a module's text, optimised for `machine`.

    `assembly=True` returns the assembly language as text instead.
    """
    import llvmlite.binding as llvm

    _set_options()
    module = llvm.parse_assembly(text)
    module.verify()
    target = _target(machine)
    options = llvm.create_pipeline_tuning_options(speed_level=3)
    options.loop_vectorization = False  # vectors are written out; remainders are short
    options.slp_vectorization = False
    options.loop_unrolling = False
    builder = llvm.create_pass_builder(target, options)
    builder.getModulePassManager().run(module, builder)
    return target.emit_assembly(module) if assembly else target.emit_object(module)


@lru_cache(maxsize=1)
def _set_options() -> None:
    """Leave out the scheduling of instructions after registers are allocated.

    LLVM does it for some processors, AMD's Zen among them. It took two fifths of the time of
    compiling networks in lanes (1.9 s of a megabyte of text became 1.1): no program ran faster.
    The option holds for the whole process, and is given once.
    """
    import llvmlite.binding as llvm

    if not is_arm64(host().triple):  # some of ARM's processors take instructions in their order
        llvm.set_option("", "-post-RA-scheduler=false")


def _target(machine: Machine) -> Any:
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_triple(machine.triple).create_target_machine(
        cpu=machine.cpu, features=machine.features, opt=3, reloc="default", codemodel="jitdefault"
    )


class Loaded:
    """Machine code in memory; its functions live as long as it does."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine

    def address(self, name: str) -> int:
        """Return the address of the function `name`."""
        return int(self._engine.get_function_address(name))

    def function(self, name: str, returns: Any, *arguments: Any) -> Any:
        """Return `name` as a callable; while it runs, other threads of Python run too."""
        call = ctypes.CFUNCTYPE(returns, *arguments)(self.address(name))
        call.keep = self  # type: ignore[attr-defined]  # the code has to outlive the callable
        return call


def load(code: bytes, machine: Machine) -> Loaded:
    """Return the functions of an object file."""
    import llvmlite.binding as llvm

    _add_symbols()
    add_symbols()
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _target(machine))
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return Loaded(engine)


@lru_cache(maxsize=1)
def _add_symbols() -> None:
    """Say where functions of the system are that programs call."""
    import llvmlite.binding as llvm

    if sys.platform == "win32":
        give = ctypes.WinDLL("kernel32").SwitchToThread
    else:
        give = ctypes.CDLL(None).sched_yield
    llvm.add_symbol("deltarule_yield", ctypes.cast(give, ctypes.c_void_p).value)
