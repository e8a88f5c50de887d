"""The layers that have weights: each is a sum over rows, of deltas and of what they are met by.

    dE/dW = delta^T rows            dE/db = sum over the rows of delta

A dense layer has a row for every observation. A layer over time has one for every observation and
step, as its weights are the same at all of them; a recurrent layer meets x_t with W and h_{t-1}
with U, which stand side by side as one matrix. What a cell has besides stands below it:

    Elman, LSTM  [W U], b        GRU  [W U], b over c        Jordan  [W U 0], b over [0 0 V], c
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.errors import UsageError
from deltarule.core.layout import Parameter
from deltarule.layers import Conv1d, Dense, EachStep, Layer, Recurrent
from deltarule.layers.conv1d import later
from deltarule.layers.unweighted import Unweighted
from deltarule.network import Network

Array = NDArray[np.float64]
Pair = tuple[Array, Array]

VECTOR, STEPS, STATE = "vector", "steps", "state"
"""What a stage is over: vectors, the steps of a sequence, or steps that have a state."""


@dataclass(frozen=True)
class Block:
    """Where one parameter stands: in rows and columns of the matrix, or in rows of the biases."""

    parameter: Parameter
    rows: slice
    columns: slice | None
    """None for biases."""


@dataclass(frozen=True)
class Stage:
    """A layer with weights, as one matrix (n_l, inputs) and one vector of biases."""

    layer: Any
    number: int
    """The layer's number in the network, from 1."""
    over: str
    start: int
    """Where its parameters begin in theta."""
    blocks: tuple[Block, ...]

    @cached_property
    def shape(self) -> tuple[int, int]:
        """That of the matrix."""
        columns = [b.columns.stop for b in self.blocks if b.columns is not None]
        return max(b.rows.stop for b in self.blocks), max(columns)

    @cached_property
    def biases(self) -> int:
        """How many biases there are, or places for them."""
        return self.shape[0] if any(b.columns is None for b in self.blocks) else 0

    @cached_property
    def size(self) -> int:
        """The number of parameters."""
        return sum(math.prod(b.parameter.shape) for b in self.blocks)

    def pair(self, named: Mapping[str, Any]) -> Pair:
        """Return the matrix and the biases of parameters, or of their gradients, by name."""
        found = np.zeros(self.shape), np.zeros(self.biases)
        for b in self.blocks:
            values = np.asarray(named[b.parameter.name])
            if b.columns is None:
                found[1][b.rows] = values
            else:
                found[0][b.rows, b.columns] = values.reshape(len(values), -1)
        return found

    def read(self, vector: Array) -> Pair:
        """Return the pair of the stage's part of a vector like theta."""
        named, start = {}, self.start
        for b in self.blocks:
            stop = start + math.prod(b.parameter.shape)
            named[b.parameter.name] = vector[start:stop].reshape(b.parameter.shape)
            start = stop
        return self.pair(named)

    def parts(self, pair: Pair) -> dict[str, Array]:
        """Return by name what stands in a pair: a matrix, or a vector of biases."""
        return {
            b.parameter.name: pair[1][b.rows] if b.columns is None else pair[0][b.rows, b.columns]
            for b in self.blocks
        }

    def flat(self, pair: Pair) -> Array:
        """Return a pair in theta's order."""
        return np.concatenate([part.ravel() for part in self.parts(pair).values()])

    @cached_property
    def nodes(self) -> list[list[int]]:
        """Return for every row of the matrix, a node or one of its gates, its places in theta."""
        W, b = self.read(np.arange(1.0, self.start + self.size + 1.0))
        found = [[*W[j], *b[j : j + 1]] for j in range(len(W))]
        return [[int(i) - 1 for i in row if i > 0] for row in found]

    @property
    def into(self) -> slice:
        """The columns that meet y_{l-1}: those of W."""
        return self.blocks[0].columns or slice(0)

    @property
    def width(self) -> int:
        """How many rows W has: the nets that y_{l-1} goes into."""
        return int(self.blocks[0].rows.stop)

    def rows(self, y: Array) -> Array:
        """Return what W meets, row by row, from the layer's inputs."""
        if isinstance(self.layer, Conv1d):
            y = np.stack([later(y, by) for by in self.layer.delays], axis=-1)
            return y.reshape(y.shape[0] * y.shape[1], -1)
        return y.reshape(-1, y.shape[-1])

    def unrolled(self, rows: Array, shape: Sequence[int]) -> Array:
        """Return dE/dy of the layer's inputs from dE/drows: the adjoint of `rows`."""
        if isinstance(self.layer, Conv1d):
            taps = rows.reshape(*shape, self.layer.kernel)
            return np.asarray(
                sum(later(taps[..., k], -by) for k, by in enumerate(self.layer.delays))
            )
        return rows.reshape(shape)


@lru_cache(maxsize=64)  # a search makes many cases of one network
def stages_of(net: Network) -> tuple[Stage, ...]:
    """Return the layers that have weights, in order.

    Raises `UsageError` for a network with a layer of another type than ours, or without weights.
    """
    found, start = [], 0
    for number, (layer, shape) in enumerate(zip(net.layers, net.shapes, strict=False), 1):
        if isinstance(layer, Unweighted):
            continue
        blocks = _blocks(layer.parameters(shape))
        found.append(Stage(layer, number, _over(layer, number), start, blocks))
        start += found[-1].size
    if not found:
        raise UsageError("the network has no weights: there is no gradient to be diagnosed")
    return tuple(found)


def _over(layer: Layer, number: int) -> str:
    if isinstance(layer, Recurrent):
        return STATE
    if isinstance(layer, EachStep) and isinstance(layer.layer, Dense):
        return STEPS
    if isinstance(layer, Conv1d):
        return STEPS
    if isinstance(layer, Dense):
        return VECTOR
    raise UsageError(
        f"layer {number} is of the type {layer.name}; diagnose knows the mistakes of dense, "
        "recurrent and convolutional layers. Whether any gradient is right: dr.check_gradient"
    )


def _blocks(parameters: Sequence[Parameter]) -> tuple[Block, ...]:
    """Lay W and U side by side over their biases, and below them what a cell has besides."""
    rows, columns = parameters[0].shape[0], 0
    below, found = slice(0, rows), []
    for p in parameters:
        if len(p.shape) > 1:
            if p.name not in ("W", "U"):
                below = slice(rows, rows + p.shape[0])
            width = math.prod(p.shape[1:])
            found.append(Block(p, below, slice(columns, columns + width)))
            columns += width
        else:
            if p.name != "b" and below.start == 0:
                below = slice(rows, rows + p.shape[0])
            found.append(Block(p, below, None))
        rows = max(rows, below.stop)
    return tuple(found)
