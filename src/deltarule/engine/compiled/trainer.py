"""The compiled engine at work: a program, and the laps that it runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.namespace import NUMPY
from deltarule.engine.compiled.programs.arguments import Lap
from deltarule.engine.compiled.programs.program import Program, program
from deltarule.engine.compiled.specialisation import Recipe
from deltarule.engine.compiled.threads import Together
from deltarule.engine.course import Broken, Course, Done, Stretch, Totals
from deltarule.engine.epoch import error_over
from deltarule.engine.reference import penalty, training_step
from deltarule.engine.samples import Samples

__all__ = ["CompiledTrainer"]

Array = NDArray[Any]

LAP_SECONDS = 0.05
"""How long a lap may take: between two laps Ctrl-C is heard and the bar moves."""


class CompiledTrainer:
    """A program at work. Raises `Untraceable` where none can be written."""

    def __init__(self, recipe: Recipe, batch_size: int, numbers: int = 0) -> None:
        self._recipe, self._batch_size = recipe, batch_size
        self._program = program(recipe, batch_size, numbers)
        self._memory = aligned((self._program.memory,), np.uint8)
        counter = self._memory.ctypes.data + self._program.team
        self._together = Together(self._program.run, self._program.threads, counter)
        self._kept: tuple[tuple[Array, ...], Array] | None = None
        work = 6.0 * recipe.objective.network.size * batch_size
        self._lap = max(1, int(LAP_SECONDS * 2e8 / work))

    @property
    def threads(self) -> int:
        """How many threads do a lap together."""
        return self._program.threads

    def run(
        self,
        course: Course,
        theta: Array,
        slots: tuple[Array, ...],
        totals: Totals,
        proceed: Callable[[int], bool],
    ) -> Done:
        """Do one update per batch of the course while `proceed` allows it."""
        road = _Road(course, self._recipe, self._program, self._memory, self._together)
        here = road.start(self._packed(theta, slots), totals)
        left = len(course.rates)
        while left:
            count = min(left, self._lap)
            if not proceed(count):
                break
            before = here.copy()
            began = time.perf_counter()
            road.advance(here, count)
            self._pace(count, time.perf_counter() - began)
            if not here.finite:
                return self._broken(road, before, count, totals)
            left -= count
        return self._keep(road.done(here, totals), here)

    def _keep(self, done: Done, place: _Place) -> Done:
        """Remember how the program keeps what is returned: the next course begins there."""
        self._kept = ((done.theta, *done.slots), place.vectors)
        return done

    def _known(self, vectors: tuple[Array, ...]) -> bool:
        """Whether these are the very vectors that were returned last."""
        return self._kept is not None and all(
            a is b for a, b in zip(self._kept[0], vectors, strict=False)
        )

    def _packed(self, theta: Array, slots: tuple[Array, ...]) -> Array:
        """Return theta and the slots as the program keeps them, to be written to."""
        known, kept = self._known((theta, *slots)), self._kept
        self._kept = None
        if known and kept is not None:
            return kept[1]
        count = max(1, len(self._recipe.optimiser.slots))
        vectors = aligned((1 + count, self._program.size), theta.dtype)
        for packed, vector in zip(vectors, (theta, *slots), strict=False):
            self._program.pack(vector, packed)
        return vectors

    def epochs_at_once(self, updates: int) -> int:
        """Return as many epochs as one lap has the time for; no result depends on it."""
        return max(1, self._lap // updates)

    def stretch(self, course: Course, theta: Array, slots: tuple[Array, ...]) -> Stretch | None:
        """Do several whole epochs in one lap; None where a number does not stay finite."""
        road = _Road(course, self._recipe, self._program, self._memory, self._together)
        here = road.start(self._packed(theta, slots), Totals())
        count = len(course.rates) // course.epochs
        began = time.perf_counter()
        road.advance(here, count)
        self._pace(count * course.epochs, time.perf_counter() - began)
        if not here.finite:
            return None
        done = self._keep(road.done(here, Totals()), here)
        weights = road.weights.reshape(-1, count).sum(axis=1)
        per_epoch = np.broadcast_to(weights, course.epochs).tolist()
        sums = zip(here.sums.tolist(), per_epoch, strict=True)
        totals = tuple(Totals(error, penalty, weight) for (error, penalty), weight in sums)
        return Stretch(done.theta, done.slots, totals)

    def error_over(self, theta: Array, samples: Samples) -> float:
        """Return E over any number of samples, the penalty included."""
        recipe, n = self._recipe, len(samples)
        if samples.weight is not None and not recipe.weighted:
            return error_over(recipe.objective, theta, samples)
        if recipe.weighted and samples.weight is None:
            samples = replace(samples, weight=np.ones(n, theta.dtype))
        rates = np.zeros(-(-n // self._batch_size))
        course = Course(samples, None, self._batch_size, 0, 0, rates)
        road = _Road(course, recipe, self._program, self._memory, self._together)
        kept = self._kept if self._known((theta,)) else None
        place = road.start(self._packed(theta, ()) if kept is None else kept[1], Totals())
        road.advance(place, len(rates), learn=False)
        scale = samples.total if recipe.objective.reduction == "mean" else 1.0
        return float(place.sums[0, 0]) / scale + float(penalty(recipe.objective, theta, NUMPY))

    def _pace(self, count: int, seconds: float) -> None:
        """Make the next lap as long as its time allows; no result depends on it."""
        wanted = count * LAP_SECONDS / max(seconds, 1e-9)
        self._lap = int(min(max(1.0, wanted), 4.0 * self._lap))

    def _broken(self, road: _Road, start: _Place, count: int, totals: Totals) -> Done:
        """Find the first of `count` updates that leads to a number that is not finite."""
        good = 0
        while count - good > 1:
            middle = (good + count) // 2
            there = start.copy()
            road.advance(there, middle)
            good, count = (middle, count) if there.finite else (good, middle)
        road.advance(start, good)
        done = road.done(start, totals)
        batch = road.course.batch(start.done)
        broken = start.copy()
        road.advance(broken, 1)
        recipe, s = self._recipe, batch.samples
        step = training_step(recipe.objective, recipe.optimiser, recipe.clipping)
        new, _, E, _, g = step(done.theta, done.slots, s.X, s.T, s.weight, batch.lr, batch.t)
        if np.isfinite(new).all() and np.isfinite(E) and np.isfinite(g).all():
            new = road.done(broken, totals).theta  # on the edge of the numbers: its own finding
        return replace(done, broken=Broken(batch, done.theta, new, float(E), g))


def aligned(shape: tuple[int, ...], dtype: Any) -> Array:
    """Return an array of zeros that begins where a line of the cache does."""
    kind = np.dtype(dtype)
    size = int(np.prod(shape)) * kind.itemsize
    raw = np.zeros(size + 64, np.uint8)
    start = -raw.ctypes.data % 64
    found: Array = raw[start : start + size].view(kind).reshape(shape)
    return found


class _Place:
    """How far a road has been walked: theta and the slots as the program keeps them, the sums."""

    def __init__(self, vectors: Array, sums: Array, done: int) -> None:
        self.vectors, self.sums, self.done = vectors, sums, done

    def copy(self) -> _Place:
        """Return a place from which to go another way."""
        vectors = aligned(self.vectors.shape, self.vectors.dtype)
        vectors[...] = self.vectors
        return _Place(vectors, self.sums.copy(), self.done)

    @property
    def finite(self) -> bool:
        """Whether theta and the sums are; what once is not never becomes it again."""
        return bool(np.isfinite(self.sums).all() and np.isfinite(self.vectors[0]).all())


class _Road:
    """A course as a program sees it: arrays that stay where they are while laps are run."""

    def __init__(
        self, course: Course, recipe: Recipe, program: Program, memory: Array, run: Together
    ) -> None:
        self.course, self._recipe, self._program = course, recipe, program
        self._memory, self._run = memory, run
        samples = course.samples
        n = len(samples)
        order = np.arange(n) if course.order is None else course.order
        self._index = np.ascontiguousarray(order, np.int64)
        self._stride = n if order.ndim == 2 else 0
        self._X, self._T = np.ascontiguousarray(samples.X), np.ascontiguousarray(samples.T)
        self._weight = samples.weight
        # what is the same in every epoch is laid down once
        constant = course.rates.strides == (0,)
        self._repeat = course.epochs > 1 and constant and samples.weight is None
        epochs = 1 if self._repeat else course.epochs
        count = len(course.rates) // course.epochs
        self._rates = np.ascontiguousarray(course.rates[: epochs * count])
        self.weights = _batch_weights(course, order, epochs)
        mean = recipe.objective.reduction == "mean"
        # a batch of rows that all weigh nothing has E = 0, not 0 / 0
        positive = np.where(self.weights > 0, self.weights, 1.0)
        self._scales = 1.0 / positive if mean else np.ones_like(positive)

    def start(self, vectors: Array, totals: Totals) -> _Place:
        """Return the place where the course begins; `vectors` as the program keeps them."""
        sums = np.zeros((self.course.epochs, 2))
        sums[0] = totals.error, totals.penalty
        return _Place(vectors, sums, 0)

    def advance(self, place: _Place, count: int, learn: bool = True) -> None:
        """Do the next `count` updates."""
        course, k = self.course, place.done
        lap = Lap(
            theta=place.vectors[0].ctypes.data,
            slots=place.vectors[1].ctypes.data,
            X=self._X.ctypes.data,
            T=self._T.ctypes.data,
            weight=None if self._weight is None else self._weight.ctypes.data,
            index=self._index.ctypes.data,
            rates=self._rates[k:].ctypes.data,
            scales=self._scales[k:].ctypes.data,
            weights=self.weights[k:].ctypes.data,
            totals=place.sums.ctypes.data,
            rows=len(course.samples),
            batch=course.batch_size,
            first=course.first + k,
            count=count,
            epochs=course.epochs,
            stride=self._stride,
            repeat=self._repeat,
            t=course.updates + k,
            scratch=self._memory.ctypes.data,
            threads=self._program.threads,
            learn=learn,
        )
        self._run(lap)
        place.done += count

    def done(self, place: _Place, totals: Totals) -> Done:
        """Return what the walk has led to."""
        n = self._recipe.objective.network.size
        found = [
            np.empty(n, place.vectors.dtype) for _ in range(1 + len(self._recipe.optimiser.slots))
        ]
        for packed, vector in zip(place.vectors, found, strict=False):
            self._program.unpack(packed, vector)
        error, penalty = place.sums[0].tolist()
        # one after the other, as if the epoch had not been cut here
        weights = np.add.accumulate(np.append(totals.weight, self.weights[: place.done]))
        summed = Totals(error, penalty, float(weights[-1]))
        return Done(found[0], tuple(found[1:]), summed, place.done)


def _batch_weights(course: Course, order: Array, epochs: int) -> Array:
    """Return the total weight of every batch of the course, epoch after epoch."""
    n, size = len(course.samples), course.batch_size
    count = len(course.rates) // course.epochs
    starts = np.arange(course.first, course.first + count) * size
    if course.samples.weight is None:
        return np.tile(np.minimum(size, n - starts).astype(np.float64), epochs)
    weight = course.samples.weight[np.atleast_2d(order)].astype(np.float64)
    found = np.add.reduceat(weight, starts, axis=1) if count else np.zeros((len(weight), 0))
    return np.tile(found[0], epochs) if len(found) == 1 else found.ravel()
