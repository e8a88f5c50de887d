"""An update, as graphs: the penalty, clipping, the optimiser's step, which weights move.

The rate is the symbol `lr`, the number of the update `t`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from deltarule.engine.compiled.expressions.moving import TURN, moved_entries, partial
from deltarule.engine.compiled.expressions.symbols import slot_symbols
from deltarule.engine.compiled.expressions.tracing import NUMBER, Graph, Node, Row
from deltarule.engine.compiled.specialisation import Specialisation
from deltarule.engine.update import rate_factors


@dataclass(frozen=True)
class Changes:
    """What an update does."""

    decay: Node | None
    """The penalties' part of E, where there is one."""
    spoilt: Node | None
    """0, but NaN where clipping would hide an infinite gradient."""
    new: list[list[Node]]
    """For every parameter (or vector of them): its new value, and those of its slots."""


def update_each(
    graph: Graph,
    spec: Specialisation,
    theta: Sequence[Node],
    gradient: Sequence[Node],
    error: Node | None = None,
) -> Changes:
    """Return penalty, clipping and the optimiser's update, parameter by parameter.

    `error` is E without its penalty, where the optimiser looks at it.
    """
    objective, layout = spec.objective, spec.objective.network.layout
    penalised, trained = layout.mask("penalised").tolist(), layout.mask("trained").tolist()
    penalty, gradient = None, list(gradient)
    if objective.penalties:
        triples = list(zip(gradient, theta, penalised, strict=True))
        gradient = [objective.penalised(g, w, graph) if d else g for g, w, d in triples]
        weights = [w for _, w, decays in triples if decays]
        penalty = objective.penalty_of(lambda p: graph.fold("+", [p(w) for w in weights]), graph)
    spoilt = _spoilt(graph, spec, gradient)
    moving = [g for g, moves in zip(gradient, trained, strict=True) if moves]
    rest = iter(_clipped(graph, spec, moving))
    used = [next(rest) if moves else graph.node(0.0) for moves in trained]
    slots = slot_symbols(graph, spec, theta)
    factors, E = _factors(spec), _whole(graph, error, penalty)
    new = [
        moved(graph, spec, w, used[k], penalised[k], [slot[k] for slot in slots], factors[k], E)
        for k, w in enumerate(theta)
    ]
    if partial(spec.objective):
        moves = moved_entries(graph, spec.objective, theta, used)
        for k, w in enumerate(theta):
            before = (w, *(slot[k] for slot in slots))
            pairs = zip(new[k], before, strict=True)
            new[k] = [graph.node(graph.where(moves[k], after, old)) for after, old in pairs]
    return Changes(penalty, spoilt, new)


def update_along(
    graph: Graph,
    spec: Specialisation,
    theta: Sequence[Node],
    gradient: Sequence[Node],
    penalised: Sequence[Any],
    trained: Sequence[Any],
    slots: Sequence[Sequence[Node]],
    layers: Sequence[Node] = (),
    factors: Sequence[Node] = (),
    error: Node | None = None,
) -> Changes:
    """Return penalty, clipping and the optimiser's update, vector by vector along theta.

    `penalised` and `trained` are True, False, or a condition that holds in some lanes; `layers` are
    the entries' layers, less 1, where each has its turn; `factors` what lr is multiplied by, where
    it is not the same for all; `error` is E without its penalty, where the optimiser looks at it.
    """
    graph.sum = lambda row: graph.apply("across +", graph.fold("+", row.terms))  # type: ignore[method-assign]
    objective, penalty, gradient = spec.objective, None, list(gradient)

    def total(p: Callable[..., Any]) -> Node:
        pairs = zip(theta, penalised, strict=True)
        terms = [graph.where(decays, p(w), 0.0) for w, decays in pairs]
        return graph.apply("across +", graph.fold("+", terms))

    if objective.penalties:
        triples = zip(gradient, theta, penalised, strict=True)
        gradient = [graph.where(d, objective.penalised(g, w, graph), g) for g, w, d in triples]
        penalty = objective.penalty_of(total, graph)
    spoilt = _spoilt(graph, spec, gradient)
    if spoilt is not None:
        spoilt = graph.apply("across +", spoilt)
    pairs = zip(gradient, trained, strict=True)
    used = _clipped(graph, spec, [graph.where(moves, g, 0.0) for g, moves in pairs])
    E, each = _whole(graph, error, penalty), list[Any](factors) or [1.0] * len(theta)
    new = [
        moved(graph, spec, w, used[k], penalised[k], [slot[k] for slot in slots], each[k], E)
        for k, w in enumerate(theta)
    ]
    for k, layer in enumerate(layers):
        turn = layer == graph.symbol(TURN, NUMBER)
        pairs = zip(new[k], (theta[k], *(slot[k] for slot in slots)), strict=True)
        new[k] = [graph.node(graph.where(turn, after, old)) for after, old in pairs]
    return Changes(penalty, spoilt, new)


