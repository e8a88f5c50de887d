"""Many networks, each on its own: divided over threads, every one through the ordinary loop."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.engine.trainer import Trainer
from deltarule.training.loop import NonFiniteError, advance
from deltarule.training.many_jobs import Jobs
from deltarule.training.many_result import Histories
from deltarule.training.minimise import minimise
from deltarule.training.state import State

__all__ = ["one_by_one"]


def one_by_one(
    jobs: Jobs,
    make: Callable[[int], Trainer | None],
    histories: Histories,
    proceed: Callable[[int], bool],
    clock: Callable[[], float],
    threads: int,
) -> None:
    """Train every network to its end and write it down; `make(network)` returns its engine."""
    own: list[dict[str, list[float]]] = [{} for _ in range(len(jobs))]
    waiting = iter(range(len(jobs)))  # gives every network once, to whichever thread asks

    def work() -> None:
        for network in waiting:
            state = jobs[network].start(jobs.thetas[network].copy())
            if proceed(0):
                state, message = _train(jobs, network, state, make(network), proceed, clock)
                histories.messages[network] = message
            _note(histories, network, state, jobs.base.epochs)
            own[network] = state.history

    with ThreadPoolExecutor(max(1, threads - 1), "deltarule") as pool:
        helpers = [pool.submit(work) for _ in range(min(threads, len(jobs)) - 1)]
        work()
        for helper in helpers:
            helper.result()
    for name in jobs.base.recorded:
        histories.record(name, _table([h[name] for h in own], histories.epochs))


def _train(
    jobs: Jobs,
    network: int,
    state: State,
    trainer: Trainer | None,
    proceed: Callable[[int], bool],
    clock: Callable[[], float],
) -> tuple[State, str]:
    """Return a network's last state, and the message where its numbers stopped being finite."""
    job = jobs[network]
    try:
        if trainer is None:
            return minimise(job, state, proceed, lambda state: state, clock), ""
        while state.epoch < job.epochs and not state.stopped:
            epochs = state.epoch
            state = advance(job, state, trainer, proceed, clock)
            if state.epoch == epochs:  # cut short
                break
    except NonFiniteError as error:
        return error.state, str(error)
    return state, ""


def _note(histories: Histories, network: int, state: State, epochs: int) -> None:
    stopped = state.stopped or ("epochs" if state.epoch >= epochs else "interrupted")
    histories.epochs[network] = state.epoch
    histories.best_epoch[network] = state.best_epoch
    if histories.best_theta is not None and state.best_theta is not None:
        histories.best_theta[network] = state.best_theta
    histories.end(np.array([network]), stopped, state.theta)


def _table(columns: list[list[float]], epochs: NDArray[np.int64]) -> NDArray[Any]:
    """Return histories side by side, NaN after a network's end."""
    found = np.full((int(epochs.max()), len(columns)), np.nan)
    for network, values in enumerate(columns):
        found[: epochs[network], network] = values[: epochs[network]]
    return found
