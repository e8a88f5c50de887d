"""Lion: the sign of two momenta."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deltarule.core.namespace import sign
from deltarule.optim.optimiser import OPTIMISERS, Optimiser, Update
from deltarule.optim.schedules import Schedule


@OPTIMISERS.register
@dataclass(frozen=True)
class Lion(Optimiser):
    """Lion: theta <- theta - lr (sign(beta1 m + (1 - beta1) g) + weight_decay theta).

        m <- beta2 m + (1 - beta2) g

    Only weights decay, not biases. Every step has the size lr: take a tenth of Adam's.
    """

    lr: float | Schedule = 0.0001
    """eta: a number or a schedule."""
    beta1: float = 0.9
    """The share of m in the step, in [0, 1)."""
    beta2: float = 0.99
    """The share of m that is kept, in [0, 1)."""
    weight_decay: float = 0.0
    """lambda: how much of a weight is lost per unit of eta."""

    name = "lion"
    slots = ("m",)
    equation = (
        r"\theta \leftarrow \theta - \eta\,"
        r" (\mathrm{sign}(\beta_1 m + (1 - \beta_1) g) + \lambda \theta)"
    )
    reference = "Chen et al. (2023), Symbolic discovery of optimization algorithms"

    def body(self, xp: Any) -> Update:
        """Return `update` over the namespace `xp`."""
        beta1, beta2, weight_decay = self.beta1, self.beta2, self.weight_decay

        def update(theta: Any, g: Any, lr: Any, t: Any, penalised: Any, m: Any) -> tuple[Any, ...]:
            shrunk = xp.where(penalised, theta - lr * weight_decay * theta, theta)
            step = sign(beta1 * m + (1.0 - beta1) * g, xp)
            return shrunk - lr * step, beta2 * m + (1.0 - beta2) * g

        return update
