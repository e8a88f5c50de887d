"""What a layer is: its parameters, and the contractions that lead forward, back and to dE/dw."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from deltarule.activations import Activation
from deltarule.core.layout import Parameter
from deltarule.core.registry import Record, Registry
from deltarule.layers.initialisers import Initialiser

__all__ = ["LAYERS", "Layer"]

Parameters = dict[str, Any]


class Layer(Record):
    """One layer of a network.

    The engine's loops know only the methods below; y is the layer's input (the outputs before
    it), `p` its parameters by name, `delta` = dE/dnet.
    """

    equation: ClassVar[str]
    """The layer's equations in LaTeX."""
    side_by_side: ClassVar[bool] = False
    """Whether `initial` takes `deltarule.core.streams.Streams` too, and returns (seeds, *shape), or
    the parameter's shape where all are the same."""
    activation: Activation
    """f"""
    init: Initialiser | None
    """How its weights start; None: the network's initialiser, else what suits the activation."""

    @abstractmethod
    def outputs(self, inputs: int) -> int:
        """Return the number of nodes, given the number of nodes before it."""

    @abstractmethod
    def parameters(self, inputs: int) -> tuple[Parameter, ...]:
        """Return what it keeps in theta, in order."""

    @abstractmethod
    def initial(
        self, inputs: int, init: Initialiser, rngs: list[np.random.Generator]
    ) -> dict[str, NDArray[np.float64]]:
        """Return its first parameters by name; one random stream per parameter."""

    @abstractmethod
    def net(self, p: Parameters, y: Any) -> Any:
        """Return net, the pre-activation."""

    @abstractmethod
    def gradient(self, p: Parameters, delta: Any, y: Any, xp: Any) -> Parameters:
        """Return dE/dw for every parameter, by name."""

    @abstractmethod
    def back(self, p: Parameters, delta: Any) -> Any:
        """Return dE/dy of the layer before: what delta is worth to its outputs."""

    @abstractmethod
    def feedback(self, p: Parameters, stand_in: Any) -> Parameters:
        """Return the parameters with `stand_in(W)` in the place of W, for `back`."""


LAYERS: Registry[Layer] = Registry("layer", Layer)
"""Every layer type by name."""
