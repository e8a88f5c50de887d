"""Backpropagation of one observation, node by node, as graphs.

net_{l,j} = b_{l,j} + sum_k w_{l,j,k} y_{l-1,k}             y_{l,j} = f_l(net_{l,j})
delta_{L,j} = c s de/dy_j f_L'(net_{L,j})
delta_{l,j} = (sum_i delta_{l+1,i} w_{l+1,i,j}) f_l'(net_{l,j})
dE/dw_{l,j,k} = delta_{l,j} y_{l-1,k}                       dE/db_{l,j} = delta_{l,j}
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from deltarule.engine.compiled.expressions.moving import check_choice, drawn_number
from deltarule.engine.compiled.expressions.symbols import feedback_symbols, matrices
from deltarule.engine.compiled.expressions.tracing import (
    CONDITION,
    NUMBER,
    Graph,
    Node,
    Row,
    Untraceable,
)
from deltarule.engine.compiled.specialisation import Specialisation
from deltarule.engine.objective import Objective
from deltarule.engine.rule_state import drawing
from deltarule.layers import Affine, Dense
from deltarule.rules import Direct, RuleRun


@dataclass(frozen=True)
class Observation:
    """What one observation adds to E and to the gradient."""

    error: Node
    """sum over outputs of e, without s and c."""
    gradient: list[Node]
    """dE/dw for every entry of theta, in theta's order, without the penalty."""
    named: list[tuple[str, Node]]
    """Every net, output and delta under its name, in the order of computation."""


def traced_run(graph: Graph) -> RuleRun:
    """Return what a rule knows of the run, as symbols; uniform(net) is what a node draws."""
    return RuleRun(graph.symbol("t", NUMBER), {}, lambda layer, net: drawn_number(graph, net))


def drawn_numbers(graph: Graph, objective: Objective, found: Observation) -> list[Node]:
    """Return the terms for the numbers that an observation draws, in their order."""
    nets = dict(found.named)
    return [
        drawn_number(graph, nets[f"net[{l},{j}]"])
        for l, count in drawing(objective).items()
        for j in range(1, count + 1)
    ]


def check_specialisation(spec: Specialisation) -> None:
    """Raise `Untraceable` where no program can be written: an unknown layer, or a formula.

    Every formula is tried once. Whatever goes wrong in a user's own body, the reference engine
    may still run it; if it cannot either, it shows the error where it belongs.
    """
    for layer in spec.objective.network.layers:
        if type(layer) is not Dense:
            raise Untraceable(f"the layer {type(layer).__name__} has no compiled form")
    _check_rule(spec.objective)
    try_formulas(spec)


def _check_rule(objective: Objective) -> None:
    """Raise `Untraceable` for what no program does yet."""
    check_choice(objective)
    for l, feedback in objective.feedbacks.items():
        if feedback.kind == "redrawn":
            raise Untraceable(f"the backward weights of layer {l} are drawn for every update")
        if feedback.kind == "mirrored":
            raise Untraceable(f"the backward weights of layer {l} learn from noise")


def try_formulas(spec: Specialisation) -> None:
    """Trace every formula of a spec, but for recurrent layers' steps; raise `Untraceable`."""
    try:
        _trace_formulas(spec)
    except Untraceable:
        raise
    except Exception as error:
        raise Untraceable(f"{type(error).__name__} in a formula: {error}") from error


def _trace_formulas(spec: Specialisation) -> None:
    graph, objective = Graph(), spec.objective
    net, y, w, T = (graph.symbol(name) for name in ("net", "y", "w", "T"))
    for l, layer in enumerate(objective.network.layers, 1):
        if not isinstance(layer, Affine):
            continue
        whole = layer.activation.rowwise
        f, df = layer.activation.body(graph)
        values = (Row([net]), Row([y])) if whole else (net, y)
        here = objective.rule.at(l, len(objective.network.layers), traced_run(graph))
        for found in (f(values[0]), df(*values), here.feedback.matrix(w, y, l, graph)):
            _nodes(graph, found)
        if not whole:
            _nodes(graph, here.slope(layer.activation, net, y, graph))
    for found in output_formulas(graph, objective, Row([net]), Row([y]), Row([T]), 1.0):
        _nodes(graph, found)
    lr, t = graph.symbol("lr", NUMBER), graph.symbol("t", NUMBER)
    slots = [graph.symbol(name) for name in spec.slots]
    penalised = graph.symbol("penalised", CONDITION)
    given = {"error": graph.symbol("E")} if spec.optimiser.by_error else {}
    for found in spec.update(graph)(w, y, lr, t, penalised, *slots, **given):
        _nodes(graph, found)


def _nodes(graph: Graph, found: Any) -> None:
    for term in found.terms if isinstance(found, Row) else [found]:
        graph.node(term)


