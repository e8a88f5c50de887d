"""Quickprop: each weight jumps to where a parabola through two slopes has its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deltarule.core.registry import Elsewhere
from deltarule.optim.optimiser import OPTIMISERS, Optimiser, Update
from deltarule.optim.schedules import Schedule


@OPTIMISERS.register
@dataclass(frozen=True)
class Quickprop(Optimiser):
    """Quickprop: theta <- theta + step, by a parabola through this slope and the last one.

        s = g + decay theta                        (weights alone decay)
        step <- step s / (s' - s)                  where it is not too large, else
        step <- mu step                            (s beyond mu / (1 + mu) of s', the same sign)
        step <- step - lr s                        added where s still points on, or at the start

    As Fahlman's own program does it, whose lr may be divided by the number of weights into the
    node: that is `split=1`. Full batches, as for Rprop.
    """

    lr: float | Schedule = 0.1
    """eta of the linear term: a number or a schedule."""
    mu: float = 1.75
    """How many times as long as the last one a step may be."""
    decay: float = 1e-4
    """What is added to the slope of a weight: decay times the weight."""

    split: float = 0.0
    """lr is divided by the number of weights into the node, its bias among them, to this power."""

    name = "quickprop"
    elsewhere = (
        Elsewhere(
            "FANN",
            "holds weights between -1500 and 1500.",
            "libfann/fann, src/fann_train.c, fann_update_weights_quickprop",
        ),
    )
    full_batch = True
    slots = ("step", "last")
    equation = (
        r"\theta \leftarrow \theta + \Delta,\;"
        r" \Delta \leftarrow \Delta\, s / (s' - s) \text{ or } \mu \Delta,\;"
        r" - \eta s \text{ where } s \text{ points on},\; s = g + decay\, \theta"
    )
    reference = "Fahlman (1988), CMU-CS-88-162, and his program of that year"

    def body(self, xp: Any) -> Update:
        """Return `update` over the namespace `xp`."""
        mu, decay = self.mu, self.decay
        shrink = mu / (1.0 + mu)

        def update(
            theta: Any, g: Any, lr: Any, t: Any, penalised: Any, step: Any, last: Any
        ) -> tuple[Any, ...]:
            zero, one = xp.constant(0.0, g), xp.constant(1.0, g)
            s = xp.where(penalised, g + decay * theta, g)
            up = (
                step > 0.0
            )  # mirrored to a step upwards: the slope there is negative while it points on
            here, there = xp.where(up, s, -s), xp.where(up, last, -last)
            still = step == 0.0
            long = here <= shrink * there
            apart = xp.where(long, one, there - here)
            jump = xp.where(long, mu * step, step * here / apart)
            onward = xp.where(still, one, xp.where(here < 0.0, one, zero))
            step = xp.where(still, zero, jump) - lr * onward * s
            return theta + step, step, s

        return update
