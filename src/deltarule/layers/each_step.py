"""A layer over vectors, at every step of a sequence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.activations import Activation
from deltarule.core.errors import UsageError
from deltarule.core.layout import Parameter
from deltarule.layers.affine import Affine
from deltarule.layers.initialisers import Initialiser
from deltarule.layers.layer import LAYERS, Layer, Parameters, Shape


@LAYERS.register
@dataclass(frozen=True, init=False)
class EachStep(Affine):
    """An affine layer at every step, with the same weights: a sequence in, a sequence out.

        y_{l,t} = f(net(y_{l-1,t})) for t = 1..T          dE/dw = sum over t of the steps' dE/dw

    Args:
        layer: a layer over vectors, such as `Dense(1)`.

    Raises `UsageError` for a layer that is not affine.

    >>> import deltarule as dr
    >>> net = dr.Network((10, 2), [dr.GRU(4), dr.EachStep(dr.Dense(3, "softmax"))])
    >>> net.shapes
    ((10, 2), (10, 4), (10, 3))
    """

    name = "each_step"
    causal = True
    equation = r"y_{l,t} = f(y_{l-1,t} W^T + b)"

    layer: Affine

    def __init__(self, layer: str | Mapping[str, Any] | Layer) -> None:
        found = LAYERS.get(layer)
        if not isinstance(found, Affine):
            raise UsageError(
                f"EachStep: the layer at every step is one such as Dense(1), not {found!r}"
            )
        object.__setattr__(self, "layer", found)

    @property
    def activation(self) -> Activation:  # type: ignore[override]
        """The layer's f."""
        return self.layer.activation

    @property
    def init(self) -> Initialiser | None:  # type: ignore[override]
        """How the layer's weights start."""
        return self.layer.init

    @property
    def side_by_side(self) -> bool:  # type: ignore[override]
        """As the layer."""
        return self.layer.side_by_side

    def outputs(self, inputs: Shape) -> Shape:
        """Return (time, n_l); raises `UsageError` where a sample of y_{l-1} is no sequence."""
        if len(inputs) != 2:
            raise UsageError(
                f"a layer of the type each_step takes samples of the shape (time, features), not "
                f"{inputs}; after Last() or Flatten() give the layer itself, {self.layer!r}"
            )
        return (inputs[0], *self.layer.outputs(inputs[1:]))

    def parameters(self, inputs: Shape) -> tuple[Parameter, ...]:
        """Return the layer's."""
        return self.layer.parameters(inputs[1:])

    def initial(
        self, inputs: Shape, init: Initialiser, rngs: list[np.random.Generator]
    ) -> dict[str, NDArray[np.float64]]:
        """Return the layer's."""
        return self.layer.initial(inputs[1:], init, rngs)

    def net(self, p: Parameters, y: Any) -> Any:
        """Return net of every step, (n, T, n_l)."""
        return self.layer.net(p, _rows(y)).reshape(*y.shape[:2], -1)

    def gradient(self, p: Parameters, delta: Any, y: Any, xp: Any) -> Parameters:
        """Return dE/dw, summed over samples and steps."""
        return self.layer.gradient(p, _rows(delta), _rows(y), xp)

    def back(self, p: Parameters, delta: Any) -> Any:
        """Return dE/dy_{l-1} of every step."""
        return self.layer.back(p, _rows(delta)).reshape(*delta.shape[:2], -1)

    def feedback(self, p: Parameters, stand_in: Any) -> Parameters:
        """Return the layer's."""
        return self.layer.feedback(p, stand_in)


def _rows(a: Any) -> Any:
    return a.reshape(-1, a.shape[-1])
