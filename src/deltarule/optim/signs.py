"""What optimisers by signs have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["sign", "step_sizes"]


def sign(a: Any, xp: Any) -> Any:
    """Return 1, 0 or -1."""
    negative = xp.where(a < 0.0, xp.constant(-1.0, a), xp.constant(0.0, a))
    return xp.where(a > 0.0, xp.constant(1.0, a), negative)


def step_sizes(rprop: Any, xp: Any) -> Callable[[Any, Any, Any], tuple[Any, Any]]:
    """Return `sizes(d, product, lr)`: the new step sizes, and where the sign of g has changed.

        d <- min(up d, most)      where product = g g' > 0
        d <- max(down d, least)   where product < 0

    A size of 0 has not begun: it is lr.
    """
    up, down, least, most = rprop.up, rprop.down, rprop.least, rprop.most

    def sizes(d: Any, product: Any, lr: Any) -> tuple[Any, Any]:
        d = xp.where(d > 0.0, d, 0.0 * d + lr)
        longer = xp.where(up * d > most, xp.constant(most, d), up * d)
        shorter = xp.where(down * d < least, xp.constant(least, d), down * d)
        d = xp.where(product > 0.0, longer, xp.where(product < 0.0, shorter, d))
        return d, product < 0.0

    return sizes
