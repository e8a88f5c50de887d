"""What optimisers by signs have in common."""

from __future__ import annotations

from typing import Any

__all__ = ["sign"]


def sign(a: Any, xp: Any) -> Any:
    """Return 1, 0 or -1."""
    negative = xp.where(a < 0.0, xp.constant(-1.0, a), xp.constant(0.0, a))
    return xp.where(a > 0.0, xp.constant(1.0, a), negative)
