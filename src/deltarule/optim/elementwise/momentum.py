"""Momentum: a velocity that remembers past gradients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deltarule.optim.optimiser import OPTIMISERS, Optimiser, Update
from deltarule.optim.schedules import Schedule


@OPTIMISERS.register
@dataclass(frozen=True)
class Momentum(Optimiser):
    """Momentum: v <- momentum v - lr g, theta <- theta + v.

    The learning rate stands inside the velocity (Rumelhart et al., Keras, scikit-learn); PyTorch
    keeps v without it, which is the same as long as lr stays constant.

    >>> import numpy as np
    >>> update = Momentum(lr=0.5, momentum=0.9).body(np)
    >>> update(np.array([1.0]), np.array([0.2]), 0.5, 1, True, np.array([-0.1]))
    (array([0.81]), array([-0.19]))
    """

    lr: float | Schedule = 0.1
    """eta: a number or a schedule."""
    momentum: float = 0.9
    """mu: the share of the last step that is kept, in [0, 1)."""

    name = "momentum"
    slots = ("v",)
    equation = r"v \leftarrow \mu v - \eta g,\quad \theta \leftarrow \theta + v"
    reference = "Polyak (1964), Some methods of speeding up the convergence of iteration methods; "
    reference += "Rumelhart, Hinton and Williams (1986)"

    def body(self, xp: Any) -> Update:
        """Return `update` over the namespace `xp`."""
        momentum = self.momentum

        def update(theta: Any, g: Any, lr: Any, t: Any, penalised: Any, v: Any) -> tuple[Any, ...]:
            v = momentum * v - lr * g
            return theta + v, v

        return update
