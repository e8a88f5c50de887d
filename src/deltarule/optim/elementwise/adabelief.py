"""AdaBelief: Adam that divides by how far the gradient is from what was expected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deltarule.optim.elementwise.moments import Moments
from deltarule.optim.optimiser import OPTIMISERS, Update


@OPTIMISERS.register
@dataclass(frozen=True)
class AdaBelief(Moments):
    """AdaBelief: theta <- theta - lr mhat / (sqrt(shat) + eps).

        m <- beta1 m + (1 - beta1) g                  mhat = m / (1 - beta1^t)
        s <- beta2 s + (1 - beta2) (g - m)^2 + eps    shat = s / (1 - beta2^t)

    eps stands in both places, as in the paper; its program has 1e-16, optax adds it in the root
    alone.
    """

    beta2: float = 0.999
    """The share of s that is kept, in [0, 1)."""
    eps: float = 1e-16

    name = "adabelief"
    slots = ("m", "s")
    equation = (
        r"s \leftarrow \beta_2 s + (1 - \beta_2)(g - m)^2 + eps,\;"
        r"\theta \leftarrow \theta - \eta \hat m / (\sqrt{\hat s} + eps)"
    )
    reference = "Zhuang et al. (2020), AdaBelief optimizer, algorithm 2"

    def body(self, xp: Any) -> Update:
        """Return `update` over the namespace `xp`."""
        beta1, beta2, eps = self.beta1, self.beta2, self.eps

        def update(
            theta: Any, g: Any, lr: Any, t: Any, penalised: Any, m: Any, s: Any
        ) -> tuple[Any, ...]:
            m = beta1 * m + (1.0 - beta1) * g
            s = beta2 * s + (1.0 - beta2) * (g - m) * (g - m) + eps
            size = xp.sqrt(s / (1.0 - beta2**t)) + eps
            return theta - lr * (m / (1.0 - beta1**t)) / size, m, s

        return update
