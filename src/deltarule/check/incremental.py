"""Moving one parameter at a time, where only what its node reaches is computed again.

A move h of w_{l,j,k} changes one row of net_l, by h y_{l-1,k}; a move of b_{l,j} by h. The layers
below are as they were, and net_{l+1} changes by W_{l+1}'s column j times the change of y_{l,j}.
In the output layer one output moves, and where f couples no outputs, the others' e stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.check.perturbed import Perturbed, Repeated, contract
from deltarule.engine import Objective, Samples

__all__ = ["Incremental"]

Array = NDArray[Any]

_BLOCK = 1 << 16
"""Numbers per array that exist at a time: they stay in a core's cache. Half as many are complex."""


class Incremental(Perturbed):
    """E of a network, with single parameters moved, from the nodes that they reach."""

    def __init__(self, objective: Objective, theta: Array, samples: Samples) -> None:
        super().__init__(objective, theta, samples)
        ones = np.ones((1, self.samples))
        self._before = [np.concatenate([y, ones]) for y in self.outputs]  # a bias sees ones
        self._unmoved: list[Any] = [None, *(Repeated(a) for a in self.nets[1:])]
        self._layer, self._node, self._preceding = self._places()
        self._others = None if objective.network.output.activation.rowwise else self._e_of_others()

    def _e_of_others(self) -> Array:
        """Return, for every output, what the other outputs add to E."""
        net = self.nets[self.L]
        with np.errstate(all="ignore"):
            each = [self.errors(net[j : j + 1], slice(j, j + 1))[0] for j in range(len(net))]
        return np.array([sum(each[:j]) + sum(each[j + 1 :]) for j in range(len(net))])

    def _places(self) -> tuple[Array, Array, Array]:
        """Return layer, node and preceding node of every parameter; a bias's is the last."""
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
        with np.errstate(all="ignore"):
            for l, j, part in self._together(entries, _BLOCK * 8 // found.itemsize):
                found[part] = self._node_moved(l, j, self._preceding[entries[part]], steps[part])
        return np.asarray(found + self.penalty(entries, steps))

    def _together(self, entries: Array, numbers: int) -> Iterator[tuple[int, int, Array]]:
        """Yield (layer, node, places in `entries`) of moves that lead into the same node."""
        key = self._layer[entries] * (self._node.max() + 1) + self._node[entries]
        order = np.argsort(key, kind="stable")
        starts = np.flatnonzero(np.diff(key[order], prepend=-1))
        for group in np.split(order, starts[1:]):
            l, j = int(self._layer[entries[group[0]]]), int(self._node[entries[group[0]]])
            widest = max(len(self.outputs[m]) for m in range(min(l + 1, self.L), self.L + 1))
            block = max(1, numbers // (self.samples * widest))
            for start in range(0, len(group), block):
                yield l, j, group[start : start + block]

    def _node_moved(self, l: int, j: int, preceding: Array, steps: Array) -> Array:
        """Return E without the penalty for moves of parameters into node j of layer l."""
        net_j = self.nets[l][j] + steps[:, None] * self._before[l - 1][preceding]
        if l == self.L and self._others is not None:
            return np.asarray(self._others[j] + self.errors(net_j.reshape(1, -1), slice(j, j + 1)))
        if l == self.L:
            net = self._unmoved[l].times(len(steps)).astype(net_j.dtype)
            net[j] = net_j.ravel()
            return self.errors(net)
        change = (self.f[l](net_j) - self.outputs[l][j]).ravel()
        net = np.multiply.outer(self.parameters[l + 1]["W"][:, j], change)
        net += self._unmoved[l + 1].times(len(steps))
        return self.errors(self._onwards(l + 1, net))

    def _onwards(self, l: int, net: Array) -> Array:
        """Return net_L from net_l."""
        for m in range(l, self.L):
            net = contract(self.parameters[m + 1], self.f[m](net.T).T)
        return net
