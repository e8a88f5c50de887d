"""What a program does with the gradient that it returns: does its own step go down the slope of E?

-dE/dw is right where it is added, dE/dw where it is subtracted. Which of the two is done stands in
another function of the file, or another method: one that trains, or one that takes the gradient.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.check.adapter.calls.outcome import STEPS
from deltarule.check.adapter.entries import TRAINING, Entry, bare, subjects_of
from deltarule.check.adapter.program import Program, program_of
from deltarule.check.adapter.reading import Known, read
from deltarule.check.adapter.roles import parameters, role_of
from deltarule.check.adapter.subject import Step, Subject
from deltarule.core.errors import UsageError

_GRADIENT = re.compile(r"d?_?(grads?|gradients?|nablas?|derivatives?)(_.*)?|deltas?")


def step_after(program: Program) -> Program | None:
    """Return the program's step, as its own file makes it of the gradient; None for none found."""
    if program.reading.outcome in STEPS:
        return None
    known = Known.of(program.network)
    for subject in _training(program.reading.way.subject, known):
        if subject.container not in ("", program.reading.way.subject.container):
            continue
        reading = read(subject, known)
        if reading is not None and reading.proved and reading.outcome in STEPS:
            return program_of(reading)
    return None


def _training(subject: Subject, known: Known) -> Iterator[Subject]:
    """Yield what trains beside a subject: by itself, or with its gradient as an argument."""
    cls = subject.owner
    held: Mapping[str, Any] = subject.variables if cls is None else dict(inspect.getmembers(cls))
    used = {step.name for step in subject.steps}
    names = [n for n, f in held.items() if callable(f) and TRAINING.fullmatch(n) and n not in used]
    for name in names:
        if cls is None and inspect.isfunction(held[name]):
            yield from subjects_of(Entry(name, held[name], 0), known.sizes)
        elif cls is not None:
            entry = Entry(f"{cls.__name__}.{name}", getattr(cls, name), 0)
            yield from subjects_of(entry, known.sizes)
    for name in names:
        function = held[name] if cls is None else bare(cls, name)
        given = [p.name for p in parameters(function)]
        roles = {n: "output" if _GRADIENT.fullmatch(n.lower()) else role_of(n) for n in given}
        if "output" in roles.values() and not {"", "T"} & set(roles.values()):
            functions = subject.functions if cls else {**subject.functions, name: function}
            steps = (*subject.steps, Step(name, roles))
            yield replace(subject, name=name, steps=steps, functions=functions)


def share(
    program: Program, step: Program, theta: NDArray[Any], X: NDArray[Any], T: NDArray[Any]
) -> float | None:
    """Return c where the step subtracts c times what the program returns; None for no such c."""
    try:
        mine, theirs = (p(theta, X[:1], T[:1]) for p in (replace(program, sign=1), step))
    except UsageError:
        return None
    known = np.isfinite(mine) & np.isfinite(theirs)
    square = float(mine[known] @ mine[known])
    c = float(mine[known] @ theirs[known]) / square if square else 0.0
    apart = np.max(np.abs(theirs - c * mine)[known], initial=0.0)
    near = apart <= 1e-6 * np.max(np.abs(theirs[known]), initial=0.0)
    return c if c and near else None