def observation(
    graph: Graph,
    objective: Objective,
    theta: Sequence[Node],
    x: Sequence[Node],
    T: Sequence[Node],
    scale: Any,
    lr: Any = None,
    early: bool = False,
) -> Observation:
    """Return the graphs of one observation; `scale` is c s, `lr` serves the sequential order.

    With one output node every delta has the factor delta_L. `early` takes it out,
    delta_{l,j} = delta_L (dnet_L / dnet_{l,j}), so that what remains can be computed while the
    forward pass still goes on: the chain of operations that wait for each other is shorter.
    """
    net, rule, run = objective.network, objective.rule, traced_run(graph)
    named: list[tuple[str, Node]] = []

    def name(what: str, l: int, values: Sequence[Node]) -> list[Node]:
        named.extend((f"{what}[{l},{j}]", v) for j, v in enumerate(values, 1))
        return list(values)

    y: list[list[Any]] = [list(x)]
    nets: list[list[Any]] = [[]]
    weights = matrices(net, theta)
    for l, layer in enumerate(net.affine, 1):
        W, b = weights[l - 1]
        sums = [_dot(graph, W[j], y[-1], None if b is None else b[j]) for j in range(len(W))]
        nets.append(name("net", l, sums))
        f, _ = layer.activation.body(graph)
        whole = layer.activation.rowwise
        values = f(Row(sums)).terms if whole else [f(v) for v in sums]
        y.append(name("y", l, [graph.node(v) for v in values]))

    L, backward = len(net.layers), feedback_symbols(graph, objective, theta)
    e, delta = output_formulas(graph, objective, Row(nets[L]), Row(y[L]), Row(T), scale)
    error = graph.fold("+", e.terms)
    early = early and net.sizes[-1] == 1 and not rule.sequential
    early = early and "direct" not in objective.feedback_kinds
    factor, delta = (delta.terms[0], Row([graph.node(1.0)])) if early else (1.0, delta)
    gradients: list[list[Node]] = []
    outermost: list[Node] = []
    for l in range(L, 0, -1):
        carried = [graph.node(d) for d in delta.terms]
        deltas = name("delta", l, [graph.node(factor * d) for d in carried])
        outermost = deltas if l == L else outermost
        W, b = weights[l - 1]
        dW = [[d * v for v in y[l - 1]] for d in deltas]
        gradients.append([g for row in dW for g in row] + ([] if b is None else deltas))
        if l == 1:
            break
        if rule.sequential:
            # the penalties move these weights, too
            W = [
                [w - lr * objective.penalised(g, w, graph) for w, g in zip(*rows, strict=True)]
                for rows in zip(W, dW, strict=True)
            ]
        feedback, below = objective.feedbacks[l], rule.at(l - 1, L, run)
        if isinstance(feedback, Direct):  # from the output, past the layers between
            pairs = zip(outermost, T, strict=True)
            carried = [graph.node(feedback.source(d, t, scale, graph)) for d, t in pairs]
        carrier = carriers(graph, objective, l, W, backward.get(l))
        activation, terms = net.affine[l - 2].activation, []
        for j in range(net.sizes[l - 1]):
            dE_dy = _dot(graph, [row[j] for row in carrier], carried, None)
            terms.append(dE_dy * below.slope(activation, nets[l - 1][j], y[l - 1][j], graph))
        delta = Row(terms)
    flat = [graph.node(g) for layer_gradients in reversed(gradients) for g in layer_gradients]
    return Observation(error, flat, named)


def carriers(
    graph: Graph, objective: Objective, l: int, W: list[list[Node]], B: Any
) -> list[list[Any]]:
    """Return what stands for every entry of W_l on the way back."""
    rule = objective.feedbacks[l]
    if rule.exact:
        return W
    if rule.kind == "of_W":
        return [[rule.matrix(w, None, l, graph) for w in row] for row in W]
    if rule.kind == "direct":
        return [[rule.matrix(None, b, l, graph) for b in row] for row in B]
    pairs = [zip(*rows, strict=True) for rows in zip(W, B, strict=True)]
    return [[rule.matrix(w, b, l, graph) for w, b in row] for row in pairs]


def output_formulas(
    graph: Graph, objective: Objective, net: Row, y: Row, T: Row, scale: Any
) -> tuple[Row, Row]:
    """Return (e, delta_L) of the output layer, fused where a pair is in force.

    Where it is not affine, dE/dy_L stands in the place of delta_L.
    """
    if objective.fused is not None:
        e, delta = objective.fused(graph)
        return _row(e(net, T), net), _row(scale * delta(y, T), net)
    e, de = objective.loss.body(graph)
    dE_dy = scale * _row(de(y, T), net)
    output, L = objective.network.output, len(objective.network.layers)
    if not isinstance(output, Affine):
        return _row(e(y, T), net), dE_dy
    activation = output.activation
    if activation.rowwise:
        _, df = activation.body(graph)
        return _row(e(y, T), net), _row(df(y, dE_dy), net)
    here, pairs = objective.rule.at(L, L, traced_run(graph)), zip(net.terms, y.terms, strict=True)
    slopes = [here.slope(activation, *pair, graph) for pair in pairs]
    return _row(e(y, T), net), _row(dE_dy * Row(slopes), net)


def _row(found: Any, like: Row) -> Row:
    return found if isinstance(found, Row) else Row([found] * len(like.terms))


def _dot(graph: Graph, w: Sequence[Any], y: Sequence[Any], start: Any) -> Any:
    """Return start + sum_k w_k y_k."""
    total = start
    for a, b in zip(w, y, strict=True):
        product = a * b
        total = product if total is None else total + product
    return graph.node(total)
