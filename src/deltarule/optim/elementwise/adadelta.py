"""Adadelta: RMSprop whose rate is the running size of its own steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deltarule.optim.optimiser import OPTIMISERS, Optimiser, Update
from deltarule.optim.schedules import Schedule


@OPTIMISERS.register
@dataclass(frozen=True)
class Adadelta(Optimiser):
    """Adadelta: theta <- theta - lr d, with eps inside both roots.

        s <- rho s + (1 - rho) g^2
        d = g sqrt(u + eps) / sqrt(s + eps)
        u <- rho u + (1 - rho) d^2

    >>> import numpy as np
    >>> update = Adadelta(lr=1.0, rho=0.75, eps=0.0).body(np)
    >>> four = np.array([16.0])
    >>> update(np.array([1.0]), np.array([4.0]), 1.0, 1, True, four, np.array([0.25]))
    (array([0.5]), array([16.]), array([0.25]))
    """

    lr: float | Schedule = 1.0
    """eta: a number or a schedule."""
    rho: float = 0.9
    """The share of the running mean that is kept, in [0, 1)."""
    eps: float = 1e-6
    """Keeps the denominator from 0."""

    name = "adadelta"
    slots = ("s", "u")
    equation = r"s \leftarrow \rho s + (1 - \rho) g^2,\; d = g \sqrt{u + eps} / \sqrt{s + eps},\;"
    equation += r" u \leftarrow \rho u + (1 - \rho) d^2,\; \theta \leftarrow \theta - \eta d"
    reference = "Zeiler (2012), ADADELTA: an adaptive learning rate method, algorithm 1"

    def body(self, xp: Any) -> Update:
        """Return `update` over the namespace `xp`."""
        rho, eps = self.rho, self.eps

        def update(
            theta: Any, g: Any, lr: Any, t: Any, penalised: Any, s: Any, u: Any
        ) -> tuple[Any, ...]:
            s = rho * s + (1.0 - rho) * g * g
            d = g * xp.sqrt(u + eps) / xp.sqrt(s + eps)
            u = rho * u + (1.0 - rho) * d * d
            return theta - lr * d, s, u

        return update
