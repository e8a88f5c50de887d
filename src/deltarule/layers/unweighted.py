"""Layers without parameters: they give samples another shape."""

from __future__ import annotations

from typing import final

import numpy as np
from numpy.typing import NDArray

from deltarule.core.layout import Parameter
from deltarule.layers.initialisers import Initialiser
from deltarule.layers.layer import Layer, Shape


class Unweighted(Layer):
    """A layer that has nothing in theta."""

    side_by_side = True

    @final
    def parameters(self, inputs: Shape) -> tuple[Parameter, ...]:
        """Return none."""
        return ()

    @final
    def initial(
        self, inputs: Shape, init: Initialiser, rngs: list[np.random.Generator]
    ) -> dict[str, NDArray[np.float64]]:
        """Return none."""
        return {}
