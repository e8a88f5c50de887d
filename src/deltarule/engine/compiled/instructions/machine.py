"""The processor that programs are made for: its vectors, its registers, its name."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np


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
    triple = llvm.get_process_triple()
    bits, registers = 128, 32 if is_arm64(triple) else 16
    if features.get("avx"):
        bits = 256
    if features.get("avx512f") and features.get("avx512vl") and features.get("avx512dq"):
        bits, registers = 512, 32
    return Machine(triple, llvm.get_host_cpu_name(), features.flatten(), bits, registers)


def is_arm64(triple: str) -> bool:
    """Whether a triple names 64-bit ARM, which Linux spells aarch64 and macOS arm64.

    >>> [is_arm64(t) for t in ("aarch64-linux-gnu", "arm64-apple-darwin23", "x86_64-linux-gnu")]
    [True, True, False]
    """
    return triple.startswith(("aarch64", "arm64"))
