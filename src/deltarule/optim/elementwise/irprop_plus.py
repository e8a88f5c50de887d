"""iRprop+: Rprop that takes a step back only where E has grown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deltarule.core.namespace import sign
from deltarule.optim.elementwise.rprop import Rprop
from deltarule.optim.optimiser import OPTIMISERS, Update

__all__ = ["IRpropPlus"]


@OPTIMISERS.register
@dataclass(frozen=True)
class IRpropPlus(Rprop):
    """iRprop+: theta <- theta - sign(g) d; where the sign of g has changed, see what E did.

    The sizes of gradients are not looked at. Every weight has a step of its own:

        d <- up d (at most `most`) while g keeps its sign, down d (at least `least`) when it changes

        theta <- theta - (last step)   where it has changed, and E is larger than one step ago
        g <- 0                         where it has changed: the next step neither grows nor shrinks

    E is the batch's, the penalty included, before the update; the slot `before` keeps it, the same
    number at every entry. Networks of more than 200 parameters are trained by the reference engine,
    since the threads of a program find E in parts.

    Full batches: neither a sign nor an E that changes with the batch says anything of the valley.
    """

    name = "irprop_plus"
    by_error = True
    slots = ("d", "last", "step", "before")
    equation = (
        r"\theta \leftarrow \theta - \mathrm{sign}(g)\, d"
        r" \text{, or } \theta - \Delta\theta \text{ where the sign of } g \text{ has changed and }"
        r" E > E'"
    )
    reference = "Igel and Huesken (2000), Improving the Rprop learning algorithm"

    def body(self, xp: Any) -> Update:
        """Return `update` over the namespace `xp`; it is given E as `error=`."""
        sizes = self.sizes(xp)

        def update(
            theta: Any,
            g: Any,
            lr: Any,
            t: Any,
            penalised: Any,
            d: Any,
            last: Any,
            step: Any,
            before: Any,
            *,
            error: Any,
        ) -> tuple[Any, ...]:
            d, changed = sizes(d, g * last, lr)
            zero, E = xp.constant(0.0, g), xp.constant(error, g)
            back = xp.where(before < E, -step, zero)
            step = xp.where(changed, back, -sign(g, xp) * d)
            g = xp.where(changed, zero, g)
            return theta + step, d, g, step, 0.0 * before + E

        return update
