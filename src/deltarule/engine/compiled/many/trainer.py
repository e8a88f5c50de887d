"""Many networks at work: side by side in the lanes of vectors, in groups shared out to threads."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, cast

import numpy as np

from deltarule.core.arrays import Array
from deltarule.core.machine import cores
from deltarule.engine.compiled.launcher import aligned
from deltarule.engine.compiled.many.arguments import CallMaker, Chunk, run_all
from deltarule.engine.compiled.many.program import lanes_for, measuring, training
from deltarule.engine.compiled.many.search import Break, Search, Trajectory
from deltarule.engine.compiled.programs.side_by_side import ProgramKey
from deltarule.engine.compiled.specialisation import Specialisation
from deltarule.engine.compiled.threads import Workers, share_out
from deltarule.engine.samples import Samples

CALL_SECONDS = 0.05
"""How long one call of a program lasts at most: between two, Ctrl-C is heard."""

TURN_SECONDS = 0.025
"""How long a thread goes on with the same groups: the last ones to end wait for each other."""

MOST_PLACES = 2**16
"""Places of samples in a group's own orders that are made together: half a megabyte."""

MOST_SUMS, MOST_BYTES = 2**20, 2**25
"""Errors, and memory for theta on the way, that are kept until they go into the history."""


class ManyTrainer:
    """m networks that are trained together. Raises `Untraceable` where no program can be written.

    Args:
        spec: what they share; the numbers in which they differ are replaced.
        samples: on which all are trained.
        batch_size: samples per update.
        theta: where they start, (m, size).
        varied: the numbers in which they differ: paths as in `varied.py`, (m,) values.
        shared: whether all see the samples in one order.
        steady: whether the rates stay the same for the length of a chunk.
        threads: how many threads do the work; None takes one per processor.
        fixed: the rule's fixed matrices of every network, (m, their size).
        learned: the first values of what the rule learns beside theta, (m, size), if it does.
        seeds: every network's seed, (m,), where the rule draws numbers from it.
    """

    def __init__(
        self,
        spec: Specialisation,
        samples: Samples,
        batch_size: int,
        theta: Array,
        varied: Mapping[str, Array],
        shared: bool,
        steady: bool,
        threads: int | None = None,
        fixed: Array | None = None,
        learned: Array | None = None,
        seeds: Array | None = None,
    ) -> None:
        self._spec, self._samples, self._batch = spec, samples, batch_size
        self._varied = varied
        self._form = ProgramKey(lanes_for(spec, len(theta)), shared, steady, tuple(varied))
        self._run = training(spec, self._form)
        self._threads = cores() if threads is None else threads
        self._workers = Workers(max(1, self._threads - 1))
        self._local = threading.local()
        self._fixed = np.zeros((len(theta), 0), spec.dtype) if fixed is None else fixed
        self._own_seeds = np.zeros(len(theta), np.uint64) if seeds is None else seeds
        vectors = theta[:, None, :]
        if learned is not None:  # it is the last of the slots; the others start at 0
            vectors = np.zeros((len(theta), 1 + len(spec.slots), theta.shape[1]), theta.dtype)
            vectors[:, 0], vectors[:, -1] = theta, learned
        self.place(np.arange(len(theta)), vectors)

    def place(self, networks: Array, vectors: Array) -> None:
        """Lay networks side by side; `vectors` is (k, 1 or 1 + slots, size), what lacks is 0."""
        lanes, k = self._form.lanes, len(networks)
        groups = math.ceil(k / lanes)
        self.networks = networks
        lane = np.minimum(np.arange(groups * lanes), k - 1)  # spare lanes repeat the last network
        self._members = networks[lane].reshape(groups, lanes)
        self._watched = (np.arange(groups * lanes) < k).reshape(groups, lanes)
        several = 1 + max(1, len(self._spec.slots))
        size = self._spec.objective.network.size
        self._vectors = aligned((groups, several, size, lanes), self._spec.dtype)
        laid = vectors[lane].reshape(groups, lanes, *vectors.shape[1:])
        self._vectors[:, : vectors.shape[1]] = laid.transpose(0, 2, 3, 1)
        values = [v[self._members] for v in self._varied.values()]
        self._hyper = np.ascontiguousarray(np.stack(values, 1)) if values else None
        self._seeds = np.ascontiguousarray(self._own_seeds[self._members])
        self._feedback = np.ascontiguousarray(self._fixed[self._members].swapaxes(1, 2))

    @property
    def theta(self) -> Array:
        """The weights of `networks`, (k, size)."""
        return self._unlaid(self._vectors[:, 0]).copy()

    @property
    def vectors(self) -> Array:
        """The weights of `networks`, and the vectors beside them, (k, 1 + slots, size)."""
        return self._unlaid(self._vectors).copy()

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
            self.place(self.networks[here], self._unlaid(self._vectors)[here])

    chunk = Chunk
    """What `run` is asked for."""

    def run(self, chunk: Chunk, proceed: Callable[[], bool], keep: bool = False) -> Trajectory:
        """Do a chunk, or as much of it as `proceed` allows; `keep` theta after every epoch."""
        groups, lanes = self._members.shape
        form = self._form
        maker = CallMaker(chunk, self._spec, self._samples, self._batch, form.shared, form.steady)
        before = self._vectors.copy()
        sums = np.zeros((groups, chunk.epochs, 2, lanes))
        trail = None
        if keep:
            size = self._vectors.shape[2]
            trail = np.zeros((groups, chunk.epochs, size, lanes), self._spec.dtype)
        # so many epochs a part does before others have their turn
        at_once = max(1, int(TURN_SECONDS / (self._seconds * len(self._parts[0]))))
        every = self._epochs_of_a_call(maker, at_once)
        at_once = -(-at_once // every) * every
        several = (self._members, self._hyper, trail, self._feedback, self._seeds, every)
        calls = maker.calls(self._vectors, sums, *several)
        done = np.zeros(groups, np.int64)

        def go_on(part: range) -> bool:
            here, e = slice(part.start, part.stop), int(done[part.start])
            turn = calls[here, e // every : (e + at_once) // every].copy()
            done[here] += self._do(maker, turn, part, e, proceed)
            stopped = done[part.start] < min(e + at_once, chunk.epochs)
            return not stopped and bool(done[part.start] < chunk.epochs)

        share_out(self._workers, self._threads, self._parts, go_on)
        breaks = self._breaks(maker, before, sums)
        ended = np.repeat(done, lanes)[: len(self.networks)]
        return Trajectory(self.networks, ended, sums, breaks, before[:, 0], trail)

    def _do(
        self, maker: CallMaker, calls: Array, part: range, epoch: int, proceed: Callable[[], bool]
    ) -> int:
        """Do some groups' calls while `proceed` allows it; return how many epochs are done."""
        several, every = calls.shape[1], int(calls["epochs"][0, 0])
        step = several if self._form.shared else max(1, self._orders_at_once(maker) // every)
        for k in range(0, several, step):
            turn = calls[:, k : k + step].copy()
            kept = self._own(maker, turn, part.start, epoch + k * every)  # the calls point into it
            for some in self._calls(maker, turn.reshape(-1)):
                if not proceed():
                    return k * every
                run_all(self._run, some)
            del kept
        return int(calls["epochs"][0].sum())

    def _epochs_of_a_call(self, maker: CallMaker, most: int) -> int:
        """Return how many epochs a call does: one where an epoch is cut, or its weights differ."""
        whole = self._batches_at_once(maker) >= maker.batches
        if not whole or maker.apart:
            return 1
        return most if self._form.shared else min(most, self._orders_at_once(maker))

    def _orders_at_once(self, maker: CallMaker) -> int:
        """Return for how many epochs a group's own orders are made together."""
        if self._batches_at_once(maker) < maker.batches:
            return 1
        return max(1, MOST_PLACES // (len(self._samples) * self._form.lanes))

    def _batches_at_once(self, maker: CallMaker) -> int:
        return max(1, int(maker.batches * CALL_SECONDS / self._seconds))

    def _calls(self, maker: CallMaker, calls: Array) -> Iterator[Array]:
        """Divide calls into calls that are short enough."""
        count = self._batches_at_once(maker)
        if count >= maker.batches:
            yield calls
            return
        for k in range(len(calls)):
            for first in range(0, maker.batches, count):
                some = min(count, maker.batches - first)
                yield maker.cut(calls[k : k + 1], first, some, self._form.lanes)

    def _breaks(self, maker: CallMaker, before: Array, sums: Array) -> tuple[Break, ...]:
        """Return where networks that are watched have stopped being finite."""
        # a sum of finite numbers may overflow: then there is one search in vain
        good = np.isfinite(self._vectors[:, 0]).all(axis=1) & np.isfinite(sums.sum(axis=(1, 2)))
        bad = ~good & self._watched
        found: list[Break] = []
        for g in np.flatnonzero(bad.any(axis=1)).tolist():
            found += self._search(maker, g).run(before[g : g + 1], bad[g])
        return tuple(found)

    def _own(self, maker: CallMaker, calls: Array, group: int, epoch: int) -> Any:
        """Give a group's call its networks' own orders, where they have any."""
        if self._form.shared:
            return None
        epochs = int(calls["epochs"].sum())
        if len(getattr(self._local, "index", ())) < epochs:  # every thread has memory for a group
            shape = (epochs, len(self._samples), self._form.lanes)
            self._local.index = np.zeros(shape, np.int64)
        index = cast(Array, self._local.index)[:epochs]
        return maker.own(calls.reshape(-1), self._members[group], epoch, index)

    def _search(self, maker: CallMaker, group: int) -> Search:
        """Return the search for where networks of a group break."""
        here = slice(group, group + 1)
        hyper = None if self._hyper is None else self._hyper[here]
        several: Any = {"feedback": self._feedback[here], "seeds": self._seeds[here]}
        vectors, members = self._vectors[:1], self._members[here]
        pattern = maker.calls(vectors, np.zeros((1, 1)), members, hyper, **several)
        kept: dict[int, Any] = {}

        def make(vectors: Array, sums: Array, epoch: int) -> Array:
            call = pattern[:, epoch]
            if epoch not in kept:
                kept.clear()
                kept[epoch] = self._own(maker, call, group, epoch)
            call["totals"] = sums.ctypes.data
            call["theta"] = vectors.ctypes.data
            call["slots"] = vectors.ctypes.data + vectors.strides[1]
            return call

        slots = len(self._spec.slots)
        return Search(maker, self._members[group], slots, make, partial(run_all, self._run))

    def measure(self, samples: Samples, trajectory: Trajectory) -> tuple[Array, Array]:
        """Return E over any samples, and the largest |T - y|, after each epoch: (epochs, k)."""
        trail = trajectory.trail
        assert trail is not None, "what is to be measured has to be kept"
        groups, epochs, _, lanes = trail.shape
        run = measuring(self._spec, lanes, samples.weight is not None)
        found = np.zeros((groups * epochs, 3, lanes))
        nothing = Chunk(1, 0, np.zeros((1, 1)))
        maker = CallMaker(nothing, self._spec, samples, len(samples), True, True)
        vectors = trail.reshape(-1, 1, *trail.shape[2:])
        calls = maker.calls(vectors, found, self._members, None)[:, 0]
        at_once = max(1, int(TURN_SECONDS / (self._seconds * self._share(len(samples)))))
        parts = [calls[k : k + at_once] for k in range(0, len(calls), at_once)]
        share_out(self._workers, self._threads, parts, partial(run_all, run))
        placed = found.reshape(groups, epochs, 3, lanes).transpose(2, 1, 0, 3)
        data, decay, miss = placed.reshape(3, epochs, -1)[..., : len(trajectory.networks)]
        mean = self._spec.objective.reduction == "mean"
        return data / (samples.total if mean else 1.0) + decay, miss

    def _share(self, samples: int) -> float:
        """Return how long measuring some samples takes, as a share of an epoch."""
        return 0.4 * samples / (len(self._samples) + 2 * self._batch)

    @property
    def _seconds(self) -> float:
        """Roughly how long a group takes for an epoch: a fixed function of the job."""
        n, size = len(self._samples), self._spec.objective.network.size
        work = 0.3e-9 * n + 0.7e-9 * math.ceil(n / self._batch)
        order = 0.0 if self._form.shared else 1e-6 + 12e-9 * n * self._form.lanes
        return work * size * self._form.lanes + order

    def epochs_at_once(self, measured: int = 0, keep: bool = False) -> int:
        """Return how many epochs take about as long as two calls of every thread may.

        `measured` samples are measured after each, and theta is kept on the way.
        """
        rounds = math.ceil(len(self._members) / self._threads)
        seconds = rounds * self._seconds * (1.0 + self._share(measured))
        wanted = min(int(2 * CALL_SECONDS / seconds), MOST_SUMS // self._members.size)
        if keep:
            wanted = min(wanted, MOST_BYTES // self._vectors[:, 0].nbytes)
        return max(1, wanted)

    @property
    def _parts(self) -> list[range]:
        """The groups that a thread goes on with together: several parts for every thread."""
        groups = len(self._members)
        wanted = math.ceil(groups / (4 * self._threads))
        wanted = max(1, min(wanted, int(CALL_SECONDS / self._seconds)))
        wanted = wanted if self._form.shared else 1
        return [range(g, min(g + wanted, groups)) for g in range(0, groups, wanted)]
