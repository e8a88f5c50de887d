"""The points of the grammar that a case allows."""

from __future__ import annotations

from deltarule.check.diagnose.case import Array, Case
from deltarule.check.diagnose.grammar.delivery import bounds
from deltarule.check.diagnose.grammar.slot import QUANTITIES, Point
from deltarule.check.diagnose.grammar.times import reaches


def points_of(case: Case, given: Array) -> tuple[Point, ...]:
    """Return every point that can be made in some layer of the case; numbers are still open.

    A bound for clipping is read off the given gradient; how far an error goes back is one of few.
    """
    layers = range(1, case.L + 1)
    open_ones = (
        Point(q, None, bool(q.number))
        for q in QUANTITIES.values()
        if not (q.id.startswith("whole:clipped") or q.code == "truncated")
        and any(q.fits(case, l) for l in layers)
    )
    return (*bounds(case, given), *open_ones, *reaches(case))
