"""The numbers that a rule draws for the nodes of a small network, lane by lane."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from deltarule.engine.compiled.compiler.lowering import Lowering
from deltarule.engine.compiled.expressions.backpropagation import Observation, drawn_numbers
from deltarule.engine.compiled.expressions.tracing import Graph
from deltarule.engine.compiled.instructions.operations import Ops, lanes_of, vector_of
from deltarule.engine.compiled.instructions.philox import numbers, words_by_place
from deltarule.engine.objective import Objective

__all__ = ["bind_drawn_numbers"]

_WORD = ir.IntType(64)


def bind_drawn_numbers(
    o: Ops,
    graph: Graph,
    lower: Lowering,
    objective: Objective,
    found: Observation,
    place: tuple[Any, Any, Any],
) -> None:
    """Write the numbers that an observation draws; its terms stand for them.

    `place` is (seed, t, row): networks side by side have vectors of seeds, samples of rows.
    """
    terms = drawn_numbers(graph, objective, found)
    lanes = max(lanes_of(word.type) for word in place)
    alone = lanes != lanes_of(lower.kind)  # one number in all lanes
    kind = vector_of(lower.kind.element, lanes) if alone else lower.kind
    for start in range(0, len(terms), 4):
        words = words_by_place(o, *place, ir.Constant(_WORD, start // 4))
        for term, word in zip(terms[start : start + 4], words, strict=False):
            value = numbers(o, word, kind)
            lower.bind(term, o.splat(lower.kind, value) if alone else value)
