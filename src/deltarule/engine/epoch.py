"""The reference engine's loops over samples: one epoch of updates, and E over many samples."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.namespace import NUMPY
from deltarule.engine.blocks import Blocks
from deltarule.engine.objective import Objective
from deltarule.engine.reference import Step, data_error, penalty
from deltarule.engine.samples import Samples
from deltarule.network import Network

__all__ = ["Batch", "Broken", "Totals", "error_over", "largest_miss", "outputs_over", "run_batches"]

CHUNK = 4096
"""Samples per forward pass where no update happens: memory stays that of one batch."""

Array = NDArray[Any]


@dataclass(frozen=True)
class Totals:
    """What an epoch's batches add up to."""

    error: float = 0.0
    """sum over batches of weight * E for "mean", of E without its penalty for "sum"."""
    penalty: float = 0.0
    """sum over batches of weight * penalty ("sum" alone; "mean" has it in E)."""
    weight: float = 0.0
    """sum over batches of their samples' weights."""

    def add(self, objective: Objective, E: float, decay: float, weight: float) -> Totals:
        """Return the totals with one more batch."""
        if objective.reduction == "mean":
            return Totals(self.error + weight * E, 0.0, self.weight + weight)
        error = self.error + (E - decay)
        return Totals(error, self.penalty + weight * decay, self.weight + weight)

    def epoch_error(self, objective: Objective) -> float:
        """Return the epoch's error: the weighted mean of E, or the total with one penalty."""
        weight = self.weight if self.weight > 0 else 1.0
        if objective.reduction == "mean":
            return self.error / weight
        return self.error + self.penalty / weight


@dataclass(frozen=True)
class Batch:
    """One update to do: its samples, eta, and t = 1, 2, ..., the number of the update."""

    samples: Samples
    lr: float
    t: int


@dataclass(frozen=True)
class Broken:
    """An update that met a number that is not finite."""

    batch: Batch
    theta: Array
    """The weights before it, all finite."""
    new: Array
    """The weights that it would have led to."""
    error: float
    gradient: Array


def run_batches(
    make_step: Callable[[Callable[..., Any]], Step],
    objective: Objective,
    theta: Array,
    state: tuple[Array, ...],
    batches: Iterable[Batch],
    totals: Totals,
    proceed: Callable[[], bool],
) -> tuple[Array, tuple[Array, ...], Totals, int, Broken | None]:
    """Do one update per batch while `proceed()` holds.

    Returns theta and the optimiser's state, the totals, the number of updates done, and the
    update that met a number that is not finite, if one did: theta is then the one before it.
    """
    step, done = make_step(Blocks()), 0
    for batch in batches:
        if not proceed():
            break
        s = batch.samples
        new, slots, E, decay, g = step(theta, state, s.X, s.T, s.weight, batch.lr, batch.t)
        if not (np.isfinite(E) and _finite(g) and _finite(new)):
            return theta, state, totals, done, Broken(batch, theta, new, float(E), g)
        theta, state = new, slots
        totals = totals.add(objective, float(E), float(decay), s.total)
        done += 1
    return theta, state, totals, done, None


def _finite(vector: Array) -> bool:
    """Whether every entry is finite; the dot product decides nearly always, at no cost."""
    return bool(np.isfinite(np.dot(vector, vector)) or np.isfinite(vector).all())


def error_over(objective: Objective, theta: Array, samples: Samples) -> float:
    """Return E over any number of samples, the penalty included, a chunk at a time."""
    total = 0.0
    summed = Objective(objective.network, objective.loss, "sum", objective.rule, objective.l2)
    for rows in _chunks(len(samples)):
        part = samples.take(rows)
        nets, y = objective.network.forward(theta, part.X)
        total += float(data_error(summed, nets[-1], y[-1], part.T, part.weight, NUMPY))
    scale = samples.total if objective.reduction == "mean" else 1.0
    return total / scale + float(penalty(objective, theta, NUMPY))


def largest_miss(objective: Objective, theta: Array, samples: Samples) -> float:
    """Return the largest |T - y| over all samples and outputs."""
    return float(np.max(np.abs(samples.T - outputs_over(objective.network, theta, samples.X))))


def outputs_over(network: Network, theta: Array, X: Array) -> Array:
    """Return Y (n, n_L) for any number of rows X (n, n_0)."""
    found = np.empty((len(X), network.sizes[-1]), theta.dtype)
    for rows in _chunks(len(X)):
        found[rows] = network.forward(theta, X[rows])[1][-1]
    return found


def _chunks(n: int) -> Iterable[slice]:
    return (slice(start, start + CHUNK) for start in range(0, n, CHUNK))
