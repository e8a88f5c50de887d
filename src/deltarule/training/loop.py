"""The training loop: state in, state out, one epoch at a time."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.errors import NumericError
from deltarule.engine.epoch import Batch, Totals, error_over, largest_miss, run_batches
from deltarule.engine.reference import training_step
from deltarule.training.job import Job
from deltarule.training.nonfinite import describe, describe_validation
from deltarule.training.state import State
from deltarule.training.stopping import Moment

__all__ = ["Epoch", "NonFiniteError", "advance"]


@dataclass(frozen=True)
class Epoch:
    """What a callback sees after every epoch; returning True ends the training."""

    epoch: int
    """Epochs done."""
    epochs: int
    """Epochs asked for."""
    error: float
    validation_error: float | None
    lr: float
    seconds: float
    theta: NDArray[Any]


class NonFiniteError(NumericError):
    """A number stopped being finite; `state` holds the last finite theta."""

    def __init__(self, message: str, state: State) -> None:
        super().__init__(message)
        self.state = state


def advance(
    job: Job, state: State, proceed: Callable[[], bool], clock: Callable[[], float]
) -> State:
    """Return the state one epoch further, or as far into it as `proceed()` allowed.

    Raises `NonFiniteError`, with the last finite theta in its state, where a number stops being
    finite.
    """
    began = clock()
    before = state.theta if state.epoch_theta is None else state.epoch_theta
    with np.errstate(all="ignore"):  # run_batches looks at every E and gradient
        theta, slots, totals, done, broken = run_batches(
            lambda apply: training_step(job.objective, job.optimiser, job.clipping, apply=apply),
            job.objective,
            state.theta,
            state.slots,
            _batches(job, state),
            state.totals,
            proceed,
        )
    state = replace(
        state,
        theta=theta,
        slots=slots,
        step=state.step + done,
        batch=state.batch + done,
        totals=totals,
        epoch_theta=before,
        seconds=state.seconds + (clock() - began),
    )
    if broken is not None:
        number = (broken.batch.t - 1) % job.batches + 1
        message = describe(job.objective, broken, state.epoch + 1, number)
        raise NonFiniteError(message, replace(state, stopped="non_finite"))
    if state.batch < job.batches:
        return state
    return _close(job, state, before, clock)


def _batches(job: Job, state: State) -> Iterator[Batch]:
    """Yield the rest of the epoch under way."""
    order = job.order(state.epoch)
    schedule = job.optimiser.schedule
    for k in range(state.batch, job.batches):
        rows: Any = slice(k * job.batch_size, (k + 1) * job.batch_size)
        t = state.step + k - state.batch
        lr = schedule.rate(t, state.epoch + k / job.batches, state.schedule)
        yield Batch(job.samples.take(rows if order is None else order[rows]), lr, t + 1)


def _close(job: Job, state: State, before: NDArray[Any], clock: Callable[[], float]) -> State:
    """Return the state after a whole epoch: measured, recorded, and perhaps stopped."""
    began = clock()
    epoch = state.epoch + 1
    error = state.totals.epoch_error(job.objective)
    schedule = job.optimiser.schedule
    lr = schedule.rate(state.step - 1, epoch - 1 / job.batches, state.schedule)
    values, watched, measured = {"error": error, "lr": lr}, error, before
    with np.errstate(all="ignore"):
        if job.validation is not None:
            watched = error_over(job.objective, state.theta, job.validation)
            values["validation_error"], measured = watched, state.theta

        def miss() -> float:
            return largest_miss(job.objective, state.theta, job.samples)

        moment = Moment(epoch, watched, state.seconds + (clock() - began), miss)
        stopping, stopped = [], ""
        for rule, numbers in zip(job.stop, state.stopping, strict=True):
            new, stop = rule.observe(numbers, moment)
            stopping.append(new)
            stopped = stopped or (rule.name if stop else "")
    history = {}
    for name, value in values.items():
        past = state.history[name]  # a state that went another way keeps its own list
        history[name] = past if len(past) == state.epoch else past[: state.epoch]
        history[name].append(value)
    better = watched < state.best_error
    closed = replace(
        state,
        epoch=epoch,
        batch=0,
        totals=Totals(),
        epoch_theta=None,
        schedule=schedule.observe(state.schedule, watched),
        stopping=tuple(stopping),
        history=history,
        best_theta=measured if better and job.patient else state.best_theta,
        best_error=watched if better else state.best_error,
        best_epoch=epoch if better else state.best_epoch,
        seconds=state.seconds + (clock() - began),
        stopped=stopped,
    )
    if job.validation is not None and not math.isfinite(watched):
        message = describe_validation(job.objective, state.theta, job.validation, epoch, watched)
        raise NonFiniteError(message, replace(closed, stopped="non_finite"))
    return closed
