"""What stands for W on the way back in a layered program, and where that lies."""

from __future__ import annotations

import math
from dataclasses import dataclass

from deltarule.engine.compiled.expressions.formulas import carrier
from deltarule.engine.compiled.expressions.tracing import Graph, reached
from deltarule.engine.objective import Objective
from deltarule.engine.rule_state import FIXED, matrix_shape


@dataclass(frozen=True)
class BackwardMatrix:
    """What carries delta back through a layer: W itself, or what the rule puts in its place."""

    rows: int
    """n_l, or n_L where it comes from the output."""
    of_weights: bool
    """Whether W is in it."""
    fixed: int | None
    """Where its B begins in the call's `feedback`, if it has one there."""
    learned: bool
    """Whether its B is a slot."""

    @property
    def moves(self) -> bool:
        """Whether an update changes it."""
        return self.of_weights or self.learned


def backward_matrices(objective: Objective) -> dict[int, BackwardMatrix]:
    """Return them for l = 2..L."""
    found, start = {}, 0
    for l, rule in objective.feedbacks.items():
        graph = Graph()
        used = reached([carrier(graph, objective, l)])
        shape, fixed = matrix_shape(objective, l), None
        if rule.kind in FIXED:
            fixed, start = start, start + math.prod(shape)
        of_weights = graph.symbol("w") in used
        found[l] = BackwardMatrix(shape[0], of_weights, fixed, rule.kind == "learned")
    return found
