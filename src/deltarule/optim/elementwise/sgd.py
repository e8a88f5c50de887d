"""Stochastic gradient descent: the delta rule as it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deltarule.optim.optimiser import OPTIMISERS, Optimiser, Update
from deltarule.optim.schedules import Schedule


@OPTIMISERS.register
@dataclass(frozen=True)
class SGD(Optimiser):
    """Gradient descent: theta <- theta - lr g.

    Stochastic when a batch stands for all samples; the weakest use of the gradient, and the
    reference for all others.

    >>> import numpy as np
    >>> SGD(lr=0.5).body(np)(np.array([1.0]), np.array([0.2]), 0.5, 1, True)
    (array([0.9]),)
    """

    lr: float | Schedule = 0.1
    """eta: a number or a schedule."""

    name = "sgd"
    equation = r"\theta \leftarrow \theta - \eta g"
    reference = "Robbins and Monro (1951), A stochastic approximation method"

    def body(self, xp: Any) -> Update:
        """Return `update` over the namespace `xp`."""

        def update(theta: Any, g: Any, lr: Any, t: Any, penalised: Any) -> tuple[Any, ...]:
            return (theta - lr * g,)

        return update
