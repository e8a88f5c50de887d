"""The grammar of mistakes: slots of the backward pass, and what people put into them.

A mistake is a point: a quantity in a slot where another one belongs. Importing enrols them all.
"""

from deltarule.check.diagnose.case import Array, Case
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
from deltarule.check.diagnose.grammar.slot import QUANTITIES, SLOTS, Point, Quantity, Slot
from deltarule.check.diagnose.grammar.sums import FACTORS
from deltarule.check.diagnose.grammar.times import reaches

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


def points_of(case: Case, given: Array) -> tuple[Point, ...]:
    """Return every point that can be made in some layer of the case; numbers are still open.

    A bound for clipping is read off the given gradient; how far an error goes back is one of few.
    """
    open_ones = (
        Point(q, None, bool(q.number))
        for q in QUANTITIES.values()
        if not (q.id.startswith("whole:clipped") or q.code == "truncated")
        and any(q.fits(case, l) for l in range(1, case.L + 1))
    )
    return (*bounds(case, given), *open_ones, *reaches(case))
