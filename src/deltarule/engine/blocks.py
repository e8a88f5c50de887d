"""Elementwise updates block by block: temporaries that stay in the cache, buffers used in turn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from deltarule.core.arrays import Array

BLOCK = 16_384
"""Entries per block: a few of them fit into a core's second-level cache."""


class Blocks:
    """Apply an elementwise update to long vectors, a block at a time.

    The vectors of two updates back are written over; the ones that came from outside never are.
    Vectors of at most `BLOCK` entries are updated as a whole.
    """

    def __init__(self) -> None:
        self._last: tuple[Array, ...] | None = None
        self._spare: tuple[Array, ...] | None = None

    def __call__(
        self,
        update: Callable[..., tuple[Array, ...]],
        theta: Array,
        g: Array,
        lr: float | Array,
        t: int,
        penalised: Array,
        *state: Array,
        **given: Any,
    ) -> tuple[Array, ...]:
        """Return `update(theta, g, lr, t, penalised, *state, **given)`; lr may be a vector."""
        if theta.size <= BLOCK:
            return update(theta, g, lr, t, penalised, *state, **given)
        found = self._spare or tuple(np.empty_like(v) for v in (theta, *state))
        for start in range(0, theta.size, BLOCK):
            s = slice(start, start + BLOCK)
            rate = lr[s] if isinstance(lr, np.ndarray) else lr
            new = update(theta[s], g[s], rate, t, penalised[s], *(v[s] for v in state), **given)
            for whole, part in zip(found, new, strict=True):
                whole[s] = part
        self._spare, self._last = self._last, found
        return found
