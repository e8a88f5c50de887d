"""A program asked at one point, and what `diagnose` says of its answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from deltarule.check.adapter.alone import moved_alone
from deltarule.check.adapter.calls.outcome import STEPS
from deltarule.check.adapter.calls.pieces import Piece
from deltarule.check.adapter.calls.ways import point
from deltarule.check.adapter.follow import share, step_after
from deltarule.check.adapter.notes import Answer
from deltarule.check.adapter.objective.error import Error, error_of
from deltarule.check.adapter.objective.fit import At, Fit, best_fit, completed, losses_for
from deltarule.check.adapter.program import Program
from deltarule.check.adapter.rates import Powers, powers_of
from deltarule.check.diagnose import Diagnosis
from deltarule.check.diagnose import diagnose as name_mistake
from deltarule.core.arrays import Array


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
    at: At | None = None,
    **options: Any,
) -> Asked:
    """Return what `diagnose` says of a program at a random point, or at the one that is given."""
    net = program.network
    theta, X, T = at if at is not None else _point(program, loss, rows, seed)
    gradient = program(theta, X, T)
    l2 = options.pop("l2", 0.0)
    told = reduction or program.reduction
    for mean in (told,) if told else ("sum", "mean"):  # with a penalty it may be neither
        found, error = _objective(program, (theta, X, T), gradient, loss, l2, mean)
        if found.one:
            program = replace(program, reduction=mean)
            break
    if reduction is None and error is not None and not found.exact:  # E's own, beside its penalty
        mean = error.reduction or mean
        found, error = _objective(program, (theta, X, T), gradient, loss, l2, mean)
        program = replace(program, reduction=mean)
    program = _signed(program, found)
    step = step_after(program)
    c = None if step is None else share(program, step, theta, X, T)
    if step is not None and c is not None and c * program.sign < 0:
        asked = ask(step, loss, reduction, at=(theta, X, T), l2=l2, **options)
        why = f"{program.name} {_done(program, step, c)}"
        uphill = replace(asked.diagnosis, notes=(why, *asked.diagnosis.notes))
        return Asked(asked.sentence, uphill, at is None)
    powers = powers_of(program, theta, X, T)
    if powers is not None:
        gradient = powers.mended(gradient)
        found, error = _objective(program, (theta, X, T), gradient, loss, l2, mean)
    given = _completed(program, found, mean, powers)
    up_to = "rate" if program.reading.outcome in STEPS else "factor"  # no step may go uphill
    shared = 0 if error is None else error.rows
    options |= {"loss": found.loss, "reduction": mean, "up_to": up_to}
    options |= {"l2": found.l2, "l2_rows": shared}
    diagnosis = name_mistake(given, net, theta, X, T, **options)
    alone = None if diagnosis.right else moved_alone(program, (theta, X, T), found.loss)
    diagnosis = diagnosis if alone is None else alone.told(diagnosis)
    follows = None if step is None else "" if c is None else _done(program, step, c)
    verdict = diagnosis.verdict
    answer = Answer(program, (theta, X, T), loss, gradient, found, error, verdict, given, options,
                    follows)  # fmt: skip
    notes = list(answer.notes())
    if powers is not None:
        diagnosis = powers.told(diagnosis)
    diagnosis = _misshapen(diagnosis, [piece for piece, _ in program.reading.misshapen])
    diagnosis = replace(diagnosis, notes=(*notes, *diagnosis.notes))
    sentence = program.sentence() + ("" if loss else f", loss {found.loss}")
    if error is not None:  # what of E was seen beside its loss
        divided = " (divided by the rows)" if error.rows else ""
        sentence += f", l2 {error.l2:.6g}{divided}" if error.l2 else ""
        sentence += f", as {error.by} has it" if error.by and error.loss == found.loss else ""
    return Asked(sentence, diagnosis, at is None)


def _misshapen(diagnosis: Diagnosis, pieces: Sequence[Piece]) -> Diagnosis:
    """Return the diagnosis of a gradient some of whose arrays have shapes that none can have."""
    if not pieces:
        return diagnosis
    places = list(diagnosis.localised)
    for p in pieces:  # as far off as an array that is missing
        place = replace(places[p.layer - 1], residuals=(1.0, 1.0))
        wrong = replace(place, weights=False) if p.kind == "W" else replace(place, biases=False)
        places[p.layer - 1] = wrong
    verdict = "partial" if diagnosis.mistakes else "unexplained"
    return replace(diagnosis, verdict=verdict, localised=tuple(places), unseen=(), candidates=())


def _done(program: Program, step: Program, c: float) -> str:
    """Say what a program returns, and what its step does with that."""
    what = "-dE/dw" if program.sign < 0 else "dE/dw"
    return f"returns {what}, and {step.name} {'subtracts' if c > 0 else 'adds'} it"


def _point(program: Program, loss: Any, rows: int, seed: int) -> At:
    at = point(program.network, rows, seed)
    classes = "class" in program.reading.way.form.name
    coupled = program.network.output.rowwise and loss in (None, "cross_entropy")
    return at.theta, at.X, at.classes if classes or coupled else at.T


def _objective(
    program: Program, at: At, gradient: Array, loss: Any, l2: float, reduction: str
) -> tuple[Fit, Error | None]:
    """Return the loss that the gradient is for, how it compares with the true one, and E as seen.

    A penalty that was told is not looked for.
    """
    net = program.network
    losses, error = [loss] if loss is not None else losses_for(net), None
    if loss is None or not l2:
        error = error_of(program, at, losses, reduction)
        squared = [l for l in losses if l in ("half_squared_error", "squared_error")]
        if error is not None and error.loss in squared:
            # the gradient may be that of the other one: else the value decides
            fitting = best_fit(net, at, gradient, squared, reduction, l2 or error.l2)
            losses = [fitting.loss if fitting.exact else error.loss]
        elif error is not None:
            losses = [error.loss]
    l2 = l2 or (0.0 if error is None else error.l2)
    return best_fit(net, at, gradient, losses, reduction, l2), error


def _signed(program: Program, found: Fit) -> Program:
    """Return the program with the sign of what it returns, and a rate that only steps show."""
    step = program.reading.outcome in STEPS
    if not step:
        return replace(program, sign=-1 if found.factor < 0 else 1)
    if program.rate is None and found.exact and found.factor > 0:
        return replace(program, scale=found.factor)
    return program


def _completed(program: Program, found: Fit, reduction: str, powers: Powers | None) -> Any:
    """Return a function whose missing entries are filled in, so that nothing else is compared."""

    def gradient(theta: Array, X: Array, T: Array) -> Array:
        vector, net = program(theta, X, T), program.network
        vector = vector if powers is None else powers.mended(vector)
        return completed(net, (theta, X, T), vector, found, reduction, program.sign)

    return gradient
