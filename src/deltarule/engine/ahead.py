"""What a network's first layers make of its inputs, made once: layers without parameters."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import numpy as np

from deltarule.core.arrays import Array
from deltarule.core.namespace import NUMPY
from deltarule.core.sequences import Sequences
from deltarule.engine.objective import Objective
from deltarule.engine.samples import Samples
from deltarule.engine.trainer import (
    Around,
    BatchPlan,
    ChunkOutcome,
    Outcome,
    Proceed,
    Totals,
    Trainer,
    Vectors,
    placed,
)
from deltarule.layers import Unweighted
from deltarule.network import Network


class Ahead(Around):
    """A trainer of the layers behind the first, which are done when samples come in.

    What goes in and out are the samples and the theta of the whole network.
    """

    def __init__(self, trainer: Trainer, first: Unweighted) -> None:
        super().__init__(trainer)
        self._first = first

    def error_over(self, theta: Array, samples: Samples) -> float:
        """Return E over any number of samples, the penalty included."""
        return self._trainer.error_over(theta, behind(self._first, samples))

    def chunk(
        self, plan: BatchPlan, theta: Array, slots: Vectors, watched: Samples | None = None
    ) -> ChunkOutcome | None:
        """Do several whole epochs; None where a number does not stay finite on the way."""
        watched = None if watched is None else behind(self._first, watched)
        return self._trainer.chunk(self._plan(plan), theta, slots, watched)

    def run(
        self, plan: BatchPlan, theta: Array, slots: Vectors, totals: Totals, proceed: Proceed
    ) -> Outcome:
        """Do one update per batch of the plan while `proceed` allows it."""
        return placed(self._trainer.run(self._plan(plan), theta, slots, totals, proceed), plan)

    def _plan(self, plan: BatchPlan) -> BatchPlan:
        own = self._made(plan.samples, lambda samples: behind(self._first, samples))
        return replace(plan, samples=own)


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
