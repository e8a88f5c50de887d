"""Whether data fit into memory, asked before they are read."""

from __future__ import annotations

import math

from deltarule.core.errors import ResourceError

__all__ = ["require", "size"]

_STEP = 1000
_UNITS = ("kB", "MB", "GB", "TB", "PB")
_ROUNDING = 1e-9


def size(count: float) -> str:
    """Return a number of bytes for a person.

    >>> size(512), size(2_500_000)
    ('512 bytes', '2.5 MB')
    """
    if count < _STEP:
        return f"{count:.0f} bytes"
    power = min(int(math.log(count, _STEP) + _ROUNDING), len(_UNITS))
    return f"{count / _STEP**power:.1f} {_UNITS[power - 1]}"


def require(source: str, needed: float, what: str = "reading it") -> None:
    """Refuse `source` if it needs more than the memory that is free now.

    `needed` is in bytes, `what` is what needs it. Raises `ResourceError` with both numbers.
    """
    import psutil

    available = psutil.virtual_memory().available
    if needed > available:
        raise ResourceError(
            f"{source}: {what} needs about {size(needed)} of memory and {size(available)} are "
            "free. Use fewer rows or columns, or a machine with more memory."
        )
