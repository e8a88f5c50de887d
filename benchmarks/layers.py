"""theta's order: for l = 1..L, W_l row by row, then b_l; views of it, and back."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

__all__ = ["join", "split"]


def split(sizes: tuple[int, ...], theta: Any) -> list[tuple[Any, Any]]:
    """Return (W_l, b_l) of every layer as views; axes before theta's last stay in front.

    >>> [(W.shape, b.shape) for W, b in split((3, 2, 1), np.zeros((5, 11)))]
    [((5, 2, 3), (5, 2)), ((5, 1, 2), (5, 1))]
    """
    front, start, layers = theta.shape[:-1], 0, []
    for k, n in pairwise(sizes):
        middle, end = start + n * k, start + n * k + n
        W, b = theta[..., start:middle].reshape(*front, n, k), theta[..., middle:end]
        layers.append((W, b))
        start = end
    return layers


def join(layers: Any) -> np.ndarray:
    """Return theta, (networks, size), from pairs (W_l, b_l) of one network or of many."""
    flat = []
    for W, b in layers:
        front = () if np.ndim(b) == 1 else (len(b),)
        flat += [np.reshape(W, (*front, -1)), np.asarray(b)]
    return np.atleast_2d(np.concatenate(flat, axis=-1))
