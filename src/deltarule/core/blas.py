"""The kernels that NumPy's matrix products take.

OpenBLAS, which NumPy's wheels carry, takes AMD's processors with AVX-512 for older ones without,
and then computes at about half their rate (210 instead of 390 GFLOP/s were measured with 0.3.31).
It reads the variable OPENBLAS_CORETYPE once, when it is loaded. So the variable stands in the
environment while NumPy is imported for the first time, and at no other time: programs that are
started from here choose for themselves. A variable that is set already, and a NumPy that is loaded
already, are left alone. The compiled engine has products of its own and does not ask OpenBLAS.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Container
from pathlib import Path
from typing import Any

VARIABLE = "OPENBLAS_CORETYPE"


def processor(path: Path = Path("/proc/cpuinfo")) -> dict[str, str]:
    """Return what Linux says of the first processor; nothing where it says nothing."""
    try:
        first = path.read_text(encoding="utf-8", errors="replace").partition("\n\n")[0]
    except OSError:
        return {}
    pairs = (line.partition(":") for line in first.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


def wide_kernels(found: dict[str, str]) -> str | None:
    """Return the kernels that OpenBLAS has to be told to take; None where it knows by itself.

    >>> wide_kernels({"vendor_id": "AuthenticAMD", "flags": "avx2 avx512f avx512vl"})
    'SkylakeX'
    >>> wide_kernels({"vendor_id": "GenuineIntel", "flags": "avx2 avx512f avx512vl"})
    """
    flags = set(found.get("flags", "").split())
    mistaken = found.get("vendor_id") == "AuthenticAMD" and {"avx512f", "avx512vl"} <= flags
    return "SkylakeX" if mistaken else None


class _WhileNumpyLoads:
    """A finder of modules that sets the variable while NumPy's own code runs, then steps aside."""

    def __init__(self, kernels: str) -> None:
        self.kernels = kernels

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """Return NumPy's specification, its loader wrapped; None for every other module."""
        if name != "numpy":
            return None
        from importlib.util import find_spec

        sys.meta_path.remove(self)
        spec = find_spec(name)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module
            spec.loader.exec_module = lambda module: self.run(load, module)  # type: ignore[method-assign]
        return spec

    def run(self, load: Callable[[Any], None], module: Any) -> None:
        """Load the module with the variable set, unless somebody has set it in the meantime."""
        if VARIABLE in os.environ:
            return load(module)
        os.environ[VARIABLE] = self.kernels
        try:
            load(module)
        finally:
            del os.environ[VARIABLE]


def take_wide_kernels(
    environment: Container[str] = os.environ, loaded: Container[str] = sys.modules
) -> None:
    """Have NumPy's import say which kernels to take, where that is needed and not too late."""
    if VARIABLE in environment or "numpy" in loaded:
        return
    kernels = wide_kernels(processor())
    if kernels is not None:
        sys.meta_path.insert(0, _WhileNumpyLoads(kernels))
