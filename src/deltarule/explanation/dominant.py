"""The path that counts most, found in logarithms, so that zeros on the way do not hide it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deltarule.explanation.paths import graph_from
from deltarule.explanation.search import Graph
from deltarule.explanation.sweep import Sweep

Array = NDArray[np.float64]

_ZERO = -1e6
"""Stands for log 0: a path with fewer zeros is better, whatever else it multiplies."""


@dataclass(frozen=True)
class Dominant:
    """The largest path of one observation; all from 0."""

    observation: int
    nodes: tuple[int, ...]
    """The nodes after j."""
    size: float
    """Its magnitude."""
    together: float
    """The sum of the magnitudes of all paths of the observation."""


def data_parts(sweep: Sweep, l: int, j: int, k: int) -> Array:
    """Return what every observation adds to dE/dw_{l,j,k}: delta_{l,j} y_{l-1,k}, (n,)."""
    deltas = sweep.bp.deltas[l][:, j - 1]
    return np.asarray(deltas * sweep.bp.outputs[l - 1][:, k - 1] if k else deltas)


def best_route(sweep: Sweep, l: int, j: int, k: int, parts: Array) -> Dominant:
    """Return the largest path of the observation that contributes most to dE/dw.

    Where all contribute 0, the observation is taken whose best path has the fewest zeros.
    """
    graph = graph_from(sweep, l, j, k)
    if np.any(parts):
        i = int(np.argmax(np.abs(parts)))
        _, nodes = _best(graph, i)
    else:
        found = [_best(graph, n) for n in range(len(parts))]
        i = max(range(len(parts)), key=lambda n: found[n][0])
        nodes = found[i][1]
    return Dominant(i, nodes, _size(graph, i, nodes), _together(graph, i))


def _logs(values: Array) -> Array:
    with np.errstate(divide="ignore"):
        return np.maximum(np.log(np.abs(values)), _ZERO)


def _best(graph: Graph, i: int) -> tuple[float, tuple[int, ...]]:
    """Return (log size, nodes) of the largest path of observation i, layer by layer backwards."""
    bound, choices = _logs(graph.ends[i]), []
    for edges in reversed(graph.edges):
        matrix, s = edges(i)
        worth = _logs(matrix) + (_logs(s) + bound)[:, None]
        choices.append(np.argmax(worth, axis=0))
        bound = np.max(worth, axis=0)
    nodes, last = [], graph.node
    for choice in reversed(choices):
        last = int(choice[last])
        nodes.append(last)
    start = float(_logs(graph.starts[i : i + 1])[0])
    return start + float(bound[graph.node]), tuple(nodes)


def _size(graph: Graph, i: int, nodes: tuple[int, ...]) -> float:
    size, last = float(graph.starts[i]), graph.node
    for edges, node in zip(graph.edges, nodes, strict=True):
        matrix, s = edges(i)
        size *= abs(float(matrix[node, last] * s[node]))
        last = node
    return size * float(graph.ends[i, last])


def _together(graph: Graph, i: int) -> float:
    """Return the sum of the magnitudes of all paths: backpropagation of magnitudes."""
    total = graph.ends[i]
    for edges in reversed(graph.edges):
        matrix, s = edges(i)
        total = (total * np.abs(s)) @ np.abs(matrix)
    return float(graph.starts[i] * total[graph.node])
