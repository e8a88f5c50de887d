"""The numbers that a rule draws for the nodes, or weights, of a small network, lane by lane."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from deltarule.engine.compiled.compiler.lowering import Lowering
from deltarule.engine.compiled.expressions.tracing import Node
from deltarule.engine.compiled.instructions.operations import lanes_of, vector_of, word
from deltarule.engine.compiled.instructions.philox import numbers, words_by_place


def bind_drawn_numbers(
    lower: Lowering, terms: Sequence[Node], purpose: int, place: tuple[Any, Any, Any]
) -> None:
    """Write the numbers that are drawn for a purpose; the terms stand for them, in their order.

    `place` is (seed, t, row): networks side by side have vectors of seeds, samples of rows.
    """
    o, lanes = lower.ops, max(lanes_of(v.type) for v in place)
    alone = lanes != lanes_of(lower.kind)  # one number in all lanes
    kind = vector_of(lower.kind.element, lanes) if alone else lower.kind
    for start in range(0, len(terms), 4):
        words = words_by_place(o, purpose, *place, word(start // 4))
        for term, drawn in zip(terms[start : start + 4], words, strict=False):
            value = numbers(o, drawn, kind)
            lower.bind(term, o.splat(lower.kind, value) if alone else value)
