"""Where a layered program keeps the parameters: transposed, their rows padded.

W_l is kept transposed, (n_{l-1}, m_l), with rows padded to whole vectors, m_l >= n_l, so that
every product of a pass runs along rows. What is added is 0 and stays 0.

    784-10 in float32, 16 lanes:    start -> | w_11 w_21 .. w_10,1 0 0 0 0 0 0 |    row k: what
                                             | w_12 w_22 .. w_10,2 0 0 0 0 0 0 |    leaves node k
                                             | ..                              |    784 rows
                                    bias  -> | b_1  b_2  .. b_10   0 0 0 0 0 0 |
                                    the next layer begins where a line of the cache (64 bytes) does
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from deltarule.core.arrays import Array
from deltarule.engine.compiled.instructions.machine import Machine
from deltarule.engine.compiled.programs.places import LINE, Part
from deltarule.network import Network


def padded(n: int, lanes: int) -> int:
    """Return the width of a row of n numbers: whole vectors, or one vector of 1, 2, 4, ...

    >>> padded(10, 16), padded(3, 16), padded(17, 16)
    (16, 4, 32)
    """
    if n >= lanes:
        return -(-n // lanes) * lanes
    return 1 << (n - 1).bit_length()


def transpose(A: Array, into: Array) -> None:
    """Write A^T, a cache line of every row at once.

    Written a number at a time, 1024 x 1024 of float32 take 3.4 ms: the columns of A lie 4 KiB
    apart and push each other out of the cache. By lines they take .55 ms.
    """
    per_line = LINE // A.itemsize
    for k in range(0, len(A), per_line):
        into[:, k : k + per_line] = A[k : k + per_line].T


@dataclass(frozen=True)
class Block:
    """One layer's parameters: W^T from `start` on, b from `bias` on (None without)."""

    inputs: int
    units: int
    width: int
    """m_l, the width of a row."""
    start: int
    bias: int | None
    train_bias: bool


@dataclass(frozen=True)
class Packing:
    """The parameters of a network as a layered program keeps them."""

    network: Network
    blocks: tuple[Block, ...]
    size: int

    @classmethod
    def of(cls, network: Network, machine: Machine, dtype: Any) -> Packing:
        """Return the packing of a network of dense layers."""
        lanes, start, blocks = machine.lanes(dtype), 0, []
        per_line = LINE // np.dtype(dtype).itemsize
        for n, units, layer in zip(network.sizes, network.sizes[1:], network.layers, strict=False):
            width = padded(units, lanes)
            bias = start + n * width if layer.bias else None  # type: ignore[attr-defined]
            blocks.append(Block(n, units, width, start, bias, layer.train_bias))  # type: ignore[attr-defined]
            stop = start + n * width + (width if bias is not None else 0)
            start = -(-stop // per_line) * per_line
        return cls(network, tuple(blocks), start)

    def parts(self, l: int) -> tuple[Part, ...]:
        """Return the rows of W_l^T, and b_l if there is one."""
        block = self.blocks[l - 1]
        width, units = block.width, block.units
        W = Part(block.start, block.inputs, width, units, penalised=True, trained=True)
        if block.bias is None:
            return (W,)
        return (W, Part(block.bias, 1, width, units, penalised=False, trained=block.train_bias))

    def pack(self, theta: Array, into: Array) -> None:
        """Write theta as the program keeps it."""
        for block, views in zip(self.blocks, self.network.unpack(theta), strict=True):
            W, b = self._parts(block, into)
            transpose(views["W"], W)
            if b is not None:
                b[...] = views["b"]

    def unpack(self, packed: Array, into: Array) -> None:
        """Write what the program keeps as theta."""
        for block, views in zip(self.blocks, self.network.unpack(into), strict=True):
            W, b = self._parts(block, packed)
            transpose(W, views["W"])
            if b is not None:
                views["b"][...] = b

    def _parts(self, block: Block, packed: Array) -> tuple[Array, Array | None]:
        stop = block.start + block.inputs * block.width
        W = packed[block.start : stop].reshape(block.inputs, block.width)[:, : block.units]
        return W, None if block.bias is None else packed[block.bias : block.bias + block.units]
