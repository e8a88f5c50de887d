"""From a sequence to a vector: the last step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from deltarule.core.errors import UsageError
from deltarule.layers.layer import LAYERS, Parameters, Shape
from deltarule.layers.unweighted import Unweighted
from deltarule.rules import LayerRule


class Kept(NamedTuple):
    """What the way back needs."""

    below: Any
    """y_{l-1}, (n, T, features)"""
    at: Any
    """1 at every sequence's last step, (n, T, 1); None where that is T."""


@LAYERS.register
@dataclass(frozen=True)
class Last(Unweighted):
    """The last step of a sequence: y_l = y_{l-1,T}. It has no parameters.

    Of `Sequences` of different lengths, each has its own T.

        shapes   y_{l-1} (n, T, features)   y_l (n, features)
        back     dE/dy_{l-1,T} = dE/dy_l, and 0 for every other step

    >>> Last().outputs((10, 4))
    (4,)
    """

    name = "last"
    by_length = True
    equation = r"y_l = y_{l-1,T}"

    def outputs(self, inputs: Shape) -> Shape:
        """Return (features,); raises `UsageError` where a sample of y_{l-1} is no sequence."""
        if len(inputs) != 2:
            raise UsageError(
                f"a layer of the type last takes samples of the shape (time, features), not "
                f"{inputs}; leave it out"
            )
        return inputs[1:]

    def forward(
        self, p: Parameters, y: Any, xp: Any, lengths: NDArray[np.intp] | None = None
    ) -> tuple[Any, Kept]:
        """Return y_{l-1,T}, T being every sequence's own length where they differ."""
        if lengths is None:
            return y[:, -1], Kept(y, None)
        at = (np.arange(y.shape[1]) == lengths[:, None] - 1)[:, :, None].astype(y.dtype)
        return xp.sum(y * at, axis=1), Kept(y, at)

    def backward(
        self, p: Parameters, dE_dy: Any, saved: Kept, rule: LayerRule, xp: Any
    ) -> tuple[Any, Parameters]:
        """Return dE/dy_{l-1}: 0 but for the last step."""
        if saved.at is not None:
            return dE_dy[:, None] * saved.at, {}
        n, T, features = saved.below.shape
        before = xp.blank((n, T - 1, features), dE_dy)
        return xp.concatenate([before, dE_dy[:, None]], axis=1), {}
