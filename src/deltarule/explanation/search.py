"""The largest paths of a layered graph, without walking through all of them.

The number of paths is the product of the widths; the bound on what a path can still become is
found layer by layer from the end, in the time of one backward pass:

    bound_L(i) = |end_i|        bound_m(j) = max over i of |edge_{m+1}(j, i)| bound_{m+1}(i)

A path that has reached node j is worth at most what it has multiplied so far times bound(j), and
one of its continuations is worth exactly that. So paths taken from a heap by that worth come out
in the order of their size (best-first search with an exact bound: Hart, Nilsson and Raphael 1968,
A formal basis for the heuristic determination of minimum cost paths).
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

Route = tuple[int, tuple[int, ...]]
"""An observation and the nodes visited after the start, all from 0."""

Edges = Callable[[int], tuple[Array, Array]]
"""`edges(observation)` = (matrix, s): the edge from node j to node i is matrix[i, j] s[i]."""


class Graph:
    """The ways from one node through layers of nodes, for every observation.

    Args:
        widths: the number of nodes of every layer after the start.
        edges: for every such layer, its edges.
        ends: (n, last width), what a path is multiplied by at its end.
        starts: (n,), what it is multiplied by at its start.
        node: the node at which all start, from 0.
    """

    def __init__(
        self, widths: Sequence[int], edges: Sequence[Edges], ends: Array, starts: Array, node: int
    ) -> None:
        self.widths = tuple(widths)
        self.edges = tuple(edges)
        self.ends = np.abs(ends)
        self.starts = np.abs(starts)
        self.node = node
        self._order: dict[tuple[int, int, int], tuple[list[int], list[float]]] = {}

    @property
    def count(self) -> int:
        """How many paths there are, over all observations."""
        return len(self.starts) * math.prod(self.widths)

    def all(self) -> list[Route]:
        """Return every path, in the order of observations and nodes."""
        nodes = itertools.product(*(range(width) for width in self.widths))
        return list(itertools.product(range(len(self.starts)), nodes))

    def largest(self, limit: int) -> list[Route]:
        """Return at most `limit` paths, largest magnitude first; paths of size 0 are left out."""
        bounds = [self._bounds(i) for i in range(len(self.starts))]
        heap: list[tuple[float, int, tuple[int, ...], int, float]] = []
        for i, bound in enumerate(bounds):
            self._push(heap, i, (), 0, float(self.starts[i]), float(bound[0][self.node]))
        found: list[Route] = []
        while heap and len(found) < limit:
            _, i, nodes, rank, size = heapq.heappop(heap)
            if nodes:  # the next best node in its last place
                before = self._before(bounds[i], i, nodes[:-1])
                self._push_rank(heap, bounds[i], i, nodes[:-1], rank + 1, before)
            if len(nodes) == len(self.widths):
                found.append((i, nodes))
            else:
                self._push_rank(heap, bounds[i], i, nodes, 0, size)
        return found

    def _bounds(self, i: int) -> list[Array]:
        """Return what remains to be multiplied at most, from every node of every layer."""
        found = [self.ends[i]]
        for edges in reversed(self.edges):
            matrix, s = edges(i)
            found.append(np.max(np.abs(matrix) * (np.abs(s) * found[-1])[:, None], axis=0))
        return found[::-1]

    def _before(self, bounds: list[Array], i: int, nodes: tuple[int, ...]) -> float:
        """Return the magnitude of what a path has multiplied on its way through `nodes`."""
        size, last = float(self.starts[i]), self.node
        for depth, node in enumerate(nodes):
            matrix, s = self.edges[depth](i)
            size *= abs(float(matrix[node, last] * s[node]))
            last = node
        return size

    def _push_rank(
        self,
        heap: list[tuple[float, int, tuple[int, ...], int, float]],
        bounds: list[Array],
        i: int,
        nodes: tuple[int, ...],
        rank: int,
        size: float,
    ) -> None:
        """Put on the heap what follows `nodes` by its rank-th best next node, if there is one."""
        depth, last = len(nodes), nodes[-1] if nodes else self.node
        order, steps = self._followers(bounds, i, depth, last)
        if rank < len(order):
            node = order[rank]
            rest = float(bounds[depth + 1][node])
            self._push(heap, i, (*nodes, node), rank, size * steps[rank], rest)

    def _push(
        self,
        heap: list[tuple[float, int, tuple[int, ...], int, float]],
        i: int,
        nodes: tuple[int, ...],
        rank: int,
        size: float,
        rest: float,
    ) -> None:
        if size * rest > 0.0:
            heapq.heappush(heap, (-size * rest, i, nodes, rank, size))

    def _followers(
        self, bounds: list[Array], i: int, depth: int, last: int
    ) -> tuple[list[int], list[float]]:
        """Return the nodes after `last`, best first, and the magnitudes of the edges to them."""
        key = (i, depth, last)
        if key not in self._order:
            matrix, s = self.edges[depth](i)
            steps = np.abs(matrix[:, last] * s)
            order = np.argsort(-steps * bounds[depth + 1], kind="stable")
            self._order[key] = order.tolist(), steps[order].tolist()
        return self._order[key]
