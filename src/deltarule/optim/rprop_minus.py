"""Rprop without backtracking: a step per weight, grown and shrunk by signs alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deltarule.optim.optimiser import OPTIMISERS, Optimiser, Update
from deltarule.optim.schedules import Schedule
from deltarule.optim.signs import sign, step_sizes

__all__ = ["RpropMinus"]


@OPTIMISERS.register
@dataclass(frozen=True)
class RpropMinus(Optimiser):
    """Rprop-: theta <- theta - sign(g) d.

    The sizes of gradients are not looked at. Every weight has a step of its own:

        d <- up d (at most `most`) while g keeps its sign, down d (at least `least`) when it changes

        g' <- g

    The first paper's form. FANN and others let a step grow at a product of 0, too; here it stays.

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

    name = "rprop_minus"
    full_batch = True
    slots = ("d", "last")
    equation = r"\theta \leftarrow \theta - \mathrm{sign}(g)\, d"
    reference = "Riedmiller and Braun (1993), IEEE ICNN; named so by Igel and Huesken (2000)"

    def body(self, xp: Any) -> Update:
        """Return `update` over the namespace `xp`."""
        sizes = step_sizes(self, xp)

        def update(
            theta: Any, g: Any, lr: Any, t: Any, penalised: Any, d: Any, last: Any
        ) -> tuple[Any, ...]:
            d, _ = sizes(d, g * last, lr)
            return theta - sign(g, xp) * d, d, g

        return update
