"""Adagrad: each weight's step is divided by the size of all its gradients so far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deltarule.optim.optimiser import OPTIMISERS, Optimiser, Update
from deltarule.optim.schedules import Schedule


@OPTIMISERS.register
@dataclass(frozen=True)
class Adagrad(Optimiser):
    """Adagrad: s <- s + g^2, theta <- theta - lr g / (sqrt(s) + eps); eps outside the root.

    >>> import numpy as np
    >>> update = Adagrad(lr=0.5, eps=0.0).body(np)
    >>> update(np.array([1.0]), np.array([3.0]), 0.5, 1, True, np.array([16.0]))
    (array([0.7]), array([25.]))
    """

    lr: float | Schedule = 0.01
    """eta: a number or a schedule."""
    eps: float = 1e-10
    """Keeps the denominator from 0."""

    name = "adagrad"
    slots = ("s",)
    equation = r"s \leftarrow s + g^2,\quad \theta \leftarrow \theta - \eta g / (\sqrt{s} + eps)"
    reference = "Duchi, Hazan and Singer (2011), Adaptive subgradient methods"

    def body(self, xp: Any) -> Update:
        """Return `update` over the namespace `xp`."""
        eps = self.eps

        def update(theta: Any, g: Any, lr: Any, t: Any, penalised: Any, s: Any) -> tuple[Any, ...]:
            s = s + g * g
            return theta - lr * g / (xp.sqrt(s) + eps), s

        return update
