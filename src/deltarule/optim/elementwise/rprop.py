"""What Rprop's four forms have in common: a step per weight, grown and shrunk by signs alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from deltarule.optim.optimiser import Optimiser
from deltarule.optim.schedules import Schedule

__all__ = ["Rprop"]


@dataclass(frozen=True)
class Rprop(Optimiser):
    """An optimiser that looks at the signs of gradients, never at their sizes.

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

    full_batch = True

    def sizes(self, xp: Any) -> Callable[[Any, Any, Any], tuple[Any, Any]]:
        """Return `sizes(d, product, lr)`: the new step sizes, and where the sign of g has changed.

            d <- min(up d, most)      where product = g g' > 0
            d <- max(down d, least)   where product < 0

        A size of 0 has not begun: it is lr.
        """
        up, down, least, most = self.up, self.down, self.least, self.most

        def sizes(d: Any, product: Any, lr: Any) -> tuple[Any, Any]:
            d = xp.where(d > 0.0, d, 0.0 * d + lr)
            longer = xp.where(up * d > most, xp.constant(most, d), up * d)
            shorter = xp.where(down * d < least, xp.constant(least, d), down * d)
            d = xp.where(product > 0.0, longer, xp.where(product < 0.0, shorter, d))
            return d, product < 0.0

        return sizes
