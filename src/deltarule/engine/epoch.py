"""The reference engine's loops over samples: one epoch of updates, and E over many samples."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from deltarule.core.arrays import Array
from deltarule.core.namespace import NUMPY
from deltarule.core.random import orders
from deltarule.engine.objective import Objective
from deltarule.engine.over_time import OverTime
from deltarule.engine.reference import Backprop, backprop, data_error, penalty, training_step
from deltarule.engine.rule_state import RuleState
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
from deltarule.engine.update import slots as slots_of
from deltarule.layers import Recurrent
from deltarule.network import Network
from deltarule.optim import Clipping, Optimiser

CHUNK = 4096
"""Samples per forward pass where no update happens: memory stays that of one batch."""


class ReferenceTrainer:
    """The reference engine at work: one textbook step per batch."""

    def __init__(
        self,
        objective: Objective,
        optimiser: Optimiser,
        clipping: Clipping,
        rule: RuleState | None = None,
        passes: Callable[..., Backprop] = backprop,
        over_time: OverTime | None = None,
    ) -> None:
        self._objective, self._over_time = objective, over_time
        layers = objective.network.layers  # a truncated way back is counted from the end of all
        self._cut_off = any(isinstance(one, Recurrent) and one.truncate for one in layers)
        self._slots = len(slots_of(objective, optimiser))
        self._step = training_step(
            objective, optimiser, clipping, apply=Blocks(), rule=rule, passes=passes
        )

    @property
    def threads(self) -> int:
        """Return 1: NumPy may use more of its own accord."""
        return 1

    def error_over(self, theta: Array, samples: Samples) -> float:
        """Return E over any number of samples, the penalty included."""
        return error_over(self._objective, theta, samples)

    def epochs_at_once(self, updates: int) -> int:
        """Return 1: this engine comes back after every epoch."""
        return 1

    def orders(self, seed: int, epoch: int, epochs: int, n: int) -> Array:
        """Return n rows in the orders of some epochs, (epochs, n)."""
        return orders(seed, epoch, epochs, n)

    def chunk(
        self, plan: BatchPlan, theta: Array, slots: Vectors, watched: Samples | None = None
    ) -> ChunkOutcome | None:
        """Return None: see `epochs_at_once`."""
        return None

    def run(
        self, plan: BatchPlan, theta: Array, slots: Vectors, totals: Totals, proceed: Proceed
    ) -> Outcome:
        """Do one update per batch of the plan while `proceed` allows it."""
        done = 0
        kept: Vectors = ()
        passed = None
        for batch in plan:
            if not proceed(1):
                break
            s = batch.samples if self._cut_off else batch.samples.to_longest()
            if self._over_time is not None:
                slots, kept = slots[: self._slots], slots[self._slots :]
                passed, kept = self._over_time.passed(batch, theta, kept, plan.epoch)
            new, state, E, decay, g = self._step(
                theta, slots, s.X, s.T, s.weight, batch.lr, batch.t, passed
            )
            state = (*state, *kept)
            if not (np.isfinite(E) and _finite(g) and _finite(new)):
                return Outcome(
                    theta, slots, totals, done, NonFinite(batch, theta, new, float(E), g)
                )
            theta, slots = new, state
            totals = totals.add(self._objective, float(E), float(decay), s.total, plan.windows)
            done += 1
        return Outcome(theta, slots, totals, done)


def _finite(vector: Array) -> bool:
    """Whether every entry is finite; the dot product decides nearly always, at no cost."""
    return bool(np.isfinite(np.dot(vector, vector)) or np.isfinite(vector).all())


def error_over(objective: Objective, theta: Array, samples: Samples) -> float:
    """Return E over any number of samples, the penalty included, a chunk at a time."""
    total = 0.0
    summed = replace(objective, reduction="sum")
    for rows in _chunks(len(samples)):
        part = samples.take(rows)
        nets, y = objective.network.forward(theta, part.X)
        total += float(data_error(summed, nets[-1], y[-1], part.T, part.weight, NUMPY))
    scale = samples.total if objective.reduction == "mean" else 1.0
    return total / scale + float(penalty(objective, theta, NUMPY))


def largest_miss(objective: Objective, theta: Array, samples: Samples) -> float:
    """Return the largest |T - y| over all samples and outputs."""
    miss = np.abs(samples.T - outputs_over(objective.network, theta, samples.X))
    if samples.weight is not None and samples.weight.ndim == 2:  # what is behind the end counts not
        miss = miss[samples.weight > 0]
    return float(np.max(miss))


def outputs_over(network: Network, theta: Array, X: Array) -> Array:
    """Return Y (n, n_L) for any number of rows X (n, n_0)."""
    found = np.empty((len(X), *network.shapes[-1]), theta.dtype)
    for rows in _chunks(len(X)):
        found[rows] = network.forward(theta, X[rows])[1][-1]
    return found


def _chunks(n: int) -> Iterable[slice]:
    return (slice(start, start + CHUNK) for start in range(0, n, CHUNK))


BLOCK = 16_384
"""Entries per block: a few of them fit into a core's second-level cache."""


class Blocks:
    """Apply an elementwise update to long vectors, a block at a time.

    The vectors of two updates back are written over; the ones that came from outside never are.
    Vectors of at most `BLOCK` entries are updated as a whole.
    """

    def __init__(self) -> None:
        self._last: Vectors | None = None
        self._spare: Vectors | None = None

    def __call__(
        self,
        update: Callable[..., Vectors],
        theta: Array,
        g: Array,
        lr: float | Array,
        t: int,
        penalised: Array,
        *state: Array,
        **given: Any,
    ) -> Vectors:
        """Return `update(theta, g, lr, t, penalised, *state, **given)`; lr may be a vector."""
        if theta.size <= BLOCK:
            return update(theta, g, lr, t, penalised, *state, **given)
        found = self._spare or tuple(np.empty_like(v) for v in (theta, *state))
        for start in range(0, theta.size, BLOCK):
            s = slice(start, start + BLOCK)
            rate = lr[s] if isinstance(lr, np.ndarray) else lr
            new = update(theta[s], g[s], rate, t, penalised[s], *(v[s] for v in state), **given)
            for whole, part in zip(found, new, strict=True):
                whole[s] = part
        self._spare, self._last = self._last, found
        return found
