"""The compiled engine at work: a program, and the calls that it runs."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from deltarule.core import random
from deltarule.core.arrays import Array
from deltarule.core.machine import require_large
from deltarule.core.namespace import NUMPY
from deltarule.core.sequences import Sequences
from deltarule.engine.compiled.launcher import Launcher, RunState, aligned
from deltarule.engine.compiled.orders import orders
from deltarule.engine.compiled.programs.program import operations, program
from deltarule.engine.compiled.specialisation import Specialisation
from deltarule.engine.compiled.threads import ParallelRun
from deltarule.engine.epoch import error_over
from deltarule.engine.reference import penalty, training_step
from deltarule.engine.rule_state import RuleState, fixed
from deltarule.engine.samples import Samples
from deltarule.engine.trainer import (
    BatchPlan,
    ChunkOutcome,
    NonFinite,
    Outcome,
    Proceed,
    Totals,
    Vectors,
)

CALL_SECONDS = 0.05
"""How long a call may take: between two calls Ctrl-C is heard and the bar moves."""

SPEED, SPEED_THROUGH_TIME = 2e8, 2e10
"""Operations per second, at least, before a call has been timed; of a program of sequences."""

FEW, STREAM = 100_000, 800
"""Rows in orders: for fewer the program that draws them is not worth loading; for NumPy, making
a stream for an epoch is as much work as so many rows."""


class CompiledTrainer:
    """A program at work. Raises `Untraceable` where none can be written."""

    def __init__(
        self,
        spec: Specialisation,
        batch_size: int,
        numbers: int = 0,
        seed: int = 0,
        threads: int | None = None,
    ) -> None:
        self._spec, self._batch_size, self._seed = spec, batch_size, seed
        self._program = program(spec, batch_size, numbers, threads)
        what = "the working memory of the compiled engine"
        require_large("train", self._program.memory, what, "Use shorter sequences, fewer nodes")
        self._drawn = fixed(spec.objective, seed, spec.dtype), np.array([seed], np.uint64)
        self._memory = aligned((self._program.memory,), np.uint8)
        counter = self._memory.ctypes.data + self._program.barrier
        self._parallel = ParallelRun(self._program.run, self._program.threads, counter)
        self._kept: tuple[Vectors, Array] | None = None
        self._ordered = 0
        self._last: tuple[Samples, Launcher] | None = None
        work = operations(spec.objective.network, batch_size)
        speed = SPEED_THROUGH_TIME if self._program.form == "sequences" else SPEED
        self._call = max(1, int(CALL_SECONDS * speed / work))

    @property
    def threads(self) -> int:
        """How many threads do a call together."""
        return self._program.threads

    @property
    def kept(self) -> Array:
        """The states that windows hand on, [block][node][lane], to be read and written."""
        assert self._program.kept is not None
        start, shape = self._program.kept
        size = int(np.prod(shape)) * self._spec.dtype.itemsize
        found: Array = self._memory[start : start + size].view(self._spec.dtype).reshape(shape)
        return found

    def run(
        self, plan: BatchPlan, theta: Array, slots: Vectors, totals: Totals, proceed: Proceed
    ) -> Outcome:
        """Do one update per batch of the plan while `proceed` allows it."""
        launcher = Launcher(
            plan, self._spec, self._program, self._memory, self._parallel, *self._drawn
        )
        here = launcher.start(self._packed(theta, slots), totals)
        left = len(plan.rates)
        while left:
            count = min(left, self._call)
            if not proceed(count):
                break
            before = here.copy()
            began = time.perf_counter()
            launcher.advance(here, count)
            self._pace(count, time.perf_counter() - began)
            if not here.finite:
                return self._non_finite(launcher, before, count, totals)
            left -= count
        return self._keep(launcher.done(here, totals), here)

    def _keep(self, done: Outcome, state: RunState) -> Outcome:
        """Remember how the program keeps what is returned: the next plan begins there."""
        self._kept = ((done.theta, *done.slots), state.vectors)
        return done

    def _known(self, vectors: Vectors) -> bool:
        """Whether these are the very vectors that were returned last."""
        return self._kept is not None and all(
            a is b for a, b in zip(self._kept[0], vectors, strict=False)
        )

    def _packed(self, theta: Array, slots: Vectors) -> Array:
        """Return theta and the slots as the program keeps them, to be written to."""
        known, kept = self._known((theta, *slots)), self._kept
        self._kept = None
        if known and kept is not None:
            return kept[1]
        count = max(1, len(self._spec.slots))
        vectors = aligned((1 + count, self._program.size), theta.dtype)
        for packed, vector in zip(vectors, (theta, *slots), strict=False):
            self._program.pack(vector, packed)
        return vectors

    def epochs_at_once(self, updates: int) -> int:
        """Return as many epochs as one call has the time for; no result depends on it."""
        return max(1, self._call // updates)

    def orders(self, seed: int, epoch: int, epochs: int, n: int) -> Array:
        """Return n rows in the orders of some epochs, (epochs, n)."""
        self._ordered += epochs * (n + STREAM)
        if self._ordered < FEW:
            return random.orders(seed, epoch, epochs, n)
        found = np.empty((epochs, n, 1), np.int64)
        orders(np.array([seed], np.uint64), epoch, found)
        return found[:, :, 0]

    def chunk(
        self, plan: BatchPlan, theta: Array, slots: Vectors, watched: Samples | None = None
    ) -> ChunkOutcome | None:
        """Do several whole epochs in one call; None where a number does not stay finite.

        Where samples are `watched`, there is a call for every epoch, and one that measures.
        """
        if watched is not None and not self._measurable(watched):
            return None
        launcher = Launcher(
            plan, self._spec, self._program, self._memory, self._parallel, *self._drawn
        )
        here = launcher.start(self._packed(theta, slots), Totals())
        count = len(plan.rates) // plan.epochs
        began = time.perf_counter()
        errors, trail = [], []
        if watched is None:
            launcher.advance(here, count)
        else:
            measuring = self._measuring(watched)
            for e in range(plan.epochs):
                launcher.advance(here, count, epoch=e)
                errors.append(self._measured(measuring, watched, here.vectors, None))
                trail.append(here.vectors.copy())
        self._pace(count * plan.epochs, time.perf_counter() - began)
        if not here.finite:
            return None
        done = self._keep(launcher.done(here, Totals()), here)

        def after(epochs: int) -> tuple[Array, Vectors]:
            there = launcher.done(RunState(trail[epochs - 1], here.sums, 0), Totals())
            return there.theta, there.slots

        weights = launcher.weights.reshape(-1, count).sum(axis=1)
        totals = Totals(here.sums[:, 0], here.sums[:, 1], np.broadcast_to(weights, plan.epochs))
        return ChunkOutcome(done.theta, done.slots, totals, tuple(errors), after if trail else None)

    def error_over(self, theta: Array, samples: Samples) -> float:
        """Return E over any number of samples, the penalty included."""
        if not self._measurable(samples):
            return error_over(self._spec.objective, theta, samples)
        kept = self._kept if self._known((theta,)) else None
        vectors = self._packed(theta, ()) if kept is None else kept[1]
        return self._measured(self._measuring(samples), samples, vectors, theta)

    def _measurable(self, samples: Samples) -> bool:
        """Whether the program reads such samples."""
        ragged = isinstance(samples.X, Sequences)
        return ragged == self._spec.ragged and (samples.weight is None or self._spec.weighted)

    def _measuring(self, samples: Samples) -> Launcher:
        """Return the plan by which E over samples is measured; the last one is kept."""
        spec, n = self._spec, len(samples)
        if self._last is None or self._last[0] is not samples:
            weighted = samples
            if spec.weighted and samples.weight is None:
                weighted = replace(samples, weight=np.ones(n, spec.dtype))
            rates = np.zeros(-(-n // self._batch_size))
            plan = BatchPlan(weighted, None, self._batch_size, 0, 0, rates)
            parts = (spec, self._program, self._memory, self._parallel, *self._drawn)
            self._last = samples, Launcher(plan, *parts)
        return self._last[1]

    def _measured(
        self, launcher: Launcher, samples: Samples, vectors: Array, theta: Array | None
    ) -> float:
        """Return E at theta, which the program keeps as `vectors`; None: as it is in there."""
        spec, state = self._spec, launcher.start(vectors, Totals())
        launcher.advance(state, len(launcher.plan.rates), learn=False)
        decay = 0.0
        if spec.objective.penalties:
            if theta is None:
                theta = np.empty(spec.objective.network.size, vectors.dtype)
                self._program.unpack(vectors[0], theta)
            decay = float(penalty(spec.objective, theta, NUMPY))
        scale = samples.total if spec.objective.reduction == "mean" else 1.0
        return float(state.sums[0, 0]) / scale + decay

    def _pace(self, count: int, seconds: float) -> None:
        """Make the next call as long as its time allows; no result depends on it."""
        wanted = count * CALL_SECONDS / max(seconds, 1e-9)
        self._call = int(min(max(1.0, wanted), 4.0 * self._call))

    def _non_finite(
        self, launcher: Launcher, start: RunState, count: int, totals: Totals
    ) -> Outcome:
        """Find the first of `count` updates that leads to a number that is not finite."""
        good = 0
        while count - good > 1:
            middle = (good + count) // 2
            there = start.copy()
            launcher.advance(there, middle)
            good, count = (middle, count) if there.finite else (good, middle)
        launcher.advance(start, good)
        done = launcher.done(start, totals)
        batch = launcher.plan.batch(start.done)
        non_finite = start.copy()
        launcher.advance(non_finite, 1)
        spec, s = self._spec, batch.samples
        rule = RuleState.of(spec.objective, self._seed, spec.dtype)
        step = training_step(spec.objective, spec.optimiser, spec.clipping, rule=rule)
        new, _, E, _, g = step(done.theta, done.slots, s.X, s.T, s.weight, batch.lr, batch.t)
        if np.isfinite(new).all() and np.isfinite(E) and np.isfinite(g).all():
            # on the edge of the numbers: its own finding
            new = launcher.done(non_finite, totals).theta
        return replace(done, non_finite=NonFinite(batch, done.theta, new, float(E), g))
