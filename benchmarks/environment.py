"""The machine in words, and the environment that contestants are started in."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from pathlib import Path

__all__ = ["blas_environment", "describe"]

PACKAGES = ("numpy", "scipy", "scikit-learn", "torch", "jax", "llvmlite")


def _processor() -> dict[str, str]:
    """Return the first processor's entries of /proc/cpuinfo; nothing where there is none."""
    path = Path("/proc/cpuinfo")
    if not path.exists():
        return {}
    first = path.read_text().split("\n\n")[0].splitlines()
    pairs = [line.partition(":") for line in first]
    return {name.strip(): value.strip() for name, _, value in pairs}


def blas_environment() -> dict[str, str]:
    """Return what OpenBLAS has to be told to take its AVX-512 kernels.

    It takes AMD's processors with AVX-512 for older ones without and computes at half their rate;
    Intel's it knows. A variable that the user has set stays.
    """
    found = _processor()
    flags = set(found.get("flags", "").split())
    mistaken = found.get("vendor_id") == "AuthenticAMD" and {"avx512f", "avx512vl"} <= flags
    if mistaken and "OPENBLAS_CORETYPE" not in os.environ:
        return {"OPENBLAS_CORETYPE": "SkylakeX"}
    return {}


def describe() -> str:
    """Return processor, cores and versions in one line; no name of a host."""
    found = _processor()
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
