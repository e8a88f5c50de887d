"""Yogi: Adam whose running size changes by a bounded amount."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deltarule.core.namespace import sign
from deltarule.optim.elementwise.moments import Moments
from deltarule.optim.optimiser import OPTIMISERS, Update
from deltarule.optim.schedules import Schedule


@OPTIMISERS.register
@dataclass(frozen=True)
class Yogi(Moments):
    """Yogi: theta <- theta - lr mhat / (sqrt(vhat) + eps).

        m <- beta1 m + (1 - beta1) g          mhat = m / (1 - beta1^t)
        v <- v - (1 - beta2) sign(v - g^2) g^2

    v starts at `first`; the bias is corrected, as in the authors' program and optax.
    """

    lr: float | Schedule = 0.01
    eps: float = 0.001
    first: float = 1e-6
    """What v starts at."""

    name = "yogi"
    slots = ("m", "v")
    equation = (
        r"v \leftarrow v - (1 - \beta_2)\, \mathrm{sign}(v - g^2)\, g^2,\;"
        r"\theta \leftarrow \theta - \eta \hat m / (\sqrt{\hat v} + eps)"
    )
    reference = "Zaheer et al. (2018), Adaptive methods for nonconvex optimization"

    def body(self, xp: Any) -> Update:
        """Return `update` over the namespace `xp`."""
        beta1, beta2, eps, first = self.beta1, self.beta2, self.eps, self.first

        def update(
            theta: Any, g: Any, lr: Any, t: Any, penalised: Any, m: Any, v: Any
        ) -> tuple[Any, ...]:
            m = beta1 * m + (1.0 - beta1) * g
            whole = v + first  # v starts at 0, and is kept without it
            v = v - (1.0 - beta2) * sign(whole - g * g, xp) * (g * g)
            size = xp.sqrt((v + first) / (1.0 - beta2**t)) + eps
            return theta - lr * (m / (1.0 - beta1**t)) / size, m, v

        return update
