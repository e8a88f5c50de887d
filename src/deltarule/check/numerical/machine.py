"""The machine: its memory."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

_KEPT = 1 << 24
"""Bytes; larger than any array that the checks make many of."""


@lru_cache(maxsize=1)
def keep_freed_memory() -> None:
    """Free one large array, once.

    The C library of Linux hands arrays of more than 128 KiB back to the system at once, and gets
    every page of the next one anew, until it has seen a larger one freed. Checks make thousands
    of arrays of that size; this halves their time.
    """
    np.ones(_KEPT // 8)
