"""What every engine is asked for: updates over a chunk of batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from deltarule.core.arrays import Array
from deltarule.engine.objective import Objective
from deltarule.engine.samples import Samples

Vectors = tuple[Array, ...]
Proceed = Callable[[int], bool]


@dataclass(frozen=True)
class Totals:
    """What an epoch's batches add up to; arrays of several epochs' are looked at together."""

    error: Any = 0.0
    """sum over batches of weight * E for "mean", of E for "sum"; without its penalty where that is
    kept apart."""
    penalty: Any = 0.0
    """sum over batches of weight * penalty, where it is kept apart (always for "sum")."""
    weight: Any = 0.0
    """sum over batches of their samples' weights."""

    def add(
        self, objective: Objective, E: float, decay: float, weight: float, windows: int = 1
    ) -> Totals:
        """Return the totals with one more batch, or one of the windows that its samples have."""
        if windows > 1:  # the samples count once, and the penalty as often as they do
            error = (E - decay) * (weight if objective.reduction == "mean" else 1.0)
            own = weight / windows
            return Totals(self.error + error, self.penalty + own * decay, self.weight + own)
        if objective.reduction == "mean":
            return Totals(self.error + weight * E, self.penalty, self.weight + weight)
        error = self.error + (E - decay)
        return Totals(error, self.penalty + weight * decay, self.weight + weight)

    def epoch_error(self, objective: Objective) -> Any:
        """Return the epoch's error: the weighted mean of E, or the total with one penalty."""
        weight = self.weight + (self.weight == 0)  # samples that all weigh nothing have E = 0
        if objective.reduction == "mean":
            return (self.error + self.penalty) / weight
        return self.error + self.penalty / weight


@dataclass(frozen=True)
class Batch:
    """One update to do: its samples, eta, and t = 1, 2, ..., the number of the update."""

    samples: Samples
    lr: float
    t: int
    window: int = 0
    """Which window of its samples it is, from 0."""


@dataclass(frozen=True)
class BatchPlan:
    """A chunk of batches of one epoch, in order; a last, smaller batch is used as it is."""

    samples: Samples
    order: NDArray[np.intp] | None
    """The epoch's order of the samples; None for the given one. A row per epoch for several."""
    batch_size: int
    first: int
    """The number of the first batch in the epoch, from 0."""
    updates: int
    """The updates done before it."""
    rates: NDArray[np.float64]
    """eta for every batch from the first on."""
    epochs: int = 1
    """More than 1: the same batches in every one of so many epochs, `rates` for all of them."""
    epoch: float = 0.0
    """The epochs done before it."""
    windows: int = 1
    """So many updates are made of the same rows, one of each of their windows."""
    cut: Callable[[Samples, int], Samples] | None = None
    """How a window, by its number, is cut out of samples."""

    def rows(self, k: int) -> slice:
        """Return where the plan's batch k = 0, 1, ... lies in the epoch's order."""
        start = (self.first + k) // self.windows * self.batch_size
        return slice(start, min(start + self.batch_size, len(self.samples)))

    def batch(self, k: int) -> Batch:
        """Return the plan's batch k = 0, 1, ..."""
        rows = self.rows(k)
        samples = self.samples.take(rows if self.order is None else self.order[rows])
        window = (self.first + k) % self.windows
        samples = samples if self.cut is None else self.cut(samples, window)
        return Batch(samples, float(self.rates[k]), self.updates + k + 1, window)

    def __iter__(self) -> Iterator[Batch]:
        return (self.batch(k) for k in range(len(self.rates)))


@dataclass(frozen=True)
class NonFinite:
    """An update that met a number that is not finite."""

    batch: Batch
    theta: Array
    """The weights before it, all finite."""
    new: Array
    """The weights that it would have led to."""
    error: float
    gradient: Array


@dataclass(frozen=True)
class Outcome:
    """Where a plan, or the part of it that was done, has led to."""

    theta: Array
    slots: Vectors
    """The optimiser's vectors."""
    totals: Totals
    updates: int
    """How many updates were done."""
    non_finite: NonFinite | None = None
    """The update that met a number that is not finite, if one did: theta is the one before it."""


@dataclass(frozen=True)
class ChunkOutcome:
    """Where several whole epochs have led to."""

    theta: Array
    slots: Vectors
    totals: Totals
    """What every epoch's batches add up to: arrays (epochs,)."""
    errors: tuple[float, ...] = ()
    """E over the watched samples after every epoch."""
    after: Callable[[int], tuple[Array, Vectors]] | None = None
    """theta and slots after so many epochs, where samples were watched."""


class Trainer(Protocol):
    """An engine at work on one objective with one optimiser."""

    def epochs_at_once(self, updates: int) -> int:
        """Return how many epochs of so many updates may be done in one call of `chunk`."""

    def orders(self, seed: int, epoch: int, epochs: int, n: int) -> Array:
        """Return n rows in the orders of some epochs, (epochs, n): `core.random.orders`."""

    def chunk(
        self, plan: BatchPlan, theta: Array, slots: Vectors, watched: Samples | None = None
    ) -> ChunkOutcome | None:
        """Do several whole epochs; None where a number does not stay finite on the way.

        After each, E over the `watched` samples is measured, where there are any.
        """

    @property
    def threads(self) -> int:
        """How many threads do the work together."""

    def error_over(self, theta: Array, samples: Samples) -> float:
        """Return E over any number of samples, the penalty included."""

    def run(
        self, plan: BatchPlan, theta: Array, slots: Vectors, totals: Totals, proceed: Proceed
    ) -> Outcome:
        """Do one update per batch of the plan while `proceed` allows it.

        `proceed(updates)` is asked before every so many updates, and answers whether to do them.
        The arrays given are never written to.
        """


class Around:
    """What a trainer has that looks at samples otherwise, and leaves the work to another one."""

    def __init__(self, trainer: Trainer) -> None:
        self._trainer = trainer
        self._last: tuple[Samples, Samples] | None = None

    @property
    def threads(self) -> int:
        """How many threads do the work together."""
        return self._trainer.threads

    def epochs_at_once(self, updates: int) -> int:
        """Return how many epochs of so many updates may be done in one call of `chunk`."""
        return self._trainer.epochs_at_once(updates)

    def orders(self, seed: int, epoch: int, epochs: int, n: int) -> Array:
        """Return n rows in the orders of some epochs, (epochs, n)."""
        return self._trainer.orders(seed, epoch, epochs, n)

    def _made(self, samples: Samples, make: Callable[[Samples], Samples]) -> Samples:
        """Return the samples as the other one sees them; made once."""
        if self._last is None or self._last[0] is not samples:
            self._last = samples, make(samples)
        return self._last[1]


def placed(found: Outcome, plan: BatchPlan) -> Outcome:
    """Return an outcome with the plan's own batch where a number was not finite."""
    if found.non_finite is None:
        return found
    batch = plan.batch(found.non_finite.batch.t - plan.updates - 1)
    return replace(found, non_finite=replace(found.non_finite, batch=batch))
