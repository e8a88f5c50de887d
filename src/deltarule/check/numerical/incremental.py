"""Moving one parameter at a time, where only what its node reaches is computed again.

A move h of w_{l,j,k} changes one row of net_l, by h y_{l-1,k}; a move of b_{l,j} by h. The layers
below are as they were, and net_{l+1} changes by W_{l+1}'s column j times the change of y_{l,j}.
In the output layer one output moves, and where f couples no outputs, the others' e stays. Where
softmax couples them, cross-entropy needs the log of one sum (`log_sum.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np

from deltarule.check.numerical.log_sum import LogSum
from deltarule.check.numerical.perturbed import Perturbed, Repeated, contract
from deltarule.core.arrays import Array
from deltarule.engine import Objective, Samples
from deltarule.losses import FUSED

_BLOCK = 1 << 15
"""Numbers per array that exist at a time: they stay in a core's cache. Half as many are complex."""


class Incremental(Perturbed):
    """E of a network, with single parameters moved, from the nodes that they reach."""

    def __init__(self, objective: Objective, theta: Array, samples: Samples) -> None:
        super().__init__(objective, theta, samples)
        ones = np.ones((1, self.samples))
        self._before = [np.concatenate([y, ones]) for y in self.outputs]  # a bias sees ones
        self._unmoved: list[Any] = [None, *(Repeated(a) for a in self.nets[1:])]
        matching = objective.fused is FUSED["softmax", "cross_entropy"]
        self._log_sum = LogSum(self.nets[self.L], self.T, self.scale) if matching else None

    @cached_property
    def _e_of_others(self) -> Array:
        """For every output, what the other outputs add to E."""
        net = self.nets[self.L]
        with np.errstate(all="ignore"):
            each = [self.errors(net[j : j + 1], slice(j, j + 1))[0] for j in range(len(net))]
        return np.array([sum(each[:j]) + sum(each[j + 1 :]) for j in range(len(net))])

    @cached_property
    def _places(self) -> tuple[Array, Array, Array]:
        """Layer, node and preceding node of every parameter; a bias's is the last."""
        layer, node, preceding = (np.empty(self.size, np.intp) for _ in range(3))
        for e in self.layout.entries:
            part, shape = slice(e.start, e.stop), e.parameter.shape
            layer[part] = e.layer
            if len(shape) == 1:
                node[part] = np.arange(shape[0])
                preceding[part] = len(self.outputs[e.layer - 1])
            else:
                node[part], preceding[part] = (a.ravel() for a in np.indices(shape))
        return layer, node, preceding

    def moved(self, entries: Array, steps: Array) -> Array:
        """Return E with theta's entry `entries_i` moved by `steps_i`, for every i."""
        found = np.empty(len(entries), np.result_type(steps, np.float64))
        preceding = self._places[2][entries]
        with np.errstate(all="ignore"):
            for l, j, part in self._together(entries, found.itemsize):
                found[part] = self._node_moved(l, j, preceding[part], steps[part])
        return np.asarray(found + self.penalty(entries, steps))

    def _together(self, entries: Array, itemsize: int) -> Iterator[tuple[int, int, Array]]:
        """Yield (layer, node, places in `entries`) of moves that lead into the same node."""
        layer, node, _ = self._places
        key = layer[entries] * (node.max() + 1) + node[entries]
        order = np.argsort(key, kind="stable")
        starts = np.flatnonzero(np.diff(key[order], prepend=-1))
        for group in np.split(order, starts[1:]):
            l, j = int(layer[entries[group[0]]]), int(node[entries[group[0]]])
            block = self._at_once(1 if l < self.L else len(self.outputs[l]), itemsize)
            for start in range(0, len(group), block):
                yield l, j, group[start : start + block]

    def _node_moved(self, l: int, j: int, preceding: Array, steps: Array) -> Array:
        """Return E without the penalty for moves of parameters into node j of layer l."""
        change = steps[:, None] * self._before[l - 1][preceding]
        if l == self.L:
            return self._output_moved(j, change)
        change = self.f[l](self.nets[l][j] + change) - self.outputs[l][j]
        widest = max(len(y) for y in self.outputs[l + 1 :])
        block = self._at_once(widest, change.itemsize)
        starts = range(0, len(change), block)
        return np.concatenate([self._carried(l, j, change[s : s + block]) for s in starts])

    def _at_once(self, width: int, itemsize: int) -> int:
        """Return how many moves make up a block of arrays of `width` nodes."""
        return max(1, _BLOCK * 8 // (itemsize * self.samples * width))

    def _carried(self, l: int, j: int, change: Array) -> Array:
        """Return E without the penalty where y_{l,j} changes by `change` (moves, samples)."""
        column = self.parameters[l + 1]["W"][:, j]
        if self._log_sum is not None and l + 1 == self.L:
            found = self._log_sum.all_moved(column, change)
            if np.all(np.isfinite(found)):
                return found
        net = np.multiply.outer(column, change.ravel())
        net += self._unmoved[l + 1].times(len(change))
        return self.errors(self._onwards(l + 1, net))

    def _output_moved(self, j: int, change: Array) -> Array:
        """Return E without the penalty where net_{L,j} changes by `change` (moves, samples)."""
        net_j = self.nets[self.L][j] + change
        if not self.objective.network.output.rowwise:
            moved = self.errors(net_j.reshape(1, -1), slice(j, j + 1))
            return np.asarray(self._e_of_others[j] + moved)
        if self._log_sum is not None:
            found = self._log_sum.one_moved(j, change)
            if np.all(np.isfinite(found)):
                return found
        net = self._unmoved[self.L].times(len(change)).astype(net_j.dtype)
        net[j] = net_j.ravel()
        return self.errors(net)

    def _onwards(self, l: int, net: Array) -> Array:
        """Return net_L from net_l."""
        for m in range(l, self.L):
            net = contract(self.parameters[m + 1], self.f[m](net.T).T)
        return net
