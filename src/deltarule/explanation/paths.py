"""A gradient as a sum over paths: all of them, or the largest and the rest as one number.

dE/dw_{l,j,k} = y_{l-1,k} f_l'(net_{l,j}) *
    sum over all paths j -> j_{l+1} -> ... -> j_L of
        prod_{m=l+1..L} [ w_{m, j_m, j_{m-1}} f_m'(net_{m,j_m}) ] * dE/dy_{L,j_L}
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from deltarule.explanation.records import Factor, Path, product
from deltarule.explanation.search import Edges, Graph, Route
from deltarule.explanation.sweep import Sweep
from deltarule.explanation.writing.names import Names

Array = NDArray[np.float64]


def find_paths(
    names: Names, l: int, j: int, k: int | None, value: float, limit: int
) -> tuple[tuple[Path, ...], float, int]:
    """Return (paths, remainder, how many there are) for the data's part `value` of a gradient.

    k None asks for the paths of delta_{l,j}. All paths stand in the order of observations and
    nodes; where there are more than `limit`, the largest stand in the order of their size.
    """
    graph = graph_from(names.sweep, l, j, k)
    everything = graph.count <= limit
    routes = graph.all() if everything else graph.largest(limit)
    paths = tuple(_path(names, l, j, k, route) for route in routes)
    remainder = 0.0 if everything else value - math.fsum(path.product for path in paths)
    return paths, remainder, graph.count


def graph_from(sweep: Sweep, l: int, j: int, k: int | None) -> Graph:
    """Return the ways from node j of layer l to the outputs, for every observation."""
    L, sizes, way = sweep.layers, sweep.network.sizes, sweep.way(l)
    widths = [sizes[m] for m in way]
    edges = [_dense_edges(sweep, l, below, m) for below, m in pairwise((l, *way))]
    if sweep.couples(l):
        widths.append(sizes[L])
        edges.append(_row_edges(sweep))
    starts = sweep.scale.copy()
    if k:
        starts = starts * sweep.bp.outputs[l - 1][:, k - 1]
    slopes = sweep.slopes[l]
    if slopes is not None:
        starts = starts * slopes[:, j - 1]
    return Graph(widths, edges, sweep.ends_from(l), starts, j - 1)


def penalty_paths(names: Names, l: int, j: int, k: int) -> list[Path]:
    """Return the direct ways from a weight to E, one through each penalty: l2 w."""
    return [Path((), factors, product(factors), 0) for factors in names.penalties(l, j, k)]


def _dense_edges(sweep: Sweep, l: int, below: int, m: int) -> Edges:
    """Return the edges into layer m of a path from layer l: w_{m,i,j} f'(net_{m,i}), or w alone
    where f' is not a factor.

    Before an output that couples a row, f' is the Jacobian, which has edges of its own.
    """
    carrier, slopes = sweep.carriers[below + 1], sweep.slopes_from(l, m)
    assert carrier is not None
    ones = np.ones(len(carrier))
    return lambda i: (carrier, ones if slopes is None else slopes[i])


def _row_edges(sweep: Sweep) -> Edges:
    """Return the edges dy_o/dnet_j from every net of the output row to every output."""
    ones = np.ones(sweep.network.sizes[-1])
    return lambda i: (sweep.jacobian(i), ones)


def _path(names: Names, l: int, j: int, k: int | None, route: Route) -> Path:
    """Return the path of a route with all its factors."""
    i, after = route[0] + 1, tuple(node + 1 for node in route[1])
    sweep = names.sweep
    factors = [*names.turn]
    factors += [] if k is None else [names.incoming(l, k, i)]
    last, below = j, l
    for m, node in zip((l, *sweep.way(l)), (j, *after), strict=False):
        factors += [names.weight(below + 1, node, last)] if m > l else []
        factors += [] if sweep.slopes_from(l, m) is None else [names.slope(m, node, i)]
        last, below = node, m
    if sweep.couples(l):
        factors.append(_jacobian_factor(names, after[-1], last, i))
        last = after[-1]
    factors += [*names.scale(i), names.end(last, i, sweep.told(l))]
    nodes = (j, *after) if k is None else (k, j, *after)
    return Path(nodes, tuple(factors), product(tuple(factors)), i)


def _jacobian_factor(names: Names, o: int, j: int, i: int) -> Factor:
    return names.jacobian(o, j, float(names.sweep.jacobian(i - 1)[o - 1, j - 1]))
