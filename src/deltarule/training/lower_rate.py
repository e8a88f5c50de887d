"""Which learning rate a training would have stood that diverged: tried, not guessed."""

from __future__ import annotations

import math
import time
from dataclasses import fields, replace
from typing import Any

import numpy as np

from deltarule.engine.trainer import Trainer
from deltarule.optim import Optimiser, Schedule
from deltarule.training.interrupt import Interrupt
from deltarule.training.job import Job
from deltarule.training.loop import NonFiniteError, advance
from deltarule.training.state import State

FACTORS = (0.1, 0.01, 0.001, 0.0001)
SECONDS = 10.0
"""No new trial begins, and none goes on, after so long."""
LEAST_UPDATES = 20

_RATES = ("lr", "final", "lr_min")
"""What a schedule's rates are called."""


@np.errstate(all="ignore")
def try_lower_rates(
    job: Job, start: State, failed: State, trainer: Trainer, stop: Interrupt
) -> str:
    """Say which lower rate carries the training beyond where it failed, and lowers E.

    Every trial begins where the training did and makes twice as many updates. Nothing of the
    training is changed: its callbacks and stopping rules are not asked.
    """
    updates = max(LEAST_UPDATES, 2 * (failed.step + 1))
    deadline = time.monotonic() + SECONDS
    before = trainer.error_over(start.theta, job.samples)
    finite, tried = "", []
    for factor in FACTORS:
        trial = _with_rate(job, factor, updates)
        error = _trial(trial, trainer, trial.start(start.theta), updates, deadline, stop)
        rate = f"{_first_rate(trial.update):.3g}"
        if error is None:
            break
        if error < before:
            return (
                f"Tried: with lr={rate} the same training is finite for {updates:,} updates, and E "
                f"falls from {before:.4g} to {error:.4g}."
            )
        tried.append(rate)
        if math.isfinite(error) and not finite:
            finite = f" With lr={rate} it stays finite, but E does not fall."
    if not tried:
        return ""
    return f"Lower rates do not mend it: lr={', '.join(tried)} were tried.{finite}"


def _trial(
    job: Job, trainer: Trainer, state: State, updates: int, deadline: float, stop: Interrupt
) -> float | None:
    """Return E after so many updates, inf where it fails; None where the time is over."""

    def in_time(count: int = 0) -> bool:
        return time.monotonic() < deadline and not stop.requested

    try:
        while (left := updates - state.step) and in_time():
            state = advance(job, state, trainer, in_time, time.monotonic, left)
    except NonFiniteError:
        return math.inf
    if left:
        return None
    samples = (job.samples,) if job.validation is None else (job.samples, job.validation)
    errors = [trainer.error_over(state.theta, s) for s in samples]
    return errors[0] if all(map(math.isfinite, errors)) else math.inf


def _with_rate(job: Job, factor: float, updates: int) -> Job:
    """Return the job with a multiple of its rate, and no other end than that of its updates."""
    optimiser: Any = job.optimiser
    lr = optimiser.lr
    if isinstance(lr, Schedule):
        rates = {f.name: getattr(lr, f.name) for f in fields(lr) if f.name in _RATES}  # type: ignore[arg-type]
        lower = replace(lr, **{name: factor * rate for name, rate in rates.items()})  # type: ignore[type-var]
    else:
        lower = factor * lr
    epochs = math.ceil(updates / job.batches) + 1
    return replace(job, optimiser=replace(optimiser, lr=lower), stop=(), epochs=epochs)


def _first_rate(optimiser: Optimiser) -> float:
    lr: Any = optimiser.lr
    return float(getattr(lr, "lr", lr))
