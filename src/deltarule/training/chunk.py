"""Several epochs in one call, where nothing but the error is looked at between them.

What is found is what `advance` finds epoch by epoch. Stopping rules see every epoch's error
afterwards. Where one would have stopped training on the way, or where the best theta lies on the
way, and nothing was kept there, the chunk is done again up to there: the same epochs lead to the
same bits.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from deltarule.core.arrays import Array
from deltarule.engine.trainer import BatchPlan, ChunkOutcome, Trainer
from deltarule.training.job import Job
from deltarule.training.state import State
from deltarule.training.stopping import EpochEnd

FIRST, KEPT = 8, 1 << 22
"""The epochs of the first chunk where a rule may end it, and numbers kept on the way."""

MOST = 1_000_000
"""The most samples in the orders, and updates, of one chunk: a bound for its memory."""


def chunk(
    job: Job,
    state: State,
    trainer: Trainer,
    clock: Callable[[], float],
    until: float = math.inf,
) -> State | None:
    """Return the state some epochs further, at most `until` an epoch; None where one is to be done
    at a time."""
    if state.batch or not job.by_error:
        return None
    last = min(job.epochs, until)
    epochs = min(int(last) - state.epoch, trainer.epochs_at_once(job.batches))
    epochs = min(epochs, MOST // max(job.batches, len(job.samples)))
    if job.validation is not None:  # everything is kept on the way
        epochs = min(epochs, KEPT // (len(state.slots) + 1) // len(state.theta))
        if job.stop:  # no more than has been done already: that bounds what is in vain
            epochs = min(epochs, max(FIRST, state.epoch))
    if epochs < 2:
        return None
    began = clock()
    plan = job.plan(state, epochs, trainer.orders)
    with np.errstate(all="ignore"):  # the trainer looks at every number
        found = trainer.chunk(plan, state.theta, state.slots, job.validation)
    if found is None or not np.isfinite(found.errors).all():
        return None  # one by one it is found where
    errors = found.totals.epoch_error(job.objective).tolist()
    watched = errors if job.validation is None else list(found.errors)
    stopping, stopped, done = _observe(job, state, watched)
    theta, slots = found.theta, found.slots
    if done < epochs:
        theta, slots = _there(job, state, trainer, plan, found, done)
    errors, watched = errors[:done], watched[:done]
    lowest = min(watched)
    better = lowest < state.best_error
    best, best_epoch = state.best_theta, state.best_epoch
    if better:
        before = watched.index(lowest)
        best_epoch = state.epoch + before + 1
        if job.patient:  # what is watched is measured after an epoch, its own error before it
            there = before + 1 if job.validation is not None else before
            best = _there(job, state, trainer, plan, found, there)[0]
    values = {"error": errors, "validation_error": watched}
    values["lr"] = plan.rates[job.batches - 1 :: job.batches].tolist()[:done]
    return replace(
        state,
        theta=theta,
        slots=slots,
        step=state.step + done * job.batches,
        epoch=state.epoch + done,
        stopping=stopping,
        history=_history(state, values),
        best_theta=best,
        best_error=lowest if better else state.best_error,
        best_epoch=best_epoch,
        seconds=state.seconds + (clock() - began),
        stopped=stopped,
    )


def _observe(
    job: Job, state: State, errors: list[float]
) -> tuple[tuple[tuple[float, ...], ...], str, int]:
    """Return the stopping rules' numbers, the name of the one that stops, and the epochs done."""
    numbers = list(state.stopping)
    if not job.stop:
        return (), "", len(errors)
    for e, error in enumerate(errors, 1):
        epoch_end = EpochEnd(state.epoch + e, error, state.seconds, lambda: float("nan"))
        stopped = ""
        for k, rule in enumerate(job.stop):
            numbers[k], stop = rule.observe(numbers[k], epoch_end)
            stopped = stopped or (rule.name if stop else "")
        if stopped:
            return tuple(numbers), stopped, e
    return tuple(numbers), "", len(errors)


def _again(job: Job, state: State, trainer: Trainer, plan: BatchPlan, epochs: int) -> ChunkOutcome:
    """Do the first epochs of a chunk once more."""
    order = plan.order if plan.order is None or plan.order.ndim == 1 else plan.order[:epochs]
    part = replace(plan, order=order, rates=plan.rates[: epochs * job.batches], epochs=epochs)
    found = trainer.chunk(part, state.theta, state.slots)
    if found is None:
        raise AssertionError("the same epochs led to other numbers")
    return found


def _there(
    job: Job, state: State, trainer: Trainer, plan: BatchPlan, found: ChunkOutcome, epochs: int
) -> tuple[Array, tuple[Array, ...]]:
    """Return theta and slots after so many epochs of a chunk."""
    if not epochs:
        return state.theta, state.slots
    if found.after is not None:
        return found.after(epochs)
    again = _again(job, state, trainer, plan, epochs)
    return again.theta, again.slots


def _history(state: State, values: dict[str, list[float]]) -> dict[str, list[float]]:
    """Return the history with more epochs; a state that went another way keeps its own lists."""
    history = {}
    for name, past in state.history.items():
        history[name] = past if len(past) == state.epoch else past[: state.epoch]
        history[name].extend(values[name])
    return history
