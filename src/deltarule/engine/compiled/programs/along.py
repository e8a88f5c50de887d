"""Constants along theta: a number or a flag for every parameter, in whole vectors."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir

from deltarule.engine.compiled.instructions.operations import element_of, lanes_of


def numbers_along(kind: ir.Type, numbers: Any, size: int) -> list[Any]:
    """Return the constants of a vector type that hold numbers; -1 beyond them, up to `size`."""
    whole = np.full(size, -1.0)  # beyond theta lies what is never looked at
    whole[: len(numbers)] = numbers
    width = lanes_of(kind)
    if element_of(kind) == ir.FloatType():
        whole = whole.astype(np.float32).astype(float)
    return [
        ir.Constant(kind, row.tolist() if width > 1 else float(row[0]))
        for row in whole.reshape(-1, width)
    ]


def flags_along(width: int, mask: Any, size: int) -> list[Any]:
    """Return the constants of `width` bits that hold a mask; 0 beyond it, up to `size`."""
    whole = np.zeros(size, bool)
    whole[: len(mask)] = mask
    bit = ir.IntType(1)
    if width == 1:
        return [ir.Constant(bit, int(value)) for value in whole]
    kind = ir.VectorType(bit, width)
    return [
        ir.Constant(kind, [ir.Constant(bit, int(v)) for v in row])
        for row in whole.reshape(-1, width)
    ]
