"""A batch plan as a program sees it: arrays that stay where they are, and how far it has come."""

from __future__ import annotations

from typing import Any

import numpy as np

from deltarule.core.arrays import Array
from deltarule.core.sequences import Sequences
from deltarule.engine.compiled.programs.arguments import Call
from deltarule.engine.compiled.programs.program import Program
from deltarule.engine.compiled.specialisation import Specialisation
from deltarule.engine.compiled.threads import ParallelRun
from deltarule.engine.trainer import BatchPlan, Outcome, Totals


def aligned(shape: tuple[int, ...], dtype: Any) -> Array:
    """Return an array of zeros that begins where a line of the cache does."""
    kind = np.dtype(dtype)
    size = int(np.prod(shape)) * kind.itemsize
    raw = np.zeros(size + 64, np.uint8)
    start = -raw.ctypes.data % 64
    found: Array = raw[start : start + size].view(kind).reshape(shape)
    return found


class RunState:
    """How far a plan has been carried out: theta and slots as the program keeps them, sums."""

    def __init__(self, vectors: Array, sums: Array, done: int) -> None:
        self.vectors, self.sums, self.done = vectors, sums, done

    def copy(self) -> RunState:
        """Return a state from which to go another way."""
        vectors = aligned(self.vectors.shape, self.vectors.dtype)
        vectors[...] = self.vectors
        return RunState(vectors, self.sums.copy(), self.done)

    @property
    def finite(self) -> bool:
        """Whether theta and the sums are; what once is not never becomes it again."""
        return bool(np.isfinite(self.sums).all() and np.isfinite(self.vectors[0]).all())


class Launcher:
    """A plan as a program sees it: arrays that stay where they are while calls are run."""

    def __init__(
        self,
        plan: BatchPlan,
        spec: Specialisation,
        program: Program,
        memory: Array,
        run: ParallelRun,
        fixed: Array,
        seeds: Array,
    ) -> None:
        self._fixed, self._seeds = fixed, seeds
        self.plan, self._spec, self._program = plan, spec, program
        self._memory, self._run = memory, run
        samples = plan.samples
        n = len(samples)
        order = np.arange(n) if plan.order is None else plan.order
        self._index = np.ascontiguousarray(order, np.int64)
        self._stride = n if order.ndim == 2 else 0
        self._X, self._T = np.ascontiguousarray(samples.X), np.ascontiguousarray(samples.T)
        self._weight = samples.weight
        self._lengths = None
        if isinstance(samples.X, Sequences):
            self._lengths = np.ascontiguousarray(samples.X.lengths, np.int64)
        # what is the same in every epoch is laid down once
        constant = plan.rates.strides == (0,)
        self._repeat = plan.epochs > 1 and constant and samples.weight is None
        epochs = 1 if self._repeat else plan.epochs
        count = len(plan.rates) // plan.epochs
        self._rates = np.ascontiguousarray(plan.rates[: epochs * count])
        self.weights = _batch_weights(plan, order, epochs)
        mean = spec.objective.reduction == "mean"
        # a batch of rows that all weigh nothing has E = 0, not 0 / 0
        positive = np.where(self.weights > 0, self.weights, 1.0)
        self._scales = 1.0 / positive if mean else np.ones_like(positive)

    def start(self, vectors: Array, totals: Totals) -> RunState:
        """Return the state where the plan begins; `vectors` as the program keeps them."""
        sums = np.zeros((self.plan.epochs, 2))
        sums[0] = totals.error, totals.penalty
        return RunState(vectors, sums, 0)

    def advance(
        self, state: RunState, count: int, learn: bool = True, epoch: int | None = None
    ) -> None:
        """Do the next `count` updates of every epoch, or those of one `epoch` alone."""
        plan, k = self.plan, state.done
        skipped = (epoch or 0) * count
        first = 0 if self._repeat else skipped  # of what is laid down for every epoch
        call = Call(
            theta=state.vectors[0].ctypes.data,
            slots=state.vectors[1].ctypes.data,
            X=self._X.ctypes.data,
            T=self._T.ctypes.data,
            weight=None if self._weight is None else self._weight.ctypes.data,
            index=self._index.ctypes.data + (epoch or 0) * self._stride * self._index.itemsize,
            rates=self._rates[first + k :].ctypes.data,
            scales=self._scales[first + k :].ctypes.data,
            weights=self.weights[first + k :].ctypes.data,
            totals=state.sums[epoch or 0 :].ctypes.data,
            rows=len(plan.samples),
            batch=plan.batch_size,
            first=plan.first + k,
            count=count,
            epochs=plan.epochs if epoch is None else 1,
            stride=self._stride,
            repeat=self._repeat,
            t=plan.updates + skipped + k,
            scratch=self._memory.ctypes.data,
            threads=self._program.threads,
            seeds=self._seeds.ctypes.data,
            feedback=self._fixed.ctypes.data,
            lengths=None if self._lengths is None else self._lengths.ctypes.data,
            learn=learn,
        )
        self._run(call)
        state.done += count if epoch in (None, plan.epochs - 1) else 0

    def done(self, state: RunState, totals: Totals) -> Outcome:
        """Return what the calls have led to."""
        n = self._spec.objective.network.size
        found = [np.empty(n, state.vectors.dtype) for _ in range(1 + len(self._spec.slots))]
        for packed, vector in zip(state.vectors, found, strict=False):
            self._program.unpack(packed, vector)
        error, penalty = state.sums[0].tolist()
        # one after the other, as if the epoch had not been cut here
        weights = np.add.accumulate(np.append(totals.weight, self.weights[: state.done]))
        summed = Totals(error, penalty, float(weights[-1]))
        return Outcome(found[0], tuple(found[1:]), summed, state.done)


def _batch_weights(plan: BatchPlan, order: Array, epochs: int) -> Array:
    """Return the total weight of every batch of the plan, epoch after epoch."""
    n, size = len(plan.samples), plan.batch_size
    count = len(plan.rates) // plan.epochs
    starts = np.arange(plan.first, plan.first + count) * size
    if plan.samples.weight is None:
        return np.tile(np.minimum(size, n - starts).astype(np.float64), epochs)
    own = plan.samples.weight
    own = own if own.ndim == 1 else own[:, 0]  # the first step's is the sample's
    weight = own[np.atleast_2d(order)].astype(np.float64)
    found = np.add.reduceat(weight, starts, axis=1) if count else np.zeros((len(weight), 0))
    return np.tile(found[0], epochs) if len(found) == 1 else found.ravel()
