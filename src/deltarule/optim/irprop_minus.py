"""iRprop-: Rprop that stands still once where the sign of the gradient changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deltarule.optim.optimiser import OPTIMISERS, Optimiser, Update
from deltarule.optim.schedules import Schedule
from deltarule.optim.signs import sign, step_sizes

__all__ = ["IRpropMinus"]


@OPTIMISERS.register
@dataclass(frozen=True)
class IRpropMinus(Optimiser):
    """iRprop-: theta <- theta - sign(g) d, but no step where the sign of g has changed.

    The sizes of gradients are not looked at. Every weight has a step of its own:

        d <- up d (at most `most`) while g keeps its sign, down d (at least `least`) when it changes

        g <- 0 where it has changed: the next step neither grows nor shrinks

    This is what PyTorch, optax and others call Rprop; PyTorch's first step is 0.01. Also written
    `"rprop"`.

    Full batches: a sign that changes with the batch says nothing of the valley.
    """

    lr: float | Schedule = 0.1
    """The first step of every weight, where others have the learning rate."""
    up: float = 1.2
    """What a step is multiplied by while the sign of g stays."""
    down: float = 0.5
    """What it is multiplied by when the sign changes."""
    least: float = 1e-6
    """The smallest step."""
    most: float = 50.0
    """The largest step."""

    name = "irprop_minus"
    full_batch = True
    slots = ("d", "last")
    equation = (
        r"\theta \leftarrow \theta - \mathrm{sign}(g)\, d,\;"
        r" g \leftarrow 0 \text{ where its sign has changed}"
    )
    reference = "Igel and Huesken (2000), Improving the Rprop learning algorithm"

    def body(self, xp: Any) -> Update:
        """Return `update` over the namespace `xp`."""
        sizes = step_sizes(self, xp)

        def update(
            theta: Any, g: Any, lr: Any, t: Any, penalised: Any, d: Any, last: Any
        ) -> tuple[Any, ...]:
            d, changed = sizes(d, g * last, lr)
            g = xp.where(changed, xp.constant(0.0, g), g)
            return theta - sign(g, xp) * d, d, g

        return update
