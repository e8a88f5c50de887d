"""RMSprop: each weight's step is divided by the running size of its gradient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deltarule.optim.optimiser import OPTIMISERS, Optimiser, Update
from deltarule.optim.schedules import Schedule


@OPTIMISERS.register
@dataclass(frozen=True)
class RMSprop(Optimiser):
    """RMSprop: s <- rho s + (1 - rho) g^2, theta <- theta - lr g / (sqrt(s) + eps).

    eps stands outside the root, as in PyTorch (TensorFlow 1 had it inside).

    >>> import numpy as np
    >>> update = RMSprop(lr=0.5, rho=0.75, eps=0.0).body(np)
    >>> update(np.array([1.0]), np.array([4.0]), 0.5, 1, True, np.array([16.0]))
    (array([0.5]), array([16.]))
    """

    lr: float | Schedule = 0.001
    """eta: a number or a schedule."""
    rho: float = 0.9
    """The share of the running mean that is kept, in [0, 1)."""
    eps: float = 1e-8
    """Keeps the denominator from 0."""

    name = "rmsprop"
    slots = ("s",)
    equation = r"s \leftarrow \rho s + (1 - \rho) g^2,\quad "
    equation += r"\theta \leftarrow \theta - \eta g / (\sqrt{s} + eps)"
    reference = "Tieleman and Hinton (2012), Lecture 6.5, Neural networks for machine learning"

    def body(self, xp: Any) -> Update:
        """Return `update` over the namespace `xp`."""
        rho, eps = self.rho, self.eps

        def update(theta: Any, g: Any, lr: Any, t: Any, penalised: Any, s: Any) -> tuple[Any, ...]:
            s = rho * s + (1.0 - rho) * g * g
            return theta - lr * g / (xp.sqrt(s) + eps), s

        return update
