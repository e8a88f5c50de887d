"""The training loop: state in, state out, one epoch at a time."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from deltarule.core.errors import NumericError
from deltarule.engine import Samples
from deltarule.engine.epoch import largest_miss
from deltarule.engine.trainer import Totals, Trainer
from deltarule.training.job import Job
from deltarule.training.nonfinite import describe, describe_validation
from deltarule.training.state import State
from deltarule.training.stopping import EpochEnd


class Measuring(Protocol):
    """What measures E over samples."""

    def error_over(self, theta: NDArray[Any], samples: Samples) -> float:
        """Return E over any number of samples, the penalty included."""


@dataclass(frozen=True)
class Epoch:
    """What a callback sees after every epoch; returning True ends the training."""

    epoch: int
    """Epochs done."""
    epochs: int
    """Epochs asked for."""
    error: float
    validation_error: float | None
    lr: float | None
    """eta; None for an optimiser of the whole vector, which has none."""
    seconds: float
    theta: NDArray[Any]

    @classmethod
    def of(cls, job: Job, state: State) -> Epoch:
        """Return what is seen of a job's state; its theta cannot be written to."""
        last = {name: values[state.epoch - 1] for name, values in state.history.items()}
        theta = state.theta.view()
        theta.flags.writeable = False
        rates = last.get("validation_error"), last.get("lr")
        return cls(state.epoch, job.epochs, last["error"], *rates, state.seconds, theta)


class NonFiniteError(NumericError):
    """A number stopped being finite; `state` holds the last finite theta."""

    def __init__(self, message: str, state: State) -> None:
        super().__init__(message)
        self.state = state


def advance(
    job: Job,
    state: State,
    trainer: Trainer,
    proceed: Callable[[int], bool],
    clock: Callable[[], float],
    most: int | None = None,
) -> State:
    """Return the state one epoch further, or as far into it as `proceed`, or `most` updates, allow.

    Raises `NonFiniteError`, with the last finite theta in its state, where a number stops being
    finite.
    """
    began = clock()
    before = state.theta if state.epoch_theta is None else state.epoch_theta
    with np.errstate(all="ignore"):  # the trainer looks at every E and gradient
        plan = job.plan(state, draw=trainer.orders)
        plan = plan if most is None else replace(plan, rates=plan.rates[:most])
        done = trainer.run(plan, state.theta, state.slots, state.totals, proceed)
    state = replace(
        state,
        theta=done.theta,
        slots=done.slots,
        step=state.step + done.updates,
        batch=state.batch + done.updates,
        totals=done.totals,
        epoch_theta=before,
        seconds=state.seconds + (clock() - began),
    )
    if done.non_finite is not None:
        number = (done.non_finite.batch.t - 1) % job.batches + 1
        message = describe(job.objective, done.non_finite, state.epoch + 1, number)
        raise NonFiniteError(message, replace(state, stopped="non_finite"))
    if state.batch < job.batches:
        return state
    return close(job, state, trainer, before, clock)


def close(
    job: Job, state: State, trainer: Measuring, before: NDArray[Any], clock: Callable[[], float]
) -> State:
    """Return the state after a whole epoch: measured, recorded, and perhaps stopped."""
    began = clock()
    epoch = state.epoch + 1
    error = state.totals.epoch_error(job.objective)
    values, watched, measured = {"error": error}, error, before
    schedule = job.schedule
    if schedule is not None:
        values["lr"] = schedule.rate(state.step - 1, epoch - 1 / job.batches, state.schedule)
    with np.errstate(all="ignore"):
        if job.validation is not None:
            watched = trainer.error_over(state.theta, job.validation)
            values["validation_error"], measured = watched, state.theta

        def miss() -> float:
            return largest_miss(job.objective, state.theta, job.samples)

        epoch_end = EpochEnd(epoch, watched, state.seconds + (clock() - began), miss)
        stopping, stopped = [], ""
        for rule, numbers in zip(job.stop, state.stopping, strict=True):
            new, stop = rule.observe(numbers, epoch_end)
            stopping.append(new)
            stopped = stopped or (rule.name if stop else "")
    history = {}
    for name, past in state.history.items():  # a state that went another way keeps its own list
        history[name] = past if len(past) == state.epoch else past[: state.epoch]
        history[name].append(values[name])
    better = watched < state.best_error
    closed = replace(
        state,
        epoch=epoch,
        batch=0,
        totals=Totals(),
        epoch_theta=None,
        schedule=() if schedule is None else schedule.observe(state.schedule, watched),
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
