"""Random samples for a network and a loss."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from deltarule.losses import Loss


def targets(rng: np.random.Generator, loss: Loss, shape: tuple[int, int]) -> np.ndarray:
    """Return targets in the loss's range, its ends included where it has any."""
    low, high = loss.target_range
    if (low, high) == (-math.inf, math.inf):
        return rng.normal(size=shape)
    T = rng.uniform(0.05, 0.95, shape) if high == 1.0 else rng.uniform(0.1, 3.0, shape)
    for end in (low, high):
        if math.isfinite(end):
            T = np.where(rng.random(shape) < 0.2, end, T)
    return T


def suitable(loss: Loss, activation: Any, outputs: int) -> bool:
    """Whether the activation's values mean something to the loss."""
    if loss.distribution:
        return activation.rowwise and outputs > 1
    if activation.rowwise and outputs == 1:
        return False  # always 1
    low, high = loss.output_range
    return low <= activation.range[0] and activation.range[1] <= high
