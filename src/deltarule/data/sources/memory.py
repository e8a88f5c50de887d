"""Whether data fit into memory, asked before they are read."""

from __future__ import annotations

from deltarule.core import memory
from deltarule.core.memory import size

__all__ = ["require", "size"]


def require(source: str, needed: float, what: str = "reading it") -> None:
    """Refuse `source` if it needs more than the memory that is free now.

    `needed` is in bytes, `what` is what needs it. Raises `ResourceError` with both numbers.
    """
    memory.require(source, needed, what, "Use fewer rows or columns")
