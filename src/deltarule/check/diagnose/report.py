"""From explanations to a `Diagnosis`: records, where to look, what would tell more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from deltarule.check.diagnose.backward import backward
from deltarule.check.diagnose.case import Array, Case
from deltarule.check.diagnose.diagnosis import Diagnosis, Finding, LayerAgreement
from deltarule.check.diagnose.experiment import predictable, telling
from deltarule.check.diagnose.given import Delivered
from deltarule.check.diagnose.match import Given, as_given, roundings
from deltarule.check.diagnose.mistake import MISTAKES
from deltarule.check.diagnose.search import Explanation, trials_of
from deltarule.core.errors import UsageError

__all__ = ["conclude"]

_DELIVERY = ("transposed_output", "swapped_layers", "bias_first_row")
"""Mistakes for which the shapes of a list of (dW, db) need not fit."""


def conclude(
    case: Case, delivered: Delivered, given: Given, found: list[Explanation], notes: list[str]
) -> Diagnosis:
    """Return what is said of a gradient, given all explanations that are equally good.

    Raises `UsageError` for shapes that do not fit and that no mistake explains.
    """
    truth = backward(case)
    places = tuple(_agreement(case, given, l, truth[l].delivered) for l in range(1, case.L + 1))
    groups = [tuple(_findings(case, given, truth, e, number)) for number, e in enumerate(found, 1)]
    if delivered.accumulates:
        groups = [(*group, _accumulates()) for group in groups or [()] if found]
        notes = [*notes, "every call adds the same gradient: what one call adds is diagnosed"]
    if delivered.misfit and not _fits(groups):
        hint = "; if W is (in, out) in that program, say so by the notation in_out"
        hint = hint if "transposed" in delivered.misfit else ""
        raise UsageError(f"the gradient does not fit: {delivered.misfit}{hint}")
    notes += [delivered.misfit] if delivered.misfit else []
    if not groups:
        return Diagnosis("unexplained", (), (), places, (*notes, *_where_to_look(places)))
    if len(groups) == 1:
        verdict = "explained" if groups[0] else "correct"
        unseen = () if groups[0] else _unseen(case, given)
        return Diagnosis(verdict, groups[0], (), places, tuple(notes), unseen)
    every = tuple(f for group in groups for f in group)
    certain = tuple(f for f in groups[0] if all(_in(f, group) for group in groups))
    notes += _how_to_tell(case, found)
    return Diagnosis("ambiguous", certain, every, places, tuple(notes))


def _fits(groups: Sequence[Sequence[Finding]]) -> bool:
    return any(f.code in _DELIVERY for group in groups for f in group)


def _in(f: Finding, group: Sequence[Finding]) -> bool:
    return any((g.code, g.layers, g.parameters) == (f.code, f.layers, f.parameters) for g in group)


def _agreement(case: Case, given: Given, l: int, truth: tuple[Array, Array]) -> LayerAgreement:
    bounds = zip(truth, given.pairs[l], given.bounds[l], strict=True)
    good = [bool(np.max(np.abs(a - g), initial=0.0) <= most) for a, g, most in bounds]
    biases = good[1] if case.bias(l) else None
    return LayerAgreement(l, good[0], biases, given.residual(l, truth))


def _findings(
    case: Case, given: Given, truth: list[Any], e: Explanation, number: int
) -> list[Finding]:
    """Return the records of one explanation, in the order of the table of mistakes."""
    mine = backward(case, e.acts())
    moved = [t for t in e.trials if "order" in t.mistake.changes]
    vector = given.vector
    for trial in moved:
        vector = trial.change("order", case, 0, vector)
    here = as_given(case, vector, roundings(case)) if moved else given
    found = []
    for trial, layers in zip(e.trials, e.layers, strict=True):
        parameters = dict(trial.parameters)
        concerned = layers or parameters.get("swapped") or range(1, case.L + 1)
        before = max(max(given.residual(l, truth[l].delivered)) for l in concerned)
        after = max(max(here.residual(l, mine[l].delivered)) for l in concerned)
        entries = np.concatenate([p.ravel() for l in concerned for p in given.pairs[l]])
        m = trial.mistake
        told = m.reported(entries, parameters)
        places = tuple(sorted(concerned))
        found.append(
            Finding(
                m.code, places, told, trial.fitted, m.does, m.should, m.line, before, after, number
            )
        )
    order = list(MISTAKES)
    return sorted(found, key=lambda f: order.index(f.code))


def _accumulates() -> Finding:
    m = MISTAKES["accumulated"]
    return Finding(m.code, (), {"times": "one more with every call"}, (), m.does, m.should, m.line,
                   1.0, 0.0)  # fmt: skip


def _where_to_look(places: Sequence[LayerAgreement]) -> list[str]:
    """Deltas flow downwards: the highest layer that differs is where to look first."""
    wrong = [p for p in places if not p.agrees]
    if not wrong:
        return []
    first = wrong[-1]
    above = "the layers above agree, so that" if first.layer < len(places) else "look first at"
    said = f"look at layer {first.layer} first"
    if first.biases and not first.weights:
        return [f"{said}: its biases agree, so delta_{first.layer} is right; the factor "
                f"y_{first.layer - 1} or the weights' sum is not"]  # fmt: skip
    if first.weights and first.biases is False:
        return [f"{said}: its weights agree, so delta_{first.layer} is right; the biases' sum "
                "is not"]  # fmt: skip
    if first.layer < len(places):
        return [f"{said}: {above} delta_{first.layer + 1} is right, and delta_{first.layer} or "
                "what is made of it is not"]  # fmt: skip
    return [f"{said}: it is the output layer, where the backward pass starts; if its lines are "
            "right, the forward pass may be another one (the order of the numbers in theta, the "
            "activations) or the loss"]  # fmt: skip


def _how_to_tell(case: Case, found: list[Explanation]) -> list[str]:
    experiments = telling(case, found)
    said: list[str] = []
    if experiments:
        said = [f"to tell them apart, compare with {', or '.join(experiments)}"]
    elif all(map(predictable, found)):
        said = ["they are one and the same formula on this network: no weights or samples of it "
                "tell them apart"]  # fmt: skip
    hints = {t.code: t.mistake.tell_apart for e in found for t in e.trials if t.mistake.tell_apart}
    return said + [f"{code} would show with {hint}" for code, hint in hints.items()]


def _unseen(case: Case, given: Given) -> tuple[str, ...]:
    """Return the mistakes that could be made here and would change nothing."""
    seen: dict[str, bool] = {}
    for trial in trials_of(case, given.vector):
        closed = trial.closed(0.5) if trial.open else trial
        layers = [l for l in range(1, case.L + 1) if trial.mistake.layers(case, l)]
        if not layers or trial.mistake.changes.keys() == {"order"}:
            continue
        made = backward(case, [(closed, layers)])
        changed = any(not given.matches(l, made[l].delivered) for l in layers)
        seen[trial.code] = seen.get(trial.code, False) or changed
    return tuple(code for code, visible in seen.items() if not visible)
