"""Many networks, each on its own: divided over threads, every one through the ordinary loop."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.engine.trainer import Trainer
from deltarule.training.chunk import chunk
from deltarule.training.keeping.keeper import Keeper
from deltarule.training.loop import NonFiniteError, advance
from deltarule.training.many_jobs import Jobs
from deltarule.training.many_result import Histories
from deltarule.training.minimise import minimise, one_thread
from deltarule.training.state import State


def one_by_one(
    jobs: Jobs,
    make: Callable[[int], Trainer | None],
    histories: Histories,
    proceed: Callable[[int], bool],
    clock: Callable[[], float],
    threads: int,
    keeper: Keeper | None = None,
) -> None:
    """Train every network to its end and write it down; `make(network)` returns its engine."""
    kept = States({}, histories.messages, (len(jobs), jobs.base.epochs))
    if keeper is not None and keeper.found is not None:
        kept.restore(keeper.found.arrays, keeper.found.values)
    waiting = iter(range(len(jobs)))  # gives every network once, to whichever thread asks
    lock = threading.Lock()

    def seen(network: int, state: State) -> State:
        if keeper is not None:
            with lock:
                before = kept.networks.get(network)
                kept.networks[network] = state
                kept.epoch += state.epoch - (0 if before is None else before.epoch)
                keeper.look(kept)
        return state

    def work() -> None:
        for network in waiting:
            state = kept.networks.get(network)
            if state is None:
                state = jobs[network].start(jobs.thetas[network].copy())
            if proceed(0) and not state.stopped:
                look = partial(seen, network)
                at_most = math.inf if keeper is None else keeper.epochs
                doing = proceed, look, clock, at_most
                state, message = _train(jobs, network, state, make(network), *doing)
                histories.messages[network] = message
            _note(histories, network, state, jobs.base.epochs)
            with lock:
                kept.networks[network] = state

    several = ThreadPoolExecutor(max(1, threads - 1), "deltarule")
    with one_thread(jobs.base), several as pool:
        helpers = [pool.submit(work) for _ in range(min(threads, len(jobs)) - 1)]
        work()
        for helper in helpers:
            helper.result()
    if keeper is not None:
        keeper.end(kept)
    own = [kept.networks[k].history for k in range(len(jobs))]
    for name in jobs.base.recorded:
        histories.record(name, _table([h[name] for h in own], histories.epochs))


@dataclass
class States:
    """The states of the networks that have begun, by number: what a checkpoint is taken of."""

    networks: dict[int, State]
    messages: list[str]
    wanted: tuple[int, int]
    """How many networks, and for how many epochs."""
    epoch: int = 0
    """The epochs done, of all networks together."""

    def arrays(self) -> dict[str, Any]:
        """Return their numbers, each under its network's."""
        several = self.networks.items()
        return {f"{k} {name}": a for k, state in several for name, a in state.arrays().items()}

    def values(self) -> dict[str, Any]:
        """Return the rest, as plain values."""
        own = {str(k): state.values() for k, state in self.networks.items()}
        most = max((state.epoch for state in self.networks.values()), default=0)
        count, epochs = self.wanted
        over = sum(bool(s.stopped) or s.epoch >= epochs for s in self.networks.values())
        return {"epoch": most, "networks": own, "messages": self.messages, "ended": over == count}

    def restore(self, arrays: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        """Take back what `arrays` and `values` have given."""
        self.messages[:] = values["messages"]
        own: dict[str, dict[str, Any]] = {key: {} for key in values["networks"]}
        for name, array in arrays.items():
            key, _, rest = name.partition(" ")
            own[key][rest] = array
        for key, parts in own.items():
            self.networks[int(key)] = State.of(parts, values["networks"][key])


def _train(
    jobs: Jobs,
    network: int,
    state: State,
    trainer: Trainer | None,
    proceed: Callable[[int], bool],
    look: Callable[[State], State],
    clock: Callable[[], float],
    at_most: float,
) -> tuple[State, str]:
    """Return a network's last state, and the message where its numbers stopped being finite.

    At most `at_most` epochs are done between two looks.
    """
    job = jobs[network]
    try:
        if trainer is None:
            if state.epoch < job.epochs:
                state = minimise(job, state, proceed, look, clock)
            return state, ""
        while state.epoch < job.epochs and not state.stopped:
            epochs = state.epoch
            further = chunk(job, state, trainer, clock, epochs + at_most)
            if further is not None and not proceed((further.epoch - epochs) * job.batches):
                further = None  # Ctrl-C: `advance` sees it, too
            state = further or advance(job, state, trainer, proceed, clock)
            if state.epoch == epochs:  # cut short
                break
            look(state)
    except NonFiniteError as error:
        return error.state, str(error)
    return state, ""


def _note(histories: Histories, network: int, state: State, epochs: int) -> None:
    stopped = state.stopped or ("epochs" if state.epoch >= epochs else "interrupted")
    histories.epochs[network] = state.epoch
    histories.best_epoch[network] = state.best_epoch
    if histories.best_theta is not None and state.best_theta is not None:
        histories.best_theta[network] = state.best_theta
    if histories.learned is not None:
        histories.learned[network] = state.slots[-1]
    histories.end(np.array([network]), stopped, state.theta)


def _table(columns: list[list[float]], epochs: NDArray[np.int64]) -> NDArray[Any]:
    """Return histories side by side, NaN after a network's end."""
    found = np.full((int(epochs.max()), len(columns)), np.nan)
    for network, values in enumerate(columns):
        found[: epochs[network], network] = values[: epochs[network]]
    return found
