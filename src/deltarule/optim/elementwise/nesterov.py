"""Nesterov's accelerated gradient: momentum that looks ahead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deltarule.optim.optimiser import OPTIMISERS, Optimiser, Update
from deltarule.optim.schedules import Schedule


@OPTIMISERS.register
@dataclass(frozen=True)
class Nesterov(Optimiser):
    """Nesterov momentum: v <- momentum v - lr g, theta <- theta + momentum v - lr g.

    theta is the look-ahead point, at which the gradient is taken (the form of Bengio et al.; the
    same as Keras, scikit-learn, and, at constant lr, PyTorch).

    >>> import numpy as np
    >>> update = Nesterov(lr=0.5, momentum=0.9).body(np)
    >>> update(np.array([1.0]), np.array([0.2]), 0.5, 1, True, np.array([-0.1]))
    (array([0.729]), array([-0.19]))
    """

    lr: float | Schedule = 0.1
    """eta: a number or a schedule."""
    momentum: float = 0.9
    """mu: the share of the last step that is kept, in [0, 1)."""

    name = "nesterov"
    slots = ("v",)
    equation = r"v \leftarrow \mu v - \eta g,\quad \theta \leftarrow \theta + \mu v - \eta g"
    reference = "Nesterov (1983); Bengio, Boulanger-Lewandowski and Pascanu (2013), Advances in "
    reference += "optimizing recurrent networks, section 3.5"

    def body(self, xp: Any) -> Update:
        """Return `update` over the namespace `xp`."""
        momentum = self.momentum

        def update(theta: Any, g: Any, lr: Any, t: Any, penalised: Any, v: Any) -> tuple[Any, ...]:
            v = momentum * v - lr * g
            return theta + momentum * v - lr * g, v

        return update
