"""What is looked for, in which order, and what of it is believed.

A factor common to all layers first: it is a convention. Then one point, then two; then what
explains some layers and leaves others out. What holds here has to hold elsewhere too, where a
function can be asked; a fitted number has to be over-determined, or be seen a second time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from deltarule.check.diagnose.case import Array, Case
from deltarule.check.diagnose.evidence import Evidence, evidence_of
from deltarule.check.diagnose.experiment import EXPERIMENTS, ROWS, Answer
from deltarule.check.diagnose.explanation import Explanation, Factor
from deltarule.check.diagnose.grammar import points_of
from deltarule.check.diagnose.match import EPS, precisions_of
from deltarule.check.diagnose.online import online_explanations
from deltarule.check.diagnose.search import Search

_TOLD = 40
"""Explanations that are held against the function's other answers, the simplest first."""


@dataclass(frozen=True)
class Outcome:
    """What was found of a gradient."""

    best: tuple[Explanation, ...] = (Explanation(),)
    """The explanations that are equally good; one without points and factor for 'correct'."""
    evidence: Evidence | None = None
    readings: tuple[Factor, ...] = ()
    """What else the common factor may be made of."""
    also: tuple[Explanation, ...] = ()
    """Explanations that come behind the best."""
    precision: tuple[int, ...] = ()
    """The layers that are in a lower precision, where that matters."""
    eps: float = EPS
    notes: tuple[str, ...] = field(default=())

    @property
    def proved(self) -> bool:
        """Whether the whole gradient is explained, and for certain."""
        whole = bool(self.best) and not self.best[0].gaps
        return whole and (self.evidence is None or self.evidence.certain)


def investigate(case: Case, vector: Array, elsewhere: Callable[[], list[Answer]] | None) -> Outcome:
    """Return what explains a vector that is not the true gradient.

    `elsewhere` asks the function, where there is one, at other points.
    """
    precisions = precisions_of(case, vector)
    low = tuple(l for l, eps in enumerate(precisions, 1) if eps > EPS)
    with np.errstate(all="ignore"):  # a wrong rule may well overflow
        found = _Inquiry(case, vector, (), elsewhere).outcome()
        if low:
            rough = _Inquiry(case, vector, precisions, elsewhere).outcome()
            whole = bool(rough.best) and not rough.best[0].gaps
            if whole and (not found.proved or rough.best[0].cost < found.best[0].cost):
                return replace(rough, precision=low, eps=max(precisions))
    return found


