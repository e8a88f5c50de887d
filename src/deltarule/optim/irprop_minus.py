"""iRprop-: Rprop that stands still once where the sign of the gradient changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deltarule.optim.optimiser import OPTIMISERS, Update
from deltarule.optim.rprop import Rprop
from deltarule.optim.signs import sign

__all__ = ["IRpropMinus"]


@OPTIMISERS.register
@dataclass(frozen=True)
class IRpropMinus(Rprop):
    """iRprop-: theta <- theta - sign(g) d, but no step where the sign of g has changed.

    The sizes of gradients are not looked at. Every weight has a step of its own:

        d <- up d (at most `most`) while g keeps its sign, down d (at least `least`) when it changes

        g <- 0 where it has changed: the next step neither grows nor shrinks

    This is what PyTorch, optax and others call Rprop; PyTorch's first step is 0.01. Also written
    `"rprop"`.

    Full batches: a sign that changes with the batch says nothing of the valley.
    """

    name = "irprop_minus"
    slots = ("d", "last")
    equation = (
        r"\theta \leftarrow \theta - \mathrm{sign}(g)\, d,\;"
        r" g \leftarrow 0 \text{ where its sign has changed}"
    )
    reference = "Igel and Huesken (2000), Improving the Rprop learning algorithm"

    def body(self, xp: Any) -> Update:
        """Return `update` over the namespace `xp`."""
        sizes = self.sizes(xp)

        def update(
            theta: Any, g: Any, lr: Any, t: Any, penalised: Any, d: Any, last: Any
        ) -> tuple[Any, ...]:
            d, changed = sizes(d, g * last, lr)
            g = xp.where(changed, xp.constant(0.0, g), g)
            return theta - sign(g, xp) * d, d, g

        return update
