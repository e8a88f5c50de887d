"""SuperSAB: a learning rate per weight, multiplied; a step that went too far is undone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deltarule.optim.optimiser import OPTIMISERS, Optimiser, Update
from deltarule.optim.schedules import Schedule


@OPTIMISERS.register
@dataclass(frozen=True)
class SuperSAB(Optimiser):
    """SuperSAB: theta <- theta + step, with a rate e for every weight, and momentum.

        e <- up e                        where g keeps its sign
        step <- -e g + momentum step
        e <- down e, step <- -step       where it has changed: the last step is undone
        g <- 0                           and the next one is made anew

    Rates start at lr and are at most `most`.
    """

    lr: float | Schedule = 0.1
    """The first rate of every weight."""
    up: float = 1.05
    """What a rate is multiplied by while the sign of g stays."""
    down: float = 0.5
    """What it is multiplied by when the sign changes."""
    momentum: float = 0.9
    """The share of the step that is kept, in [0, 1)."""
    most: float = 10.0
    """The largest rate."""

    name = "supersab"
    full_batch = True
    slots = ("rate", "last", "step")
    equation = (
        r"\Delta \leftarrow -e g + \mu \Delta,\; e \leftarrow up\, e;\;"
        r" \Delta \leftarrow -\Delta,\; e \leftarrow down\, e"
        r" \text{ where the sign of } g \text{ has changed}"
    )
    reference = "Tollenaere (1990), Neural Networks 3"

    def body(self, xp: Any) -> Update:
        """Return `update` over the namespace `xp`."""
        up, down, momentum, most = self.up, self.down, self.momentum, self.most

        def update(
            theta: Any, g: Any, lr: Any, t: Any, penalised: Any, rate: Any, last: Any, step: Any
        ) -> tuple[Any, ...]:
            rate, zero = xp.where(rate > 0.0, rate, rate + lr), xp.constant(0.0, g)
            kept = g * last
            grown = xp.where(up * rate > most, xp.constant(most, g), up * rate)
            rate = xp.where(kept > 0.0, grown, xp.where(kept < 0.0, down * rate, rate))
            changed = kept < 0.0
            step = xp.where(changed, -step, momentum * step - rate * g)
            return theta + step, rate, xp.where(changed, zero, g), xp.where(changed, zero, step)

        return update
