"""Many networks at work: side by side in the lanes of vectors, in groups shared out to threads."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Self, cast

import numpy as np
from numpy.typing import NDArray

from deltarule.engine.compiled.many_laps import Task, Track, call
from deltarule.engine.compiled.many_program import Form, lanes_for, measuring, training
from deltarule.engine.compiled.many_search import Break, Search
from deltarule.engine.compiled.program import cores
from deltarule.engine.compiled.recipe import Recipe
from deltarule.engine.compiled.trainer import aligned
from deltarule.engine.samples import Samples

__all__ = ["Break", "ManyTrainer", "Task", "Walk"]

Array = NDArray[Any]

CALL_SECONDS, SHORTEST = 0.05, 1e-4
"""How long one call of a program lasts, at most and at least: between two, Ctrl-C is heard."""

MOST_SUMS = 2**20
"""Errors that are kept at a time, until they go into the history."""


@dataclass(frozen=True)
class Walk:
    """What a task has led to; `networks` (k,) names those that took part."""

    networks: Array
    done: Array
    """(k,): how many epochs each has done."""
    sums: Array
    """(epochs, 2, k): per epoch sum of s_i e_i, and of (batch weight) * penalty."""
    breaks: tuple[Break, ...]


class ManyTrainer:
    """m networks that walk together. Raises `Untraceable` where no program can be written.

    Args:
        recipe: what they share; the numbers in which they differ are replaced.
        samples: on which all are trained.
        batch_size: samples per update.
        theta: where they start, (m, size).
        varied: the numbers in which they differ: paths as in `varied.py`, (m,) values.
        shared: whether all see the samples in one order.
        steady: whether the rates stay the same for the length of a task.
        threads: how many threads do the work; None takes one per processor.
    """

    def __init__(
        self,
        recipe: Recipe,
        samples: Samples,
        batch_size: int,
        theta: Array,
        varied: Mapping[str, Array],
        shared: bool,
        steady: bool,
        threads: int | None = None,
    ) -> None:
        self._recipe, self._samples, self._batch = recipe, samples, batch_size
        self._varied = varied
        self._form = Form(lanes_for(recipe, len(theta)), shared, steady, tuple(varied))
        self._run = training(recipe, self._form)
        self._threads = cores() if threads is None else threads
        self._pool = ThreadPoolExecutor(max(1, self._threads - 1), "deltarule")
        self._local = threading.local()
        self._place(np.arange(len(theta)), theta[:, None, :])

    def _place(self, networks: Array, vectors: Array) -> None:
        """Lay networks side by side; `vectors` is (k, 1 or 1 + slots, size), what lacks is 0."""
        lanes, k = self._form.lanes, len(networks)
        groups = math.ceil(k / lanes)
        self.networks = networks
        lane = np.minimum(np.arange(groups * lanes), k - 1)  # spare lanes repeat the last network
        self._members = networks[lane].reshape(groups, lanes)
        self._watched = (np.arange(groups * lanes) < k).reshape(groups, lanes)
        several = 1 + max(1, len(self._recipe.optimiser.slots))
        size = self._recipe.objective.network.size
        self._vectors = aligned((groups, several, size, lanes), self._recipe.dtype)
        laid = vectors[lane].reshape(groups, lanes, *vectors.shape[1:])
        self._vectors[:, : vectors.shape[1]] = laid.transpose(0, 2, 3, 1)
        values = [v[self._members] for v in self._varied.values()]
        self._hyper = np.ascontiguousarray(np.stack(values, 1)) if values else None

    @property
    def theta(self) -> Array:
        """The weights of `networks`, (k, size)."""
        return self._unlaid(self._vectors[:, 0]).copy()

    def _unlaid(self, values: Array) -> Array:
        """Return (groups, ..., lanes) as (networks, ...)."""
        moved = np.moveaxis(values, -1, 1)
        return moved.reshape(-1, *moved.shape[2:])[: len(self.networks)]

    def keep(self, running: Array) -> None:
        """Go on with the networks (m,) that still run; they close ranks where that pays."""
        here = running[self.networks]
        groups, left = len(self._members), int(here.sum())
        self._watched &= running[self._members]
        wanted = math.ceil(left / self._form.lanes)
        if left and wanted <= groups - max(1, groups // 8):
            self._place(self.networks[here], self._unlaid(self._vectors)[here])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._pool.shutdown()

    task = Task
    """What `walk` is asked for."""

    def walk(self, task: Task, proceed: Callable[[], bool]) -> Walk:
        """Do a task, or as much of it as `proceed` allows."""
        groups, lanes = self._members.shape
        form = self._form
        track = Track(task, self._recipe, self._samples, self._batch, form.shared, form.steady)
        before = self._vectors.copy()
        sums = np.zeros((groups, task.epochs, 2, lanes))
        laps = track.laps(self._vectors, sums, self._members, self._hyper)
        done = np.zeros(groups, np.int64)

        def do(part: range) -> None:
            for e in self._do(track, laps[part.start : part.stop], part, proceed):
                done[part.start : part.stop] = e

        self._crew(self._slices(task.epochs), do)
        good = np.isfinite(self._vectors[:, 0]).all(axis=1) & np.isfinite(sums).all(axis=(1, 2))
        bad = ~good & self._watched
        breaks: list[Break] = []
        for g in np.flatnonzero(bad.any(axis=1)).tolist():
            breaks += self._search(track, g).run(before[g : g + 1], bad[g])
        k = len(self.networks)
        every = np.moveaxis(sums, 0, 2).reshape(task.epochs, 2, -1)[..., :k]
        return Walk(self.networks, np.repeat(done, lanes)[:k], every, tuple(breaks))

    def _do(
        self, track: Track, laps: Array, part: range, proceed: Callable[[], bool]
    ) -> Iterator[int]:
        """Do some groups' laps in one call, or one group's in several; yields epochs done."""
        if not proceed():
            return
        epochs, lanes = track.task.epochs, self._form.lanes
        kept = self._own(track, laps, part.start)  # the laps point into it
        seconds = self._seconds(epochs)
        count = max(1, int(track.batches * epochs * CALL_SECONDS / seconds))
        if len(part) > 1 or count >= track.batches * epochs:
            call(self._run, laps)
            yield epochs
            return
        for e in range(epochs):
            for first in range(0, track.batches, count):
                if first + e and not proceed():
                    return
                some = min(count, track.batches - first)
                call(self._run, track.cut(laps, e, first, some, lanes))
            yield e + 1
        del kept

    def _own(self, track: Track, laps: Array, group: int) -> Any:
        """Give a group's lap its networks' own orders, where they have any."""
        if self._form.shared:
            return None
        if not hasattr(self._local, "index"):  # every thread has memory for one group
            self._local.index = np.zeros((len(self._samples), self._form.lanes), np.int64)
        return track.own(laps, self._members[group], cast(Array, self._local.index))

    def _search(self, track: Track, group: int) -> Search:
        """Return the search for where networks of a group break."""
        members = self._members[group : group + 1]
        hyper = None if self._hyper is None else self._hyper[group : group + 1]
        pattern = track.laps(self._vectors[:1], np.zeros((1, 1)), members, hyper)
        kept = self._own(track, pattern, group)

        def make(vectors: Array, sums: Array) -> Array:
            lap = pattern.copy()
            lap["theta"] = vectors.ctypes.data
            lap["slots"] = vectors.ctypes.data + vectors.strides[1]
            return lap

        def go(lap: Array, kept: Any = kept) -> None:
            call(self._run, lap)

        slots = len(self._recipe.optimiser.slots)
        return Search(track, self._members[group], slots, make, go)

    def measure(self, samples: Samples) -> tuple[Array, Array]:
        """Return E over any samples, and the largest |T - y|, of `networks`: (k,) each."""
        groups, lanes = self._members.shape
        weighted = samples.weight is not None
        run = measuring(self._recipe, lanes, weighted)
        found = np.zeros((groups, 3, lanes))
        nothing = Task(1, 0, np.zeros((1, 1)))
        track = Track(nothing, self._recipe, samples, len(samples), True, True)
        laps = track.laps(self._vectors, found, self._members, None)
        scale = 0.4 * len(samples) / (len(self._samples) + 2 * self._batch)
        slices = self._slices(max(1, round(scale)))
        self._crew(slices, lambda part: call(run, laps[part.start : part.stop]))
        data, decay, miss = self._unlaid(found).T
        mean = self._recipe.objective.reduction == "mean"
        return data / (samples.total if mean else 1.0) + decay, miss

    def _seconds(self, epochs: int) -> float:
        """Return roughly how long a group takes for some epochs: a fixed function of the job."""
        n, size = len(self._samples), self._recipe.objective.network.size
        work = 0.3e-9 * n + 0.7e-9 * math.ceil(n / self._batch)
        return epochs * work * size * self._form.lanes

    def epochs_at_once(self) -> int:
        """Return how many epochs take about as long as two calls of every thread may."""
        rounds = math.ceil(len(self._members) / self._threads)
        wanted = int(2 * CALL_SECONDS / (rounds * self._seconds(1)))
        return max(1, min(wanted, MOST_SUMS // self._members.size))

    def _slices(self, epochs: int) -> list[range]:
        """Return the groups that are done in one call: several parts for every thread."""
        groups, seconds = len(self._members), self._seconds(epochs)
        wanted = max(math.ceil(groups / (4 * self._threads)), int(SHORTEST / seconds))
        wanted = max(1, min(wanted, int(CALL_SECONDS / seconds)))
        wanted = wanted if self._form.shared else 1
        return [range(g, min(g + wanted, groups)) for g in range(0, groups, wanted)]

    def _crew(self, parts: list[range], do: Callable[[range], Any]) -> None:
        """Do all parts, each by the next thread that is free."""
        waiting = iter(parts)  # gives every part once, to whichever thread asks

        def work() -> None:
            for part in waiting:
                do(part)

        helpers = min(self._threads, len(parts)) - 1
        asked = [self._pool.submit(work) for _ in range(helpers)]
        work()
        for helper in asked:
            helper.result()
