"""Gradient clipping, by value and by norm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deltarule.core.arguments import number
from deltarule.core.errors import UsageError


@dataclass(frozen=True)
class Clipping:
    """Bound the gradient before the update: first every entry, then the length.

        g <- max(-value, min(value, g))              (if `value` is given)
        g <- g min(1, norm / |g|)                    (if `norm` is given)

    |g| is the Euclidean length over all trained parameters (Pascanu, Mikolov and Bengio 2013).

    >>> import numpy as np
    >>> Clipping(norm=1.0).apply(np.array([3.0, 4.0]), np)
    array([0.6, 0.8])
    """

    norm: float | None = None
    value: float | None = None

    def __post_init__(self) -> None:
        for name, bound in (("clip_norm", self.norm), ("clip_value", self.value)):
            if bound is not None and number(name, bound, low=0.0) == 0.0:
                raise UsageError(f"{name} has to be a positive number or None, not {bound}")

    @property
    def active(self) -> bool:
        """Whether anything is clipped."""
        return self.norm is not None or self.value is not None

    def apply(self, g: Any, xp: Any) -> Any:
        """Return the clipped gradient."""
        if self.value is not None:
            g = xp.where(g > self.value, self.value, xp.where(g < -self.value, -self.value, g))
        if self.norm is not None:
            length = xp.sqrt(xp.sum(g * g))
            g = g * (self.norm / xp.where(length > self.norm, length, self.norm))
        return g
