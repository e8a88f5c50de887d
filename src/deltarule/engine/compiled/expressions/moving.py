"""Which entries of theta an update moves, as graphs: a layer's turn, the largest gradients, some
at random."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from deltarule.engine.compiled.expressions.tracing import NUMBER, Graph, Node, Untraceable
from deltarule.engine.objective import Objective
from deltarule.rules import LargestGradient, RandomChoice

TURN = "turn"
"""The symbol of the layer whose turn it is, less 1: (t - 1) mod L."""

_MOST = 1_000
"""So many comparisons, k times the parameters, are written at most."""


def partial(objective: Objective) -> bool:
    """Whether an update leaves some weights as they are."""
    return not objective.rule.choice.everything or objective.rule.order == "layerwise"


def check_choice(objective: Objective) -> None:
    """Raise `Untraceable` for a choice of weights that no program makes."""
    choice, size = objective.rule.choice, objective.network.size
    if choice.everything:
        return
    if not isinstance(choice, LargestGradient | RandomChoice):
        raise Untraceable(f"the rule chooses which weights move (choice={choice.name})")
    if choice.k * size > _MOST:
        raise Untraceable(f"the {choice.k} largest of {size} numbers are too many to look for")


def drawn_number(graph: Graph, of: Any) -> Node:
    """Return the term that stands for the number drawn for a node, told by its net, or a weight."""
    return graph.apply("uniform", graph.node(of))


def of_turn(graph: Graph, objective: Objective, layer: int) -> Any:
    """Return whether it is a layer's turn; True where all have theirs together."""
    if objective.rule.order != "layerwise":
        return True
    return graph.symbol(TURN, NUMBER) == float(layer - 1)


def moved_entries(
    graph: Graph, objective: Objective, theta: Sequence[Node], gradient: Sequence[Node]
) -> list[Any]:
    """Return for every entry of theta whether it moves: True, False, or a condition."""
    layout = objective.network.layout
    layers = [e.layer for e in layout.entries for _ in range(e.start, e.stop)]
    trained = layout.mask("trained").tolist()
    turns = [of_turn(graph, objective, l) for l in layers]
    choice = objective.rule.choice
    if not isinstance(choice, LargestGradient | RandomChoice):
        return [turn if trains else False for turn, trains in zip(turns, trained, strict=True)]
    if choice.draws:
        scores = [drawn_number(graph, w) for w in theta]
    else:
        scores = [graph.where(g < 0.0, -g, g) for g in gradient]
    return _largest(graph, choice.k, scores, turns, trained)


def _largest(
    graph: Graph, k: int, scores: Sequence[Any], turns: list[Any], trained: list[bool]
) -> list[Any]:
    """Return which entries have the k largest scores, one after the other; of equal ones the
    first."""
    among = [i for i, trains in enumerate(trained) if trains]
    left = []
    for i in among:
        left.append(graph.node(graph.where(turns[i], scores[i], -1.0)))
    first: list[Any] = list(left)
    chosen: list[Any] = [False] * len(among)
    for _ in range(min(k, len(among))):
        most = graph.fold("maximum", left)
        taken: Any = False
        for n, size in enumerate(left):
            here = size == most if taken is False else (size == most) & ~taken
            taken = here if taken is False else taken | here
            chosen[n] = here if chosen[n] is False else chosen[n] | here
            left[n] = graph.node(graph.where(here, -1.0, size))
    found: list[Any] = [False] * len(scores)
    for n, i in enumerate(among):
        # where fewer than k have their turn, what has none was found as well
        found[i] = chosen[n] if turns[i] is True else chosen[n] & (first[n] >= 0.0)
    return found
