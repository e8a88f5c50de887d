"""From a check that failed to the name of the mistake, for what is a network of ours."""

from __future__ import annotations

from dataclasses import replace

from deltarule.check.diagnose import Diagnosis, diagnose
from deltarule.check.diagnose.diagnosis import Finding
from deltarule.check.ours import Ours


def name_mistake(ours: Ours) -> Diagnosis:
    """Return the diagnosis of a gradient that a check has found to be wrong.

    Where several mistakes explain it equally and the other's code can be asked with one more
    output, it is: a factor k is then another number, a factor 2 is not.
    """
    found = _diagnosis(ours)
    if found.verdict != "ambiguous" or ours.one_more_output is None:
        return found
    return _told_apart(found, _diagnosis(ours.one_more_output()))


def _diagnosis(ours: Ours) -> Diagnosis:
    """Return the diagnosis; code that is checked claims to have the gradient of this very E."""
    given = ours.gradient if ours.function is None else ours.function
    at = ours.net, ours.theta, ours.X, ours.T
    return diagnose(given, *at, up_to="nothing", **ours.options)


def _told_apart(found: Diagnosis, other: Diagnosis) -> Diagnosis:
    """Return the first diagnosis, without the explanations that do not hold in the second."""
    hold = [_signature(group) for group in _groups(other)]
    kept = [group for group in _groups(found) if _signature(group) in hold]
    if not kept or len(kept) == len(_groups(found)):
        return found
    notes = ("told apart by a call with one more output",)
    if len(kept) == 1:
        certain = tuple(replace(f, explanation=1) for f in kept[0])
        return replace(found, verdict="explained", mistakes=certain, candidates=(), notes=notes)
    candidates = tuple(f for group in kept for f in group)
    return replace(found, candidates=candidates, notes=notes)


def _groups(found: Diagnosis) -> list[tuple[Finding, ...]]:
    """Return the explanations, each with its findings."""
    findings = found.candidates or found.mistakes
    numbers = sorted({f.explanation for f in findings})
    return [tuple(f for f in findings if f.explanation == n) for n in numbers]


def _signature(group: tuple[Finding, ...]) -> list[tuple[object, ...]]:
    return [(f.code, f.layers, sorted(f.parameters.items())) for f in group]
