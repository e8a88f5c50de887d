"""One layer of the search: which points give its gradient, the delta above being known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from deltarule.check.diagnose.backward import Acts, LayerPass, Result
from deltarule.check.diagnose.case import Array, Case
from deltarule.check.diagnose.explanation import Explanation, Factor, Factors
from deltarule.check.diagnose.fit import closed
from deltarule.check.diagnose.grammar import Point, at_the_bound
from deltarule.check.diagnose.match import Given, largest


@dataclass(frozen=True)
class State:
    """An explanation of the layers so far, and what is handed down to the next."""

    found: Explanation
    settled: bool
    """Whether the common factor is settled: it is, by the first layer that is not 0."""
    result: Result | None


class Step:
    """One layer of the search."""

    def __init__(
        self, case: Case, given: Given, truth: Result, factors: Factors, able: Acts, at_once: int,
        fits: int, top: LayerPass,
    ) -> None:  # fmt: skip
        self.case, self.given, self.truth, self.factors = case, given, truth, factors
        self.l, self.able, self.top, self.at_once, self.fits = truth.at.l, able, top, at_once, fits
        self.target = np.concatenate([part.ravel() for part in given.pairs[self.l]])
        self.some = _some_entries(case, self.l)

    def next(self, state: State) -> list[State]:
        """Return the ways in which the state explains this layer too."""
        layer = self.top if state.result is None else state.result.below
        kept: list[tuple[Acts, Result, Factor, bool]] = []
        for acts in self._candidates(state, layer):
            for ready in self._closed(acts, state, layer):
                result = layer(ready)
                for factor, settled in self._factors(state, result, ready):
                    if not _idle(ready, result, factor, kept, self.l):
                        kept.append((ready, result, factor, settled))
        return [
            State(state.found.having(acts, self.l, factor), settled, result)
            for acts, result, factor, settled in kept
        ]

    def _candidates(self, state: State, layer: LayerPass) -> Iterator[Acts]:
        used = state.found.points
        if state.settled and self._untouched(state.found.factor):
            yield ()
            return
        case = self.case
        here = [p for p in used if p.slot != "order" and p.quantity.fits(case, self.l)]
        again = [old for count in range(len(here) + 1) for old in combinations(here, count)]
        yield from again
        room = self.at_once - len(used)
        if room < 1:
            return
        others = (p for p in self.able if all(p.quantity is not q.quantity for q in used))
        able = [p for p in others if self._shown(p)]
        # a number that is to be fitted may change something only beside another point
        new = [p for p in able if p.fitted or layer.changes(p)]
        if self.l == 1:  # nothing is carried down from layer 1: its own delta is its delta
            new = [p for p in new if p.slot != "own" or p.quantity.part]
        yield from ((*old, p) for old in again for p in new if all(_apart(p, q) for q in old))
        if room >= 2:
            yield from self._pairs(state, layer, new)

    def _untouched(self, factor: Factor) -> bool:
        """Whether the layer agrees with the true gradient, up to the factor: nothing is changed.

        Where its delta is 0, as at nodes of relu that are off, that is not said of dE/dy.
        """
        agrees = self.given.matches(self.l, self.truth.delivered, factor.value)
        return agrees and bool(self.l == 1 or np.any(self.truth.delta))

    def _shown(self, point: Point) -> bool:
        """Whether the given numbers allow the point: no gradient at all is 0 to the last digit."""
        part = {"weights:nothing": 0, "biases:nothing": 1}.get(point.quantity.id)
        if part is None or self.case.objective.penalties:
            return True
        return not np.any(self.given.pairs[self.l][part])

    def _pairs(self, state: State, layer: LayerPass, new: list[Point]) -> Iterator[Acts]:
        """Yield two points at once, in two slots.

        Where one of them touches the biases alone, the other has to give the weights, and the
        other way round: of these pairs few are left.
        """
        general = [p for p in new if p.quantity.paired and not p.quantity.part]
        parts = [p for p in new if p.quantity.part]
        moving = [p for p in general if p.slot == "delivery"]  # takes numbers from part to part
        pairs = [*combinations(general, 2), *((p, q) for p in parts for q in moving)]
        for p, q in pairs:
            if _apart(p, q) and p.fitted + q.fitted <= self.fits:
                yield p, q
        for part, place in (("weights", 0), ("biases", 1)):
            mine = [p for p in new if p.quantity.part == part]
            others = [p for p in new if p.quantity.part != part]
            if self._gives(1 - place, layer(()), state):
                yield from ((p, q) for p, q in combinations(mine, 2) if p.slot != q.slot)
            rest = [q for q in others if q.open or self._gives(1 - place, layer((q,)), state)]
            for p in mine if rest else ():
                for q in rest:
                    both = p.quantity.part and q.quantity.part
                    twice = both and part == "biases"  # told already, with the weights' part first
                    fits = p.fitted + q.fitted <= self.fits
                    if fits and not twice and _apart(p, q):
                        yield p, q

    def _gives(self, part: int, result: Result, state: State) -> bool:
        """Whether one part is the given one, up to a factor where that is open."""
        if state.settled:
            return self.given.agrees(self.l, part, result.delivered, state.found.factor.value)
        mine, given = result.delivered[part], self.given.pairs[self.l][part]
        square = float(np.vdot(mine, mine))
        if not 0.0 < square < np.inf:
            return not np.any(given)
        factor = float(np.vdot(mine, given)) / square
        return self.given.agrees(self.l, part, result.delivered, factor)

    def _closed(self, acts: Acts, state: State, layer: LayerPass) -> Iterator[Acts]:
        """Set the open numbers, from the entries that no bound has cut off."""
        if not any(a.open for a in acts):
            yield acts
            return
        if _fitted(state, acts) > self.fits:
            return
        factor = state.found.factor.value if state.settled else None
        hidden = tuple(a for a in acts if not a.open and np.any(at_the_bound(a, self.target)))
        rest = tuple(a for a in acts if a not in hidden)
        seen = self.some
        for act in hidden:
            seen = seen[~at_the_bound(act, self.target[seen])]

        def gradient(tried: Acts) -> Array:
            return np.concatenate([part.ravel() for part in layer(tried).delivered])[seen]

        for found in closed(rest, gradient, self.target[seen], factor, self.case.slopes[self.l]):
            yield (*found, *hidden)

    def _factors(self, state: State, result: Result, acts: Acts) -> Iterator[tuple[Factor, bool]]:
        """Yield the common factors with which the result is the given one."""
        factor, pair = state.found.factor, result.delivered
        if state.settled:
            if self.given.matches(self.l, pair, factor.value):
                yield factor, True
            return
        if not np.any(self.target):
            if self.given.matches(self.l, pair):
                yield factor, False
            return
        found = self.factors.of(self.given, self.l, pair, _fitted(state, acts) < self.fits)
        if found is not None:
            yield found, True


def _fitted(state: State, acts: Acts) -> int:
    """Return how many numbers are fitted in all."""
    return state.found.fits + sum(a.fitted for a in acts if a not in state.found.points)


def _some_entries(case: Case, l: int) -> NDArray[np.intp]:
    """Return which entries of a layer numbers are fitted to: a few of every node, if it is large.

    Whether the fit holds is seen at all of them.
    """
    width, below = case.W[l].shape
    columns = np.arange(below)[:: max(1, below // 6)]
    weights = (np.arange(width)[:, None] * below + columns).ravel()
    return np.concatenate([weights, np.arange(width * below, width * below + case.b[l].size)])


def _apart(p: Point, q: Point) -> bool:
    """Whether two points can stand together: in two slots, or in two parts of one."""
    return p.slot != q.slot or ("" not in (p.place[1], q.place[1]) and p.place != q.place)


def _idle(
    acts: Acts, result: Result, factor: Factor, kept: list[tuple[Acts, Result, Factor, bool]],
    l: int,
) -> bool:  # fmt: skip
    """Whether some of the points change nothing that is seen here or below."""
    fewer = [other for others, other, same, _ in kept if set(others) < set(acts) and same == factor]
    return bool(fewer) and (
        l == 1
        or any(
            all(largest(a - b) <= 1e-12 * largest(a) for a, b in other.beside(result))
            for other in fewer
        )
    )
