"""The search for what explains a gradient: layer by layer, from the output down.

Deltas flow downwards, so a point at layer l leaves the layers above as they are, and the first
layer that is wrong, from the output down, says what may be wrong: the delta above it is right, or
is the one found. At each layer the points that can act there are compared with the given gradient,
and only those that agree go on to the layer below. So all subsets of layers are covered, and none
has to be listed. A layer that agrees is left as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from deltarule.check.diagnose.backward import Acts, LayerPass, unchanged
from deltarule.check.diagnose.case import Array, Case
from deltarule.check.diagnose.explanation import Explanation, Factors
from deltarule.check.diagnose.grammar import orders
from deltarule.check.diagnose.match import Given, as_given, largest, roundings
from deltarule.check.diagnose.step import State, Step

STATES = 300
"""Explanations of the layers so far that are carried on, the simplest first."""


class Search:
    """Looks for the explanations of one given vector.

    `precisions` holds eps of each layer from 1 where it is not float64's.
    """

    def __init__(
        self, case: Case, vector: Array, points: Acts, precisions: Sequence[float] = ()
    ) -> None:
        self.case, self.points, self.factors = case, points, Factors(case)
        self.top = LayerPass(case, case.L, None)
        self.truth = unchanged(self.top)
        self.precisions, self.vector = precisions, vector
        self.given = self._given(vector)

    def common(self) -> list[Explanation]:
        """Return the factors c for which the whole gradient is c times the true one."""
        found = self._explain(self.given, (), 0, 1, ())
        return sorted(found, key=lambda e: e.cost)

    def explanations(self, at_once: int, fits: int = 1, gaps: bool = False) -> list[Explanation]:
        """Return every explanation by so many points, the simplest first.

        Only minimal ones are returned: no point in them changes nothing. With `gaps` layers may
        stay unexplained.
        """
        found = self._explain(self.given, self.points, at_once, fits, (), gaps)
        for point, put in () if gaps else orders(self.case):
            restored = put(self.vector)
            if not np.array_equal(restored, self.vector):
                given = self._given(restored)
                found += self._explain(given, self.points, at_once, fits, (point,))
        return _minimal([e for e in found if not self._common_factor(e)])

    def _common_factor(self, e: Explanation) -> bool:
        """Whether one of its points is a factor of the whole gradient: that is a convention."""
        every = tuple(range(self.case.L, 0, -1))
        slots = ("whole",) if self.case.objective.penalties else ("whole", "scale")
        return any(
            p.slot in slots and not (p.quantity.part or p.fitted) and layers == every
            for p, layers in zip(e.points, e.layers, strict=True)
        )

    def _given(self, vector: Array) -> Given:
        return as_given(self.case, vector, self._floors(vector), self.precisions)

    def _floors(self, vector: Array) -> list[tuple[float, ...]]:
        """Return the magnitudes behind each layer; k times the gradient rounds k times as much."""
        floors, pairs = roundings(self.case), self.case.split(vector)
        for l, right in enumerate(self.truth[1:], 1):
            true, mine = (max(map(largest, pair)) for pair in (right.delivered, pairs[l]))
            more = max(1.0, mine / true) if true > 0.0 else 1.0
            floors[l] = tuple(more * s for s in floors[l])
        return floors

    def _explain(
        self, given: Given, points: Acts, at_once: int, fits: int, moved: Acts, gaps: bool = False
    ) -> list[Explanation]:
        """Return what explains the gradient, once its layers stand in their order."""
        settled = self._something_agrees(given)
        states = [State(Explanation(moved, ((),) * len(moved)), settled, None)]
        for l in range(self.case.L, 0, -1):
            able = tuple(p for p in points if p.quantity.fits(self.case, l))
            step = Step(self.case, given, self.truth[l], self.factors, able, at_once, fits,
                        self.top)  # fmt: skip
            new = [n for s in states for n in step.next(s)]
            if gaps and not any(n.found.gaps == s.found.gaps for n in new for s in states):
                new += [self._left_out(s, l) for s in states]
            states = sorted(new, key=lambda s: s.found.cost)[:STATES]
        return [s.found for s in states]

    def _left_out(self, state: State, l: int) -> State:
        """Go on below a layer that is not explained, as if its delta were right."""
        result = (self.top if state.result is None else state.result.below)(())
        found = replace(state.found, gaps=(*state.found.gaps, l))
        return State(found, state.settled, result)

    def _something_agrees(self, given: Given) -> bool:
        """Whether some numbers are right as they are, so that there is no common factor.

        What is as small as what counts as the same says nothing.
        """
        return any(
            largest(part) > 4.0 * given.bounds[l][i] and given.agrees(l, i, self.truth[l].delivered)
            for l in range(1, self.case.L + 1)
            for i, part in enumerate(given.pairs[l])
        )


def _minimal(found: list[Explanation]) -> list[Explanation]:
    """Leave out what contains another explanation."""
    kept: list[Explanation] = []
    for e in sorted(found, key=lambda e: e.cost):
        if not any(set(k.points) < set(e.points) and k.gaps == e.gaps for k in kept):
            kept.append(e)
    return kept
