"""How steep an activation is at most: what an f' is held against."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deltarule.activations import Activation

_HALF_WIDTH, _POINTS = 8.0, 1601
"""The largest f' is looked for at 1601 values of net in [-8, 8]."""


def largest_slope(activation: Activation) -> float:
    """Return the largest |f'|; of a row activation, the largest dy_j/dnet_j over pairs of nets.

    >>> from deltarule.activations import Sigmoid, Softmax
    >>> largest_slope(Sigmoid()), largest_slope(Softmax())
    (0.25, 0.25)
    """
    grid = np.linspace(-_HALF_WIDTH, _HALF_WIDTH, _POINTS)
    if activation.rowwise:
        found = own_slopes(activation, np.stack([grid, np.zeros_like(grid)], axis=1))
    else:
        found = activation.derivative(grid)
    return float(np.max(np.abs(found)))


def own_slopes(activation: Activation, nets: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return f'(net); of a row activation dy_j/dnet_j, the diagonal of every row's Jacobian."""
    if not activation.rowwise:
        return activation.derivative(nets)
    return np.array([np.diagonal(activation.derivative(row)) for row in nets])
