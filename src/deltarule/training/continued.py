"""Training that goes on from where another one ended: theta, the optimiser's vectors, its clock."""

from __future__ import annotations

import time
from dataclasses import replace

from deltarule.engine.choice import choose_engine
from deltarule.engine.trainer import Totals
from deltarule.engine.update import slots
from deltarule.training.job import Job
from deltarule.training.loop import advance
from deltarule.training.run import Run


def go_on(job: Job, before: Run | None, threads: int | None = None) -> Run:
    """Return the run of a job that starts where `before` ended; without one, from its seed.

    `job.epochs` counts from the very beginning, and so do the orders of the samples and the steps
    of schedules and of Adam: m and v are those that the earlier training left. Another optimizer
    has other vectors, and begins with its own.

    Raises `NonFiniteError` where a number stops being finite.
    """
    if before is None:
        state = job.start(job.objective.network.init(job.seed, job.samples.X.dtype))
    else:
        state = before.state
        if slots(before.objective, before.optimiser) != slots(job.objective, job.optimiser):
            state = replace(state, slots=job.start(state.theta).slots, step=0)
    state = replace(  # what was watched, was watched on other samples
        state,
        batch=0,
        totals=Totals(),
        epoch_theta=None,
        history={n: [*state.history.get(n, [])[: state.epoch]] for n in job.recorded},
        stopping=tuple(rule.start() for rule in job.stop),
        best_theta=None,
        best_error=float("inf"),
        stopped="",
    )
    left = job.epochs - state.epoch
    choice = choose_engine("auto", job.objective, len(job.samples), job.batch_size, left)
    engine, trainer = job.trainer(choice.engine, threads)
    while state.epoch < job.epochs and not state.stopped:
        state = advance(job, state, trainer, lambda updates: True, time.monotonic)
    state = replace(state, stopped=state.stopped or "epochs")
    return Run(job.objective, job.optimiser, engine, job.seed, state, restored=job.patient)
