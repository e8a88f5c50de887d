"""A program asked at one point, and what `diagnose` says of its answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.check.adapter.objective import (
    Fit,
    best_fit,
    completed,
    delivered,
    losses_for,
    seen_loss,
)
from deltarule.check.adapter.outcome import STEPS
from deltarule.check.adapter.program import Program
from deltarule.check.adapter.state import kept_state
from deltarule.check.adapter.ways import point
from deltarule.check.diagnose import Diagnosis
from deltarule.check.diagnose import diagnose as name_mistake

__all__ = ["Asked", "ask"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Asked:
    """A diagnosis of a program, and how it was read."""

    sentence: str
    """How the program was read, in one line."""
    diagnosis: Diagnosis
    random: bool = True
    """Whether it was asked at a random point."""


def ask(
    program: Program,
    loss: Any = None,
    reduction: str | None = None,
    rows: int = 5,
    seed: int = 0,
    at: tuple[Array, Array, Array] | None = None,
    **options: Any,
) -> Asked:
    """Return what `diagnose` says of a program at a random point, or at the one that is given."""
    net = program.network
    theta, X, T = at if at is not None else _point(program, loss, rows, seed)
    gradient = program(theta, X, T)
    mean = reduction or program.reduction or "mean"
    found = _objective(program, theta, X, T, gradient, loss, mean)
    program = _signed(program, found)
    given = _completed(program, found, mean)
    diagnosis = name_mistake(given, net, theta, X, T, loss=found.loss, reduction=mean, **options)
    if program.reading.outcome in STEPS:
        diagnosis = _uphill(diagnosis)
    missing = np.isnan(gradient)
    notes = [program.sentence() + ("" if loss else f", loss {found.loss}")]
    if not found.seen:
        notes.append("no E was seen to be computed: if the loss is another one, say so (--loss)")
    if np.any(missing):
        notes.append(delivered(net, missing))
    notes += filter(None, [kept_state(program, theta, X, T)])
    if diagnosis.verdict != "correct" and program.reading.several and len(X) > 1:
        one = name_mistake(
            given, net, theta, X[:1], T[:1], loss=found.loss, reduction=mean, **options
        )
        one = _uphill(one) if program.reading.outcome in STEPS else one
        if one.verdict == "correct":
            notes.append(
                "with one observation alone it is right: what is wrong is how several are put "
                "together"
            )
    told = replace(diagnosis, notes=(*notes[1:], *diagnosis.notes))
    return Asked(notes[0], told, at is None)


def _uphill(found: Diagnosis) -> Diagnosis:
    """Return the diagnosis of a step, whose direction is no convention: +dE/dw climbs."""
    signs = [c for c in found.conventions if c.code == "sign" and c.explanation == 1]
    if not signs:
        return found
    told = replace(
        signs[0],
        does="the weights are moved by +dE/dw, up the slope of E",
        should="they are moved by -dE/dw: y - T is subtracted, T - y is added",
        line="w <- w - eta dE/dw",
    )
    verdict = "explained" if found.verdict == "correct" else found.verdict
    rest = tuple(c for c in found.conventions if c.code != "sign")
    return replace(found, verdict=verdict, mistakes=(told, *found.mistakes), conventions=rest)


def _point(program: Program, loss: Any, rows: int, seed: int) -> tuple[Array, Array, Array]:
    at = point(program.network, rows, seed)
    classes = "class" in program.reading.way.form.name
    coupled = program.network.output.rowwise and loss in (None, "cross_entropy")
    return at.theta, at.X, at.classes if classes or coupled else at.T


def _objective(
    program: Program,
    theta: Array,
    X: Array,
    T: Array,
    gradient: Array,
    loss: Any,
    reduction: str,
) -> Fit:
    """Return the loss that the gradient is for, and how it compares with the true one."""
    net = program.network
    losses, named = [loss] if loss is not None else losses_for(net), loss
    if loss is None:
        rows = slice(None) if program.reading.several else slice(0, 1)
        seen = program.seen(theta, X[rows], T[rows])
        named = seen_loss(net, theta, X[rows], T[rows], seen, losses)
        squared = [l for l in losses if "squared" in l]  # the same but for a factor
        if named in squared:  # the gradient may be that of the other one: else the value decides
            fitting = best_fit(net, theta, X, T, gradient, squared, reduction)
            losses = [fitting.loss if fitting.exact else named]
        elif named is not None:
            losses = [named]
    found = best_fit(net, theta, X, T, gradient, losses, reduction)
    return replace(found, seen=named is not None)


def _signed(program: Program, found: Fit) -> Program:
    """Return the program with the sign of what it returns, and a rate that only steps show."""
    step = program.reading.outcome in STEPS
    if not step:
        return replace(program, sign=-1 if found.factor < 0 else 1)
    if program.rate is None and found.exact and found.factor > 0:
        return replace(program, scale=found.factor)
    return program


def _completed(program: Program, found: Fit, reduction: str) -> Any:
    """Return a function whose missing entries are filled in, so that nothing else is compared."""

    def gradient(theta: Array, X: Array, T: Array) -> Array:
        vector = program(theta, X, T)
        factor = program.sign * found.factor if found.exact else 1.0
        return completed(program.network, theta, X, T, vector, found.loss, reduction, factor)

    return gradient
