"""Rprop without backtracking: a step per weight, grown and shrunk by signs alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deltarule.core.namespace import sign
from deltarule.optim.elementwise.rprop import Rprop
from deltarule.optim.optimiser import OPTIMISERS, Update

__all__ = ["RpropMinus"]


@OPTIMISERS.register
@dataclass(frozen=True)
class RpropMinus(Rprop):
    """Rprop-: theta <- theta - sign(g) d.

    The sizes of gradients are not looked at. Every weight has a step of its own:

        d <- up d (at most `most`) while g keeps its sign, down d (at least `least`) when it changes

        g' <- g

    The first paper's form. FANN and others let a step grow at a product of 0, too; here it stays.

    Full batches: a sign that changes with the batch says nothing of the valley.
    """

    name = "rprop_minus"
    slots = ("d", "last")
    equation = r"\theta \leftarrow \theta - \mathrm{sign}(g)\, d"
    reference = "Riedmiller and Braun (1993), IEEE ICNN; named so by Igel and Huesken (2000)"

    def body(self, xp: Any) -> Update:
        """Return `update` over the namespace `xp`."""
        sizes = self.sizes(xp)

        def update(
            theta: Any, g: Any, lr: Any, t: Any, penalised: Any, d: Any, last: Any
        ) -> tuple[Any, ...]:
            d, _ = sizes(d, g * last, lr)
            return theta - sign(g, xp) * d, d, g

        return update
