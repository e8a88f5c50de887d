"""AdamW: Adam with decoupled weight decay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deltarule.optim.elementwise.adam import Adam
from deltarule.optim.elementwise.moments import Moments
from deltarule.optim.optimiser import OPTIMISERS, Update


@OPTIMISERS.register
@dataclass(frozen=True)
class AdamW(Moments):
    """AdamW: weights are first shrunk, theta <- (1 - lr weight_decay) theta, then Adam's step.

    Only weights decay, not biases. As in PyTorch, the decay is multiplied by lr.

    >>> import numpy as np
    >>> update = AdamW(lr=0.5, eps=0.0, weight_decay=0.2).body(np)
    >>> one, zero = np.ones(2), np.zeros(2)
    >>> update(one, 3 * one, 0.5, 1, np.array([True, False]), zero, zero)[0]
    array([0.4, 0.5])
    """

    weight_decay: float = 0.01
    """lambda: how much of a weight is lost per unit of eta."""

    name = "adamw"
    slots = ("m", "v")
    equation = r"\theta \leftarrow (1 - \eta \lambda) \theta \text{ (weights only), then Adam}"
    reference = "Loshchilov and Hutter (2019), Decoupled weight decay regularization, algorithm 2"

    def body(self, xp: Any) -> Update:
        """Return `update` over the namespace `xp`."""
        weight_decay = self.weight_decay
        adam = Adam(self.lr, self.beta1, self.beta2, self.eps).body(xp)

        def update(
            theta: Any, g: Any, lr: Any, t: Any, penalised: Any, m: Any, v: Any
        ) -> tuple[Any, ...]:
            shrunk = xp.where(penalised, theta - lr * weight_decay * theta, theta)
            return adam(shrunk, g, lr, t, penalised, m, v)

        return update
