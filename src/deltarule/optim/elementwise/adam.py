"""Adam: momentum divided by the running size of the gradient, both bias-corrected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deltarule.optim.elementwise.moments import Moments
from deltarule.optim.optimiser import OPTIMISERS, Update


@OPTIMISERS.register
@dataclass(frozen=True)
class Adam(Moments):
    """Adam: theta <- theta - lr mhat / (sqrt(vhat) + eps).

        m <- beta1 m + (1 - beta1) g          mhat = m / (1 - beta1^t)
        v <- beta2 v + (1 - beta2) g^2        vhat = v / (1 - beta2^t)

    Algorithm 1 of the paper, as in PyTorch: eps is added to the corrected root. (The paper's
    'efficient' form and TensorFlow scale eps with the step.)

    >>> import numpy as np
    >>> update = Adam(lr=0.5, eps=0.0).body(np)
    >>> update(np.array([1.0]), np.array([3.0]), 0.5, 1, True, np.zeros(1), np.zeros(1))[0]
    array([0.5])
    """

    name = "adam"
    slots = ("m", "v")
    equation = (
        r"m \leftarrow \beta_1 m + (1 - \beta_1) g,\; v \leftarrow \beta_2 v + (1 - \beta_2) g^2,\;"
    )
    equation += r" \theta \leftarrow \theta - \eta \hat m / (\sqrt{\hat v} + eps)"
    reference = "Kingma and Ba (2015), Adam: a method for stochastic optimization, algorithm 1"

    def body(self, xp: Any) -> Update:
        """Return `update` over the namespace `xp`."""
        beta1, beta2, eps = self.beta1, self.beta2, self.eps

        def update(
            theta: Any, g: Any, lr: Any, t: Any, penalised: Any, m: Any, v: Any
        ) -> tuple[Any, ...]:
            m = beta1 * m + (1.0 - beta1) * g
            v = beta2 * v + (1.0 - beta2) * g * g
            mhat = m / (1.0 - beta1**t)
            vhat = v / (1.0 - beta2**t)
            return theta - lr * mhat / (xp.sqrt(vhat) + eps), m, v

        return update
