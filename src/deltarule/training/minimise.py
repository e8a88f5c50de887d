"""Training with an optimiser of the whole vector: one of its iterations is an epoch."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any

import numpy as np

from deltarule.core.arrays import Array
from deltarule.core.errors import UsageError
from deltarule.engine.trainer import Batch, NonFinite, Totals
from deltarule.engine.whole_batch import WholeBatch
from deltarule.optim import Clipping, Minimiser
from deltarule.training.job import Job
from deltarule.training.loop import NonFiniteError, close
from deltarule.training.nonfinite import describe
from deltarule.training.state import State


def check_minimiser(job: Job) -> None:
    """Refuse a job that an optimiser of the whole vector has no meaning for."""
    optimiser, objective = job.optimiser, job.objective
    if not isinstance(optimiser, Minimiser):
        return
    if job.batch_size < len(job.samples):
        raise UsageError(
            f"the optimizer {optimiser.name} compares E at many theta, which batches of "
            f"{job.batch_size} samples make another function each time: take all at once "
            "(batch_size=None; on the command line, leave out --batch-size)"
        )
    if job.over_time is not None:
        raise UsageError(
            f"the optimizer {optimiser.name} takes sequences as they are: leave out window and "
            "teacher"
        )
    if job.clipping != Clipping():
        raise UsageError(
            f"the optimizer {optimiser.name} chooses the length of its steps by itself: leave out "
            "clip_norm and clip_value"
        )
    if not objective.rule.exact:
        raise UsageError(
            f"the optimizer {optimiser.name} follows E's own gradient down: the rule has to be "
            f"exact, not {objective.rule.changes()}"
        )
    if optimiser.squares and objective.loss.square is None:
        raise UsageError(
            f"the optimizer {optimiser.name} is for sums of squares, which the loss "
            f"{objective.loss.name} is not: take half_squared_error, or lbfgs or gauss_newton, "
            "which take any loss"
        )
    if optimiser.squares and objective.penalty is not None:
        raise UsageError(
            f"the optimizer {optimiser.name} is for sums of squares, which the penalty "
            f"{objective.penalty.name} is not: take l2 alone, or lbfgs or gauss_newton, which take "
            "any penalty"
        )


SMALL = 1000
"""Parameters up to which one thread multiplies and factors matrices: several gain little there,
and wait for each other for milliseconds where the processors have other work."""


def one_thread(job: Job) -> AbstractContextManager[Any]:
    """Return what holds BLAS to one thread while a small job's optimiser is at work.

    The bits of a sum depend on how many threads make it, so it is there from the first product to
    the last. Only the thread that has set a process's limit may change it: where several networks
    are trained at once, it is theirs that starts them.
    """
    if not isinstance(job.optimiser, Minimiser) or job.objective.network.size > SMALL:
        return nullcontext()
    import scipy.linalg  # noqa: F401 (whose BLAS is limited if it is there)
    from threadpoolctl import threadpool_limits

    limits: AbstractContextManager[Any] = threadpool_limits(1, user_api="blas")
    return limits


def minimise(
    job: Job,
    state: State,
    proceed: Callable[[int], bool],
    look: Callable[[State], State],
    clock: Callable[[], float],
) -> State:
    """Return the state at the end: that of the optimiser, of the epochs, or a rule's.

    `proceed(1)` is asked before every iteration; `look` sees the state after it, and may end it.
    Whoever calls it does so under `one_thread`.

    Raises `NonFiniteError` where E or its gradient is not finite to begin with.
    """
    optimiser = job.optimiser
    assert isinstance(optimiser, Minimiser)
    of, before = WholeBatch(job.objective, job.samples), state.seconds - clock()
    E, g = of.gradient(state.theta)
    if not (math.isfinite(E) and np.isfinite(g).all()):
        found = NonFinite(
            Batch(job.samples, math.nan, state.step + 1), state.theta, state.theta, E, g
        )
        message = describe(job.objective, found, state.epoch + 1, 1)
        raise NonFiniteError(message, replace(state, stopped="non_finite"))
    if not proceed(1):
        return state

    def after(theta: Array, error: float, slots: tuple[Array, ...]) -> bool:
        nonlocal state
        was = state.theta
        moved = replace(
            state,
            theta=theta.copy(),
            slots=slots,
            step=state.step + 1,
            totals=Totals(error, 0.0, 1.0),
            seconds=before + clock(),
        )
        state = look(close(job, moved, of, was, clock))
        return state.epoch < job.epochs and not state.stopped and proceed(1)

    why = optimiser.minimise(of, state.theta, state.slots, after)
    return replace(state, stopped=why) if why and not state.stopped else state
