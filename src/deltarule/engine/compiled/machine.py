"""The processor that programs are made for: its vectors, its registers, its name."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

__all__ = ["Machine", "host"]


@dataclass(frozen=True)
class Machine:
    """A processor as the code generator sees it."""

    triple: str
    """Architecture, vendor, system."""
    cpu: str
    """The processor's name."""
    features: str
    """Its instruction sets, as `+avx2,-avx512f,...`."""
    bits: int
    """The width of a vector register."""
    registers: int
    """The number of vector registers."""

    def lanes(self, dtype: Any) -> int:
        """Return how many numbers of `dtype` one vector register holds.

        >>> Machine("", "", "", 512, 32).lanes("float32")
        16
        """
        return self.bits // (8 * int(np.dtype(dtype).itemsize))


@lru_cache(maxsize=1)
def host() -> Machine:
    """Return the processor that this process runs on."""
    import llvmlite.binding as llvm

    features = llvm.get_host_cpu_features()
    bits, registers = 128, 32 if "aarch64" in llvm.get_process_triple() else 16
    if features.get("avx"):
        bits = 256
    if features.get("avx512f") and features.get("avx512vl") and features.get("avx512dq"):
        bits, registers = 512, 32
    return Machine(
        llvm.get_process_triple(), llvm.get_host_cpu_name(), features.flatten(), bits, registers
    )
