"""The machine in words, and the environment that contestants are started in."""

from __future__ import annotations

import importlib.metadata
import os
import platform

from deltarule.core.blas import processor, wide_kernels

__all__ = ["blas_environment", "describe"]

PACKAGES = ("numpy", "scipy", "scikit-learn", "torch", "jax", "llvmlite")


def blas_environment() -> dict[str, str]:
    """Return what OpenBLAS has to be told to take its AVX-512 kernels; see `core/blas.py`."""
    kernels = wide_kernels(processor())
    if kernels is None or "OPENBLAS_CORETYPE" in os.environ:
        return {}
    return {"OPENBLAS_CORETYPE": kernels}


def describe() -> str:
    """Return processor, cores and versions in one line; no name of a host."""
    found = processor()
    model = found.get("model name") or platform.processor() or platform.machine()
    flags = found.get("flags", "").split()
    widest = next((f for f in ("avx512f", "avx2", "avx") if f in flags), "no AVX")
    versions = [f"{name} {_version(name)}" for name in PACKAGES]
    system = f"Python {platform.python_version()} on {platform.system()}"
    return f"{model} ({widest}), {os.cpu_count()} cores; {system}; {', '.join(versions)}"


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
