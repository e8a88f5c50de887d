"""What a layer is: shapes, parameters, and the two functions that a network is composed of."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from deltarule.core.layout import Parameter
from deltarule.core.registry import Record, Registry
from deltarule.layers.initialisers import Initialiser
from deltarule.rules import LayerRule

__all__ = ["LAYERS", "Layer", "Parameters", "Saved", "Shape"]

Parameters = dict[str, Any]

Shape = tuple[int, ...]
"""The shape of one sample: (features,), (time, features), ..."""

Saved = NamedTuple
"""What a forward pass keeps for the way back: named arrays with the samples along axis 0."""


class Layer(Record):
    """One layer of a network: y_l = forward(p, y_{l-1}), and the chain rule through it.

    A network is the composition of `forward` and `backward` alone. p are the layer's parameters
    by name; every array has the samples along axis 0.
    """

    equation: ClassVar[str]
    """The layer's equations in LaTeX."""
    usual_initialiser: str = "glorot_uniform"
    """How its weights start where neither it nor the network says so."""
    init: Initialiser | None = None
    """How its weights start; None: the network's initialiser, else the usual one."""
    side_by_side: ClassVar[bool] = False
    """Whether `initial` takes `deltarule.core.streams.Streams` too, and returns (seeds, *shape), or
    the parameter's shape where all are the same."""

    @abstractmethod
    def outputs(self, inputs: Shape) -> Shape:
        """Return the shape of a sample of y_l, given that of y_{l-1}.

        Raises `UsageError` for a shape that the layer cannot take.
        """

    @abstractmethod
    def parameters(self, inputs: Shape) -> tuple[Parameter, ...]:
        """Return what it keeps in theta, in order."""

    @abstractmethod
    def initial(
        self, inputs: Shape, init: Initialiser, rngs: list[np.random.Generator]
    ) -> dict[str, NDArray[np.float64]]:
        """Return its first parameters by name; one random stream per parameter."""

    @abstractmethod
    def forward(self, p: Parameters, y: Any, xp: Any) -> tuple[Any, Any]:
        """Return y_l, and what `backward` needs to know of this pass: a named tuple of arrays."""

    @abstractmethod
    def backward(
        self, p: Parameters, dE_dy: Any, saved: Any, rule: LayerRule, xp: Any
    ) -> tuple[Any, Parameters]:
        """Return dE/dy_{l-1}, and dE/dw for every parameter by name, from dE/dy_l.

        `rule` says what stands for f'(net) and for W on the way back.
        """


LAYERS: Registry[Layer] = Registry("layer", Layer)
"""Every layer type by name."""
