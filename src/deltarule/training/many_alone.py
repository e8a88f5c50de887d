"""Many networks, each on its own: divided over threads, every one through the ordinary loop."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.engine.course import Trainer
from deltarule.training.loop import NonFiniteError, advance
from deltarule.training.many_jobs import Jobs
from deltarule.training.many_result import Ledger
from deltarule.training.state import State

__all__ = ["one_by_one"]


def one_by_one(
    jobs: Jobs,
    make: Callable[[int], Trainer],
    ledger: Ledger,
    proceed: Callable[[int], bool],
    clock: Callable[[], float],
    threads: int,
) -> None:
    """Train every network to its end and write it down; `make(network)` returns its engine."""
    histories: list[dict[str, list[float]]] = [{} for _ in range(len(jobs))]
    waiting = iter(range(len(jobs)))  # gives every network once, to whichever thread asks

    def work() -> None:
        for network in waiting:
            state = jobs[network].start(jobs.thetas[network].copy())
            if proceed(0):
                state, message = _train(jobs, network, state, make(network), proceed, clock)
                ledger.messages[network] = message
            _note(ledger, network, state, jobs.base.epochs)
            histories[network] = state.history

    with ThreadPoolExecutor(max(1, threads - 1), "deltarule") as pool:
        helpers = [pool.submit(work) for _ in range(min(threads, len(jobs)) - 1)]
        work()
        for helper in helpers:
            helper.result()
    for name in jobs.base.recorded:
        ledger.record(name, _table([h[name] for h in histories], ledger.epochs))


def _train(
    jobs: Jobs,
    network: int,
    state: State,
    trainer: Trainer,
    proceed: Callable[[int], bool],
    clock: Callable[[], float],
) -> tuple[State, str]:
    """Return a network's last state, and the message where its numbers stopped being finite."""
    job = jobs[network]
    try:
        while state.epoch < job.epochs and not state.stopped:
            epochs = state.epoch
            state = advance(job, state, trainer, proceed, clock)
            if state.epoch == epochs:  # cut short
                break
    except NonFiniteError as error:
        return error.state, str(error)
    return state, ""


def _note(ledger: Ledger, network: int, state: State, epochs: int) -> None:
    stopped = state.stopped or ("epochs" if state.epoch >= epochs else "interrupted")
    ledger.epochs[network] = state.epoch
    ledger.best_epoch[network] = state.best_epoch
    if ledger.best_theta is not None and state.best_theta is not None:
        ledger.best_theta[network] = state.best_theta
    ledger.end(np.array([network]), stopped, state.theta)


def _table(columns: list[list[float]], epochs: NDArray[np.int64]) -> NDArray[Any]:
    """Return histories side by side, NaN after a network's end."""
    found = np.full((int(epochs.max()), len(columns)), np.nan)
    for network, values in enumerate(columns):
        found[: epochs[network], network] = values[: epochs[network]]
    return found