class _Inquiry:
    """One gradient's inquiry, in one precision."""

    def __init__(
        self, case: Case, vector: Array, precisions: Sequence[float],
        elsewhere: Callable[[], list[Answer]] | None,
    ) -> None:  # fmt: skip
        self.case, self.vector, self.elsewhere = case, vector, elsewhere
        self.search = Search(case, vector, points_of(case, vector), precisions)
        self.answers: list[Answer] | None = None
        self.refuted: list[tuple[Explanation, set[str]]] = []
        self.made: set[str] = set()
        self.alone: list[Explanation] = []

    def outcome(self) -> Outcome:
        """Return what is found, the simplest kind first."""
        search, unproved = self.search, list[tuple[Explanation, Evidence]]()
        for look in (
            search.common,
            lambda: search.explanations(1),
            lambda: search.explanations(2, fits=2),
            lambda: online_explanations(self.case, self.vector, search.points),
        ):
            found = self._held(look())
            certain = [pair for pair in found if pair[1].certain]
            if certain:
                return self._concluded(certain, [*found, *unproved])
            unproved += found
        if unproved:
            return self._concluded(unproved, unproved)
        found = self._some_layers()
        return self._concluded(found, found) if found else self._held_in_part()

    def _some_layers(self) -> list[tuple[Explanation, Evidence]]:
        found = self.search.explanations(1, gaps=True)
        kept = [e for e in found if 0 < len(e.gaps) < self.case.L and not e.factor.free]
        # one layer's factor alone is a ratio, that of several is a convention
        told = [e for e in kept if e.points or (e.factor.names and len(e.gaps) < self.case.L - 1)]
        return [pair for pair in self._held(told) if pair[1].certain and pair[1].not_zero > 1]

    def _held(self, found: list[Explanation]) -> list[tuple[Explanation, Evidence]]:
        """Return the explanations that hold elsewhere too, with what speaks for each."""
        held = []
        for e in found[:_TOLD]:
            kept = e if self.elsewhere is None else self._seen_again(e)
            if kept is None:
                continue
            evidence = evidence_of(self.case, kept)
            if evidence.ratios and not any(p.quantity.whole for p in kept.points):
                continue  # the ratios are told as they are
            seen_again = bool(self.answers) and not (kept.product or evidence.ratios)
            held.append((kept, replace(evidence, certain=evidence.certain or seen_again)))
        return held

    def _seen_again(self, e: Explanation) -> Explanation | None:
        """Return the explanation if it holds elsewhere too, its factor read as it does there."""
        if self.answers is None:
            assert self.elsewhere is not None
            self.answers = self.elsewhere()
        alone, fewest = None, set(EXPERIMENTS)
        for factor in self.search.factors.variants(e.factor):
            scaled = replace(e, factor=factor)
            wrong = {a.name for a in self.answers if not a.holds(scaled)}
            if not wrong:
                return scaled
            if wrong == {ROWS} and self.case.n == 1:  # what several rows do one row does not show
                alone = alone or scaled
            self.made.update(wrong)
            fewest = min(fewest, wrong, key=len)
        if alone is not None:
            self.alone.append(alone)
        else:
            self.refuted.append((e, fewest))
        return alone

    def _concluded(self, best: list[tuple[Explanation, Evidence]], all_found: list[Any]) -> Outcome:
        first, evidence = min(best, key=lambda pair: pair[0].cost)
        equal = [e for e, _ in best if e.cost == first.cost]
        by_place: dict[Any, Explanation] = {}
        for e in equal:  # variants of one mistake at the same layers are one explanation
            by_place.setdefault((tuple(p.quantity.code or p.quantity.id for p in e.points),
                                 e.layers, e.factor), e)  # fmt: skip
        kept = tuple(by_place.values())
        also = tuple(e for e, _ in all_found if e not in equal)
        readings = self._readings(first)
        notes = [f"told apart by a call with {name}" for name in sorted(self.made)]
        if first in self.alone:
            notes.append("with two observations it is not the sum of both: compare with more rows")
        return Outcome(kept, evidence, readings, also, notes=tuple(notes))

    def _readings(self, e: Explanation) -> tuple[Factor, ...]:
        """Return the other readings of the common factor, as far as they hold elsewhere."""
        found = self.search.factors.alternatives(e.factor) if e.factor.names else []
        kept = []
        for factor in found:
            scaled = replace(e, factor=factor)
            wrong = {a.name for a in self.answers or () if not a.holds(scaled)}
            self.made |= wrong
            kept += [] if wrong else [factor]
        return tuple(kept)

    def _held_in_part(self) -> Outcome:
        """Return what fits here and at some of the other points: possible, and no more."""
        asked = len(self.answers or ())
        partly = [(e, w) for e, w in self.refuted if e.points and not e.fits and len(w) < asked]
        notes = [f"{len(self.refuted)} explanations that fit here do not hold elsewhere (with "
                 f"{', '.join(sorted(self.made))})"] if self.refuted else []  # fmt: skip
        if not partly:
            return Outcome((), notes=tuple(notes))
        best, wrong = min(partly, key=lambda pair: (len(pair[1]), pair[0].cost))
        evidence = replace(evidence_of(self.case, best), certain=False)
        notes = [f"this is not what the function does with {', or '.join(sorted(wrong))}"]
        return Outcome((best,), evidence, notes=tuple(notes))
