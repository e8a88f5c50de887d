"""What stands for W on the way back in a layered program, and where that lies."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from deltarule.engine.compiled.compiler.lowering import Lowering
from deltarule.engine.compiled.expressions.formulas import carrier
from deltarule.engine.compiled.expressions.tracing import Graph, reached
from deltarule.engine.compiled.instructions.operations import word
from deltarule.engine.compiled.programs.kernel import Kernel
from deltarule.engine.compiled.programs.layered.packing import Packing
from deltarule.engine.objective import Objective
from deltarule.engine.rule_state import FIXED, matrix_shape

_SIDE = 16  # a square of numbers at a time: whole lines of the cache are read and written


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


def write_turned(p: Kernel, packing: Packing, l: int, feedback: BackwardMatrix, W: Any) -> None:
    """Write what stands for W_l, rows along the nodes before it: this thread's part.

    `W` is the address of W_l^T.
    """
    o, b, block = p.o, p.o.b, packing.blocks[l - 1]
    columns = p.share_of_columns(l) if feedback.rows == block.units else None
    (k0, k1), j0, j1 = p.share_of_rows(block.inputs), word(0), word(feedback.rows)
    if columns is not None:
        k0, k1, j0 = word(0), word(block.inputs), columns[0]
        j1 = b.select(b.icmp_signed("<", columns[1], j1), columns[1], j1)
    with o.loop(k0, k1, _SIDE) as near, o.loop(j0, j1) as j:
        far = b.add(near, word(_SIDE))
        far = b.select(b.icmp_signed("<", far, k1), far, k1)
        with o.loop(near, far) as k:
            graph = Graph()
            value = carrier(graph, p.spec.objective, l)
            lower = Lowering(o, p.element)
            turned = b.add(b.mul(k, word(block.width)), j)  # W^T is what there is
            if feedback.of_weights:
                lower.bind(graph.symbol("w"), o.load(W, p.element, turned))
            if feedback.fixed is not None:
                row = b.mul(j, word(block.inputs))
                here = b.add(b.add(row, k), word(feedback.fixed))
                lower.bind(graph.symbol("B"), o.load(p.call.feedback, p.element, here))
            if feedback.learned:
                slot = (len(p.spec.slots) - 1) * packing.size + block.start
                B = o.at(p.call.slots, p.element, slot)
                lower.bind(graph.symbol("B"), o.load(B, p.element, turned))
            place = b.add(b.mul(j, word(packing.blocks[l - 2].width)), k)
            o.store(lower(value), p.address(f"W{l}"), place)
