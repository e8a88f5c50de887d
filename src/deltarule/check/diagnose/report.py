"""From what was found to a `Diagnosis`: records, where to look, what would tell more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from deltarule.check.diagnose.backward import backward
from deltarule.check.diagnose.case import Case
from deltarule.check.diagnose.diagnosis import Diagnosis, Finding
from deltarule.check.diagnose.experiment import telling
from deltarule.check.diagnose.findings import convention, findings, title_of
from deltarule.check.diagnose.given import Delivered
from deltarule.check.diagnose.grammar import MISTAKES, orders, points_of
from deltarule.check.diagnose.investigation import Outcome
from deltarule.check.diagnose.match import Given, as_given, roundings
from deltarule.check.diagnose.unexplained import Unexplained, agreement
from deltarule.core.errors import UsageError

UP_TO = ("factor", "rate", "nothing")
"""What a factor common to all layers may be, and no mistake: any number, a positive one (of a step
that is subtracted, or was made), 1."""

_UPHILL: dict[str, Any] = {
    "does": "the weights are moved by +dE/dw, up the slope of E",
    "should": "they are moved by -dE/dw: y - T is subtracted, T - y is added",
    "line": "w <- w - eta dE/dw",
}
"""What is said of the sign of a step."""

_DELIVERY = ("transposed_output", "swapped_layers", "bias_first_row")
"""Mistakes for which the shapes of a list of (dW, db) need not fit."""

_ALSO = 3
"""How many explanations are told that come behind the best."""


def conclude(
    case: Case, delivered: Delivered, given: Given, outcome: Outcome, up_to: str = "factor"
) -> Diagnosis:
    """Return what is said of a gradient, given what was found, and what is no mistake.

    Raises `UsageError` for shapes that do not fit and that no mistake explains.
    """
    return _claimed(_concluded(case, delivered, given, outcome), up_to)


def _claimed(found: Diagnosis, up_to: str) -> Diagnosis:
    """Return the diagnosis with those parts of a common factor as mistakes that are no convention.

    Where the factor can be read in several ways, all of which are mistakes, they are candidates.
    """
    mine = [c for c in found.conventions if up_to == "nothing" or
            (up_to == "rate" and c.code == "sign")]  # fmt: skip
    if not mine:
        return found
    told = [replace(c, does=MISTAKES[c.code].does) for c in mine]
    told = [replace(c, **_UPHILL) for c in told] if up_to == "rate" else told
    groups = [[c for c in told if c.explanation == n] for n in {c.explanation: 0 for c in told}]
    certain = tuple(c for c in groups[0] if all(_in(c, group) for group in groups))
    conventions = tuple(c for c in found.conventions if c not in mine)
    if all(len(group) == len(certain) for group in groups):
        verdict = "explained" if found.verdict == "correct" else found.verdict
        mistakes = (*certain, *found.mistakes)
        return replace(found, verdict=verdict, mistakes=mistakes, conventions=conventions)
    if found.verdict == "correct":
        return replace(found, verdict="ambiguous", mistakes=certain, candidates=tuple(told),
                       conventions=conventions)  # fmt: skip
    return found


def _concluded(case: Case, delivered: Delivered, given: Given, outcome: Outcome) -> Diagnosis:
    truth = backward(case)
    layers = range(1, case.L + 1)
    places = tuple(agreement(case, given, l, truth[l].delivered) for l in layers)
    unexplained = Unexplained(case, given, truth, places)
    notes, groups = list(outcome.notes), _groups(case, given, outcome)
    if delivered.accumulates:
        groups = [(*group, _accumulates()) for group in groups]
        notes = [*notes, "every call adds the same gradient: what one call adds is diagnosed"]
    moved = any(f.code in _DELIVERY for group in groups for f in group)
    if delivered.misfit and not moved:
        hint = "; if W is (in, out) in that program, say so by the notation in_out"
        hint = hint if "transposed" in delivered.misfit else ""
        raise UsageError(f"the gradient does not fit: {delivered.misfit}{hint}")
    notes += [delivered.misfit] if delivered.misfit else []
    if not outcome.best:
        notes += unexplained.told(())
        return Diagnosis("unexplained", (), (), places, tuple(notes))
    first = outcome.best[0]
    conventions = tuple(
        record
        for number, factor in enumerate((first.factor, *outcome.readings), 1)
        for record in convention(case, given, factor, number)
    )
    titles = dict.fromkeys(title_of(case, e) for e in outcome.also)
    also = [*titles][:_ALSO] + ([f"{len(titles) - _ALSO} more"] if len(titles) > _ALSO else [])
    counted = outcome.evidence is not None and outcome.evidence.numbers
    evidence = str(outcome.evidence) if counted else ""

    def said(verdict: str, certain: Sequence[Finding], every: Sequence[Finding] = (),
             unseen: Sequence[str] = ()) -> Diagnosis:  # fmt: skip
        return Diagnosis(verdict, tuple(certain), tuple(every), places, tuple(notes),
                         tuple(unseen), conventions, tuple(also), evidence)  # fmt: skip

    proved = outcome.evidence is None or outcome.evidence.certain
    if first.gaps:
        known = [case.number(l) for l in layers if l not in first.gaps]
        notes += unexplained.told(known)
        return said("partial", groups[0])
    if len(groups) > 1 and proved:
        certain = tuple(f for f in groups[0] if all(_in(f, group) for group in groups))
        notes += _how_to_tell(case, outcome)
        return said("ambiguous", certain, [f for group in groups for f in group])
    if not groups[0] and proved:
        return said("correct", (), (), _unseen(case, given) if not conventions else ())
    also = [title_of(case, e) for e in outcome.best[1:]][:_ALSO] + also
    return said("explained" if proved else "possible", groups[0])


def _groups(case: Case, given: Given, outcome: Outcome) -> list[tuple[Finding, ...]]:
    """Return the records of every explanation that is equally good."""
    found = []
    for number, e in enumerate(outcome.best, 1):
        here = given
        for point in (p for p in e.points if p.slot == "order"):
            put = next(f for p, f in orders(case) if p.quantity.told == point.quantity.told)
            here = as_given(case, put(given.vector), roundings(case))
        group = findings(case, here, e, number)
        if outcome.precision:
            m = MISTAKES["float_noise"]
            before = max(f.before for f in group) if group else 0.0
            group.append(Finding(m.code, outcome.precision, {"eps": outcome.eps}, (), m.does,
                                 m.should, m.line, before, 0.0, number))  # fmt: skip
        found.append(tuple(group))
    return found


def _in(f: Finding, group: Sequence[Finding]) -> bool:
    return any((g.code, g.layers, g.parameters) == (f.code, f.layers, f.parameters) for g in group)


def _accumulates() -> Finding:
    m = MISTAKES["accumulated"]
    return Finding(m.code, (), {"times": "one more with every call"}, (), m.does, m.should, m.line,
                   1.0, 0.0)  # fmt: skip


def _how_to_tell(case: Case, outcome: Outcome) -> list[str]:
    found = outcome.best
    experiments = telling(case, found)
    said = ["they are one and the same formula on this network: no weights or samples of it "
            "tell them apart"]  # fmt: skip
    if experiments:
        said = [f"to tell them apart, compare with {', or '.join(experiments)}"]
    named = {p.quantity.code for e in found for p in e.points if p.named}
    hints = {code: MISTAKES[code].tell_apart for code in named if MISTAKES[code].tell_apart}
    return said + [f"{code} would show with {hints[code]}" for code in sorted(hints)]


def _unseen(case: Case, given: Given) -> tuple[str, ...]:
    """Return the named mistakes that could be made here and would change nothing."""
    seen: dict[str, bool] = {}
    for point in points_of(case, given.vector):
        if not point.named or point.quantity.told.get("in") or point.quantity.part:
            continue
        closed = point.closed(0.5) if point.open else point
        layers = [l for l in range(1, case.L + 1) if point.quantity.fits(case, l)]
        made = backward(case, [(closed, layers)])
        changed = any(not given.matches(l, made[l].delivered) for l in layers)
        code = point.quantity.code
        seen[code] = seen.get(code, False) or changed
    return tuple(code for code, visible in seen.items() if not visible)