def _spoilt(graph: Graph, spec: Specialisation, gradient: Sequence[Any]) -> Node | None:
    """Return the sum of g - g where entries are bounded: what is infinite may not vanish so."""
    if spec.clipping.value is None:
        return None
    return graph.node(graph.fold("+", [nothing(g) for g in gradient]))


def _clipped(graph: Graph, spec: Specialisation, gradient: Sequence[Any]) -> list[Node]:
    terms: Sequence[Any] = gradient
    if spec.clipping.active:
        terms = spec.clipping.apply(Row(gradient), graph).terms
    return [graph.node(g) for g in terms]


def _factors(spec: Specialisation) -> list[float]:
    """Return what lr is multiplied by at every entry of theta."""
    found = rate_factors(spec.objective, spec.optimiser)
    return [1.0] * spec.objective.network.size if found is None else found.tolist()


def _whole(graph: Graph, error: Node | None, penalty: Any) -> Node | None:
    """Return E: the data's part, and the penalty where there is one."""
    return error if error is None or penalty is None else graph.node(error + penalty)


def moved(
    graph: Graph,
    spec: Specialisation,
    w: Node,
    g: Node,
    penalised: Any,
    slots: Sequence[Node],
    factor: Any = 1.0,
    error: Node | None = None,
) -> list[Node]:
    """Return the optimiser's update: the new parameter, and its new slots."""
    lr, t = graph.symbol("lr", NUMBER) * factor, graph.symbol("t", NUMBER)
    given = {"error": error} if spec.optimiser.by_error else {}
    found = spec.update(graph)(w, g, lr, t, penalised, *slots, **given)
    return [graph.node(v) for v in found]


def entry(graph: Graph, spec: Specialisation, penalised: bool, trained: bool) -> tuple[Node, Node]:
    """Return (w, g): a parameter, and dE/dw with the penalty in it; 0 where it is not trained."""
    w, g = graph.symbol("w"), graph.symbol("dE_dw")
    if penalised:
        g = spec.objective.penalised(g, w, graph)
    return w, g if trained else graph.node(0.0)


def nothing(g: Node) -> Node:
    """Return 0, but NaN for what is infinite or no number."""
    found: Node = g - g
    return found


def decay(graph: Graph, spec: Specialisation, w: Node) -> Node:
    """Return a weight's part of the penalties, such as 1/2 l2 w^2."""
    parts = [each.body(graph)[0](w, each.scale) for each in spec.objective.penalties]
    return graph.node(graph.fold("+", parts))


def clipped(graph: Graph, spec: Specialisation, g: Node) -> tuple[Node, list[Node]]:
    """Return the clipped g, and what is summed over all parameters for it: |g|^2's term."""
    summed: list[Node] = []
    total = graph.symbol("squares")

    def everywhere(row: Row) -> Node:
        summed.append(row.terms[0])
        return total

    graph.sum = everywhere  # type: ignore[method-assign]
    found = spec.clipping.apply(Row([g]), graph).terms[0]
    return graph.node(found), summed
