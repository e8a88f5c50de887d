"""What a program computes, part by part, as graphs: emitters write them, the listing prints them.

Symbols are named as the listing names them: `w[l,j,k]` and `b[l,j]`, `x[k]`, `T[j]`, the sample's
weight `s`, the reduction's factor `c`, the rate `lr`, the number of the update `t`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from deltarule.engine.compiled.expressions.backpropagation import (
    Observation,
    observation,
    output_formulas,
    traced_run,
)
from deltarule.engine.compiled.expressions.symbols import row_symbols
from deltarule.engine.compiled.expressions.tracing import CONDITION, NUMBER, Graph, Node, Row
from deltarule.engine.compiled.specialisation import Specialisation
from deltarule.engine.objective import Objective
from deltarule.layers import Affine
from deltarule.rules import Direct


def observed_alone(
    graph: Graph, spec: Specialisation, theta: Sequence[Node], lr: Node
) -> tuple[Observation, Node]:
    """Return one observation's passes, and s e, where observations follow each other."""
    scale: Any = 1.0
    if spec.weighted or not spec.online:
        scale = graph.symbol("c", NUMBER)
    if spec.weighted:
        scale = scale * graph.symbol("s[1]")
    return _observed(graph, spec, theta, scale, lr, early=True)


def observed_side_by_side(
    graph: Graph, spec: Specialisation, theta: Sequence[Node]
) -> tuple[Observation, Node]:
    """Return the passes of observations in lanes, and s e; lanes not `inside` count for nothing."""
    inside = graph.symbol("inside", CONDITION)
    factor: Any = graph.symbol("c", NUMBER)
    if spec.weighted:
        factor = factor * graph.symbol("s[1]")
    found, error = _observed(graph, spec, theta, graph.where(inside, factor, 0.0))
    return found, graph.node(graph.where(inside, error, 0.0))


def _observed(
    graph: Graph,
    spec: Specialisation,
    theta: Sequence[Node],
    scale: Any,
    lr: Node | None = None,
    early: bool = False,
) -> tuple[Observation, Node]:
    sizes = spec.objective.network.sizes
    x, T = row_symbols(graph, "x", sizes[0]), row_symbols(graph, "T", sizes[-1])
    found = observation(graph, spec.objective, theta, x, T, scale, lr, early)
    error = graph.symbol("s[1]") * found.error if spec.weighted else found.error
    return found, error


def activated(graph: Graph, objective: Objective, l: int) -> tuple[Node, Node]:
    """Return y = f(net), and what stands for f'(net), of a hidden layer."""
    net = graph.symbol("net")
    activation, L = objective.network.affine[l - 1].activation, len(objective.network.layers)
    f, _ = activation.body(graph)
    y = graph.node(f(net))
    return y, graph.node(
        objective.rule.at(l, L, traced_run(graph)).slope(activation, net, y, graph)
    )


def carrier(graph: Graph, objective: Objective, l: int) -> Node:
    """Return what carries delta_l back, entry by entry from the symbols w and B."""
    w, B = graph.symbol("w"), graph.symbol("B")
    return graph.node(objective.feedbacks[l].matrix(w, B, l, graph))


def output_row(
    graph: Graph,
    spec: Specialisation,
    nets: Sequence[Node],
    targets: Sequence[Node],
    real: Node | None,
) -> tuple[Node, list[Node], dict[int, list[Node]]]:
    """Return s e of a sample, its delta_L, and what direct feedback carries to layer l - 1, by l.

    Values lie along the output nodes, or are a node each, as the graph's `across` has it; of the
    last one only the lanes where `real` holds are nodes, where it is given.
    """
    scale: Any = graph.symbol("c", NUMBER)
    if spec.weighted:
        scale = scale * graph.symbol("s")
    activation = spec.objective.network.affine[-1].activation
    f, _ = activation.body(graph)
    y = f(Row(nets)) if activation.rowwise else Row([graph.node(f(v)) for v in nets])
    e, delta = output_formulas(graph, spec.objective, Row(nets), y, Row(targets), scale)
    terms, deltas = list(e.terms), list(delta.terms)
    if real is not None:
        deltas[-1] = graph.where(real, deltas[-1], 0.0)
    if spec.weighted:
        terms = [graph.symbol("s") * term for term in terms]
    sources = {
        l: [
            graph.node(rule.source(d, T, scale, graph))
            for d, T in zip(deltas, targets, strict=True)
        ]
        for l, rule in spec.objective.feedbacks.items()
        if isinstance(rule, Direct)
    }
    return graph.row_sum(Row(terms)), [graph.node(d) for d in deltas], sources


def output_terms(
    graph: Graph, spec: Specialisation, nets: Sequence[Node], targets: Sequence[Node]
) -> tuple[Node, list[Node]]:
    """Return s e of samples in lanes, and delta_L, from the nets of some output nodes.

    Where the output layer is not affine, its outputs stand in the place of nets, and dE/dy_L in
    that of deltas. Lanes not `inside` count for nothing.
    """
    inside = graph.symbol("inside", CONDITION)
    factor: Any = graph.symbol("c", NUMBER)
    if spec.weighted:
        factor = factor * graph.symbol("s[1]")
    scale = graph.where(inside, factor, 0.0)
    output, y = spec.objective.network.output, Row(nets)
    if isinstance(output, Affine):
        f, _ = output.activation.body(graph)
        y = f(y) if output.rowwise else Row([graph.node(f(net)) for net in nets])
    e, delta = output_formulas(graph, spec.objective, Row(nets), y, Row(targets), scale)
    error = graph.fold("+", e.terms)
    error = graph.symbol("s[1]") * error if spec.weighted else error
    return graph.node(graph.where(inside, error, 0.0)), [graph.node(d) for d in delta.terms]


def way_back(layers: int, sequential: bool) -> list[tuple[list[int], int | None]]:
    """Return what follows what: (layers that are updated now, the layer to go back through then).

    >>> way_back(3, sequential=False)
    [([], 3), ([], 2), ([3, 2, 1], None)]
    >>> way_back(3, sequential=True)
    [([3], 3), ([2], 2), ([1], None)]
    """
    inner = range(layers, 1, -1)
    if sequential:
        return [*(([l], l) for l in inner), ([1], None)]
    return [*(([], l) for l in inner), (list(range(layers, 0, -1)), None)]
