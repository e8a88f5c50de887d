"""Delta-bar-delta: a learning rate per weight, raised by a constant, cut by a factor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deltarule.optim.optimiser import OPTIMISERS, Optimiser, Update
from deltarule.optim.schedules import Schedule


@OPTIMISERS.register
@dataclass(frozen=True)
class DeltaBarDelta(Optimiser):
    """Delta-bar-delta: theta <- theta - e g, with a rate e for every weight.

        e <- e + kappa      where g has the sign of bar, its average so far
        e <- (1 - phi) e    where it has the other one
        bar <- (1 - rho) g + rho bar

    Rates grow slowly and fall quickly. They start at lr.
    """

    lr: float | Schedule = 0.1
    """The first rate of every weight."""
    kappa: float = 0.01
    """What is added to a rate."""
    phi: float = 0.1
    """The share of it that is lost, in [0, 1)."""
    rho: float = 0.7
    """The share of the average that is kept, in [0, 1)."""

    name = "delta_bar_delta"
    full_batch = True
    slots = ("rate", "bar")
    equation = (
        r"\theta \leftarrow \theta - e g,\;"
        r" e \leftarrow e + \kappa \text{ or } (1 - \phi) e \text{ by the sign of } g\, \bar g"
    )
    reference = "Jacobs (1988), Neural Networks 1"

    def body(self, xp: Any) -> Update:
        """Return `update` over the namespace `xp`."""
        kappa, phi, rho = self.kappa, self.phi, self.rho

        def update(
            theta: Any, g: Any, lr: Any, t: Any, penalised: Any, rate: Any, bar: Any
        ) -> tuple[Any, ...]:
            rate = xp.where(rate > 0.0, rate, rate + lr)  # 0 has not begun
            agrees = g * bar
            grown = xp.where(agrees > 0.0, rate + kappa, rate)
            rate = xp.where(agrees < 0.0, (1.0 - phi) * rate, grown)
            return theta - rate * g, rate, (1.0 - rho) * g + rho * bar

        return update
