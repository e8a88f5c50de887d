"""Windows of long sequences in the compiled engine: each is a sample, and its state is taken on.

A program of sequences with `spec.windows` begins a batch with the states that the batch before has
left, but for the first one of W. What comes in here are whole sequences; the program sees n W rows
of one window each, those of a batch of sequences one after the other.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from deltarule.core.arrays import Array
from deltarule.engine.compiled.trainer import CompiledTrainer
from deltarule.engine.epoch import error_over
from deltarule.engine.objective import Objective
from deltarule.engine.over_time import OverTime
from deltarule.engine.samples import Samples
from deltarule.engine.trainer import (
    Around,
    BatchPlan,
    ChunkOutcome,
    Outcome,
    Proceed,
    Totals,
    Vectors,
    placed,
)
from deltarule.network import Network


def of_one_window(objective: Objective, over_time: OverTime) -> Objective:
    """Return the objective of one window, with the same theta."""
    layers, features = over_time.layers, over_time.features
    network = Network((over_time.size, features), layers, objective.network.initialiser)
    return replace(objective, network=network)


class Windowed(Around):
    """A trainer of whole sequences, window by window."""

    def __init__(self, trainer: CompiledTrainer, objective: Objective, over_time: OverTime) -> None:
        super().__init__(trainer)
        self._compiled, self._objective, self._over_time = trainer, objective, over_time

    def error_over(self, theta: Array, samples: Samples) -> float:
        """Return E over any number of whole sequences, the penalty included."""
        return error_over(self._objective, theta, samples)

    def chunk(
        self, plan: BatchPlan, theta: Array, slots: Vectors, watched: Samples | None = None
    ) -> ChunkOutcome | None:
        """Do several whole epochs; None where a number does not stay finite on the way.

        Nor are there any where samples are `watched`, whose E is that of whole sequences.
        """
        if watched is not None:
            return None
        own = self._own(slots)
        found = self._trainer.chunk(self._plan(plan), theta, slots[:own])
        if found is None:
            return None
        totals = self._scaled(found.totals, 1.0 / plan.windows)
        return ChunkOutcome(found.theta, (*found.slots, *self._states(plan)), totals)

    def run(
        self, plan: BatchPlan, theta: Array, slots: Vectors, totals: Totals, proceed: Proceed
    ) -> Outcome:
        """Do one update per window of the plan while `proceed` allows it."""
        own, W = self._own(slots), plan.windows
        self._take(slots[own:])
        before = self._scaled(totals, float(W))
        found = self._trainer.run(self._plan(plan), theta, slots[:own], before, proceed)
        states = (*found.slots, *self._states(plan))
        totals = self._scaled(found.totals, 1.0 / W)
        return placed(replace(found, slots=states, totals=totals), plan)

    def _own(self, slots: Vectors) -> int:
        """Return how many of the vectors are the optimiser's; the others are states."""
        return len(slots) - len(self._over_time.widths)

    def _scaled(self, totals: Totals, factor: float) -> Totals:
        """Return totals that count a sequence once, for those of its windows, or back."""
        return Totals(totals.error, totals.penalty * factor, totals.weight * factor)

    def _take(self, states: Vectors) -> None:
        """Lay down the states that the next window begins with, as the program keeps them."""
        kept = self._compiled.kept
        blocks, _, lanes = kept.shape
        joined = np.concatenate(states, axis=1)
        rows = np.zeros((blocks * lanes, joined.shape[1]), kept.dtype)
        rows[: len(joined)] = joined
        kept[...] = rows.reshape(blocks, lanes, -1).swapaxes(1, 2)

    def _states(self, plan: BatchPlan) -> Vectors:
        """Return the states that the last window has left."""
        kept = self._compiled.kept
        rows = kept.swapaxes(1, 2).reshape(-1, kept.shape[1])[: plan.batch_size]
        ends = np.cumsum(self._over_time.widths)[:-1]
        return tuple(part.copy() for part in np.split(rows, ends, axis=1))

    def _plan(self, plan: BatchPlan) -> BatchPlan:
        """Return the plan of the windows as samples of their own."""
        s, W = plan.samples, plan.windows
        order = np.arange(len(s)) if plan.order is None else plan.order
        batches = order.reshape(*order.shape[:-1], -1, 1, plan.batch_size)
        each = batches * W + np.arange(W)[:, None]
        rows = each.reshape(*order.shape[:-1], -1)
        own = self._made(s, self._over_time.apart)
        return replace(plan, samples=own, order=rows, windows=1, cut=None)
