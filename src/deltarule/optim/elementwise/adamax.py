"""Adamax: Adam with the largest gradient in the place of the running size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deltarule.core.namespace import magnitude
from deltarule.optim.elementwise.moments import Moments
from deltarule.optim.optimiser import OPTIMISERS, Update
from deltarule.optim.schedules import Schedule


@OPTIMISERS.register
@dataclass(frozen=True)
class Adamax(Moments):
    """Adamax: theta <- theta - lr mhat / u.

        m <- beta1 m + (1 - beta1) g          mhat = m / (1 - beta1^t)
        u <- max(beta2 u, |g| + eps)

    Algorithm 2 of Adam's paper; eps is added to |g|, as PyTorch does (the paper has none, Keras
    adds it to u).
    """

    lr: float | Schedule = 0.002
    beta2: float = 0.999
    """The share of u that is kept, in [0, 1)."""

    name = "adamax"
    slots = ("m", "u")
    equation = (
        r"m \leftarrow \beta_1 m + (1 - \beta_1) g,\; u \leftarrow \max(\beta_2 u, |g| + eps),\;"
        r"\theta \leftarrow \theta - \eta \hat m / u"
    )
    reference = "Kingma and Ba (2015), Adam, algorithm 2"

    def body(self, xp: Any) -> Update:
        """Return `update` over the namespace `xp`."""
        beta1, beta2, eps = self.beta1, self.beta2, self.eps

        def update(
            theta: Any, g: Any, lr: Any, t: Any, penalised: Any, m: Any, u: Any
        ) -> tuple[Any, ...]:
            m = beta1 * m + (1.0 - beta1) * g
            u = xp.maximum(beta2 * u, magnitude(g, xp) + eps)
            return theta - lr / (1.0 - beta1**t) * m / u, m, u

        return update
