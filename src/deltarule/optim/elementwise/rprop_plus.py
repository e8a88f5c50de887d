"""Rprop with backtracking: a step that went too far is taken back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deltarule.core.namespace import sign
from deltarule.optim.elementwise.rprop import Rprop
from deltarule.optim.optimiser import OPTIMISERS, Update

__all__ = ["RpropPlus"]


@OPTIMISERS.register
@dataclass(frozen=True)
class RpropPlus(Rprop):
    """Rprop+: theta <- theta - sign(g) d; where the sign of g has changed, the last step is undone.

    The sizes of gradients are not looked at. Every weight has a step of its own:

        d <- up d (at most `most`) while g keeps its sign, down d (at least `least`) when it changes

        theta <- theta - (last step), g <- 0 where it has changed

    The form of the second paper.

    Full batches: a sign that changes with the batch says nothing of the valley.
    """

    name = "rprop_plus"
    slots = ("d", "last", "step")
    equation = (
        r"\theta \leftarrow \theta - \mathrm{sign}(g)\, d"
        r" \text{, or } \theta - \Delta\theta \text{ where the sign of } g \text{ has changed}"
    )
    reference = "Riedmiller (1994), Rprop: description and implementation details"

    def body(self, xp: Any) -> Update:
        """Return `update` over the namespace `xp`."""
        sizes = self.sizes(xp)

        def update(
            theta: Any, g: Any, lr: Any, t: Any, penalised: Any, d: Any, last: Any, step: Any
        ) -> tuple[Any, ...]:
            d, changed = sizes(d, g * last, lr)
            zero = xp.constant(0.0, g)
            step = xp.where(changed, -step, -sign(g, xp) * d)
            g = xp.where(changed, zero, g)
            return theta + step, d, g, xp.where(changed, zero, step)

        return update
