"""The mistakes that have a name: points of the grammar that people make again and again."""

from __future__ import annotations

from dataclasses import replace

from deltarule.check.diagnose.grammar.mistake import Mistake
from deltarule.check.diagnose.grammar.sentences import TABLE
from deltarule.check.diagnose.grammar.slot import SLOTS, Point

MISTAKES: dict[str, Mistake] = {m.code: m for m in TABLE}
"""Every mistake that has a name, by code."""


def mistake_of(point: Point) -> Mistake:
    """Return the words for a point: its name's, or composed from slot and quantity."""
    quantity, slot = point.quantity, SLOTS[point.slot]
    if quantity.words is not None:
        number = "a number" if point.number is None else f"{point.number:.6g}"
        does, should = (text.format(number=number) for text in quantity.words)
        return replace(MISTAKES[quantity.code], does=does, should=should)
    if quantity.code:
        return MISTAKES[quantity.code]
    return Mistake(
        quantity.id, f"{slot.what} is {quantity.phrase}", f"{slot.what} is {slot.right}", slot.line
    )
