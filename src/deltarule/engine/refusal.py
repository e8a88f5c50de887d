"""Why the compiled engine cannot work here, if it cannot.

It needs llvmlite, a processor that LLVM knows, and a system that lets a process run memory that
it has written itself. Hardened systems forbid the last (SELinux's execmem, systemd's
MemoryDenyWriteExecute, PR_SET_MDWE), and LLVM then ends the whole process instead of raising an
error; so the system is asked first, with a page of our own.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import sys
from functools import lru_cache


@lru_cache(maxsize=1)
def refusal() -> str | None:
    """Return why no program can be compiled and loaded here; None where it can.

    An empty program is tried, once per process.
    """
    try:
        from deltarule.engine.compiled.compiler.jit import compile_module, load
        from deltarule.engine.compiled.instructions.machine import host
    except (ImportError, OSError) as error:  # OSError: its shared library cannot be loaded
        return f"llvmlite cannot be imported ({_text(error)})"
    try:
        _require_executable_memory()
        load(compile_module("", host()), host())
    except Exception as error:  # whatever it is: the reference engine does without LLVM
        return f"no machine code can be made and run here ({_text(error)})"
    return None


def _text(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())


def _require_executable_memory() -> None:
    """Raise `OSError` where a page that was written must not become executable."""
    if sys.platform == "win32":
        return
    with mmap.mmap(-1, mmap.PAGESIZE) as page:
        start = ctypes.c_char.from_buffer(page)
        protect = ctypes.CDLL(None, use_errno=True).mprotect
        protect.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
        refused = protect(ctypes.addressof(start), mmap.PAGESIZE, mmap.PROT_READ | mmap.PROT_EXEC)
        del start  # a page that is looked at cannot be closed
        if refused:
            raise OSError(f"executable memory: {os.strerror(ctypes.get_errno())}")
