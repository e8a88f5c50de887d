"""From samples of any shape to vectors."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

from deltarule.layers.layer import LAYERS, Parameters, Shape
from deltarule.layers.unweighted import Unweighted
from deltarule.rules import LayerRule


class Kept(NamedTuple):
    """What the way back needs."""

    below: Any


@LAYERS.register
@dataclass(frozen=True)
class Flatten(Unweighted):
    """All numbers of a sample in one row: (n, time, features) becomes (n, time * features).

    They stand step by step. It has no parameters.

    >>> Flatten().outputs((10, 4))
    (40,)
    """

    name = "flatten"
    equation = r"y_l = \mathrm{vec}(y_{l-1})"

    def outputs(self, inputs: Shape) -> Shape:
        """Return (the product of all,)."""
        return (math.prod(inputs),)

    def forward(self, p: Parameters, y: Any, xp: Any) -> tuple[Any, Kept]:
        """Return y_{l-1} in rows."""
        return y.reshape(y.shape[0], -1), Kept(y)

    def backward(
        self, p: Parameters, dE_dy: Any, saved: Kept, rule: LayerRule, xp: Any
    ) -> tuple[Any, Parameters]:
        """Return dE/dy_l in the shape of y_{l-1}."""
        return dE_dy.reshape(saved.below.shape), {}
