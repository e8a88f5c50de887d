"""The grammar of mistakes: slots of the backward pass, and what people put into them.

A mistake is a point: a quantity in a slot where another one belongs. Importing enrols them all.
"""

from deltarule.check.diagnose.grammar import (  # noqa: F401 (enrol their quantities)
    carriers,
    delivery,
    deltas,
    inputs,
    losses,
    penalties,
    sums,
    times,
)
from deltarule.check.diagnose.grammar.delivery import at_the_bound, bounds, orders
from deltarule.check.diagnose.grammar.mistake import MISTAKES, Mistake, mistake_of
from deltarule.check.diagnose.grammar.points import points_of
from deltarule.check.diagnose.grammar.slot import QUANTITIES, SLOTS, Point, Quantity, Slot
from deltarule.check.diagnose.grammar.sums import FACTORS

__all__ = [
    "FACTORS",
    "MISTAKES",
    "QUANTITIES",
    "SLOTS",
    "Mistake",
    "Point",
    "Quantity",
    "Slot",
    "at_the_bound",
    "bounds",
    "mistake_of",
    "orders",
    "points_of",
]
