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


class BackwardKernel(Kernel):
    """A kernel that keeps what stands for W_l on the way back, rows along the nodes before it."""

    packing: Packing
    feedback: dict[int, BackwardMatrix]
    by_columns: set[int]
    """The layers whose nodes, the columns of W_l^T, are divided among the threads."""

    def share_of_columns(self, l: int) -> tuple[Any, Any] | None:
        """Return this thread's part [j0, j1) of the columns of W_l^T, where they are divided."""
        if l not in self.by_columns:
            return None
        lanes = self.machine.lanes(self.spec.dtype)
        return self.group.share(word(0), word(self.packing.blocks[l - 1].width), lanes)

    def matrices(self, l: int) -> tuple[Any, Any]:
        """Return the addresses of layer l's W^T and b."""
        block, o = self.packing.blocks[l - 1], self.o
        W = o.at(self.call.theta, self.element, block.start)
        b = W if block.bias is None else o.at(self.call.theta, self.element, block.bias)
        return W, b

    def turn(self, l: int) -> None:
        """Write what stands for W_l, rows along the nodes before it: this thread's part."""
        o, b, block = self.o, self.o.b, self.packing.blocks[l - 1]
        columns = self.share_of_columns(l) if self.feedback[l].rows == block.units else None
        (k0, k1), j0, j1 = self.share_of_rows(block.inputs), word(0), word(self.feedback[l].rows)
        if columns is not None:
            k0, k1, j0 = word(0), word(block.inputs), columns[0]
            j1 = b.select(b.icmp_signed("<", columns[1], j1), columns[1], j1)
        with o.loop(k0, k1, _SIDE) as near, o.loop(j0, j1) as j:
            far = b.add(near, word(_SIDE))
            self._turn_part(l, j, near, b.select(b.icmp_signed("<", far, k1), far, k1))

    def _turn_part(self, l: int, j: Any, k0: Any, k1: Any) -> None:
        """Write entries [k0, k1) of row j of what stands for W_l."""
        o, b = self.o, self.o.b
        block, below = self.packing.blocks[l - 1], self.packing.blocks[l - 2]
        target, feedback = self.address(f"W{l}"), self.feedback[l]
        with o.loop(k0, k1) as k:
            graph = Graph()
            value = carrier(graph, self.spec.objective, l)
            lower = Lowering(o, self.element)
            turned = b.add(b.mul(k, word(block.width)), j)  # W^T is what there is
            if feedback.of_weights:
                lower.bind(graph.symbol("w"), o.load(self.matrices(l)[0], self.element, turned))
            if feedback.fixed is not None:
                row = b.mul(j, word(below.units))
                here = b.add(b.add(row, k), word(feedback.fixed))
                lower.bind(graph.symbol("B"), o.load(self.call.feedback, self.element, here))
            if feedback.learned:
                slot = (len(self.spec.slots) - 1) * self.packing.size + block.start
                B = o.at(self.call.slots, self.element, slot)
                lower.bind(graph.symbol("B"), o.load(B, self.element, turned))
            place = b.add(b.mul(j, word(below.width)), k)
            o.store(lower(value), target, place)
