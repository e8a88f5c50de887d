"""What a network's first layers make of its inputs, made once: layers without parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import numpy as np

from deltarule.core.arrays import Array
from deltarule.core.namespace import NUMPY
from deltarule.core.sequences import Sequences
from deltarule.engine.objective import Objective
from deltarule.engine.samples import Samples
from deltarule.engine.trainer import BatchPlan, ChunkOutcome, Outcome, Totals, Trainer
from deltarule.layers import Unweighted
from deltarule.network import Network


class Ahead:
    """A trainer of the layers behind the first, which are done when samples come in.

    What goes in and out are the samples and the theta of the whole network.
    """

    def __init__(self, trainer: Trainer, first: Unweighted) -> None:
        self._trainer, self._first = trainer, first
        self._last: tuple[Samples, Samples] | None = None

    @property
    def threads(self) -> int:
        """How many threads do the work together."""
        return self._trainer.threads

    def epochs_at_once(self, updates: int) -> int:
        """Return how many epochs of so many updates may be done in one call of `chunk`."""
        return self._trainer.epochs_at_once(updates)

    def error_over(self, theta: Array, samples: Samples) -> float:
        """Return E over any number of samples, the penalty included."""
        return self._trainer.error_over(theta, behind(self._first, samples))

    def chunk(
        self,
        plan: BatchPlan,
        theta: Array,
        slots: tuple[Array, ...],
        watched: Samples | None = None,
    ) -> ChunkOutcome | None:
        """Do several whole epochs; None where a number does not stay finite on the way."""
        watched = None if watched is None else behind(self._first, watched)
        return self._trainer.chunk(self._plan(plan), theta, slots, watched)

    def run(
        self,
        plan: BatchPlan,
        theta: Array,
        slots: tuple[Array, ...],
        totals: Totals,
        proceed: Callable[[int], bool],
    ) -> Outcome:
        """Do one update per batch of the plan while `proceed` allows it."""
        found = self._trainer.run(self._plan(plan), theta, slots, totals, proceed)
        if found.non_finite is None:
            return found
        batch = plan.batch(found.non_finite.batch.t - plan.updates - 1)
        return replace(found, non_finite=replace(found.non_finite, batch=batch))

    def _plan(self, plan: BatchPlan) -> BatchPlan:
        if self._last is None or self._last[0] is not plan.samples:
            self._last = plan.samples, behind(self._first, plan.samples)
        return replace(plan, samples=self._last[1])


def ahead(objective: Objective) -> tuple[Objective, Unweighted | None]:
    """Return the objective without its first layer, and that, where it has no parameters."""
    net, first = objective.network, objective.network.layers[0]
    if not isinstance(first, Unweighted) or not objective.rule.exact or len(net.layers) == 1:
        return objective, None  # a rule speaks of layers by their numbers
    rest = Network(net.shapes[1], net.layers[1:], net.initialiser)
    return replace(objective, network=rest), first


def behind(first: Unweighted, samples: Samples) -> Samples:
    """Return samples as the second layer sees them."""
    X, forward = samples.X, cast(Any, first.forward)
    ends = (X.lengths,) if isinstance(X, Sequences) and first.by_length else ()
    X, _ = forward({}, X.values if isinstance(X, Sequences) else X, NUMPY, *ends)
    return replace(samples, X=X if isinstance(X, Sequences) else np.ascontiguousarray(X))
