"""What a layer is: shapes, parameters, and the two functions that a network is composed of."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray

from deltarule.activations import Activation
from deltarule.core.errors import UsageError
from deltarule.core.layout import Parameter
from deltarule.core.registry import Record, Registry
from deltarule.layers.initialisers import Initialiser
from deltarule.rules import LayerRule

Parameters = dict[str, Any]

State = tuple[Any, ...]
"""What a layer keeps of the steps before: arrays with the samples along axis 0."""

Shape = tuple[int, ...]
"""The shape of one sample: (features,), (time, features), ..."""


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
    activations: tuple[Activation, ...] = ()
    """The f of its nodes, of all kinds of them: what a rule's stand-in for f' has to suit."""
    rowwise: bool = False
    """Whether it is affine, with an f that couples the outputs of a sample (softmax)."""
    range: tuple[float, float] = (-math.inf, math.inf)
    """Between which numbers its outputs lie."""
    causal: ClassVar[bool] = False
    """Whether its outputs are a sequence whose step t is made of the steps up to t alone."""
    fed_back: ClassVar[bool] = False
    """Whether a step sees nothing of the one before but its output, which has a target where the
    layer is the last one: `resume` takes a `Teacher`, too, which feeds that back."""
    by_length: ClassVar[bool] = False
    """Whether `forward` takes the sequences' lengths as a further argument, where they differ."""
    ends: bool = False
    """Whether it finds the sequences' lengths in its inputs, and gives `Sequences`."""
    side_by_side: ClassVar[bool] = False
    """Whether `initial` takes `deltarule.core.random.Streams` too, and returns (seeds, *shape), or
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

    def resume(self, p: Parameters, y: Any, state: State | None, xp: Any) -> tuple[Any, Any, State]:
        """Return `forward` of the steps that follow on others, and the state behind them.

        `state` is what the steps before have left; None where there are none. A layer that looks
        at no other step keeps none, `()`.
        """
        return (*self.forward(p, y, xp), ())

    @abstractmethod
    def backward(
        self, p: Parameters, dE_dy: Any, saved: Any, rule: LayerRule, xp: Any
    ) -> tuple[Any, Parameters]:
        """Return dE/dy_{l-1}, and dE/dw for every parameter by name, from dE/dy_l.

        `rule` says what stands for f'(net) and for W on the way back.
        """


LAYERS: Registry[Layer] = Registry("layer", Layer)
"""Every layer type by name."""


def as_layers(layers: Any) -> tuple[Layer, ...]:
    """Return a network's layers; raises `UsageError` for none, and for what is no layer."""
    if not isinstance(layers, Sequence) or not layers:
        raise UsageError(f"Network: layers is a list such as [Dense(1)], not {layers!r}")
    for number, layer in enumerate(layers, 1):
        if not isinstance(layer, Layer):
            raise UsageError(f"Network: layer {number} is not a layer: {layer!r}")
    return tuple(layers)


def shapes(inputs: Shape, layers: Sequence[Layer]) -> tuple[Shape, ...]:
    """Return the shape of a sample before the first layer and after every one.

    Raises `UsageError` naming both layers and both shapes where they do not fit, and for layers
    that would look behind the end of a sequence.
    """
    found = [inputs]
    for number, layer in enumerate(layers, 1):
        try:
            found.append(tuple(layer.outputs(found[-1])))
        except UsageError as error:
            before = (
                f"layer {number - 1} ({layers[number - 2].name})" if number > 1 else "the input"
            )
            raise UsageError(
                f"Network: layer {number} ({layer.name}) comes after {before}, which gives samples "
                f"of the shape {found[-1]}: {error}"
            ) from None
    for number, layer in enumerate(layers, 1):
        if layer.ends and check_ends(layers[number:], number):
            raise UsageError(
                f"Network: layer {number} ({layer.name}) says how long every sequence is, and the "
                "network has an output for every step, which E would count behind the ends, too: "
                "give X and T as Sequences, or end in Last()"
            )
    return tuple(found)


def check_ends(layers: Sequence[Layer], before: int = 0) -> bool:
    """Return whether the outputs are sequences, of layers over sequences of different lengths.

    `before` is how many layers come before them.

    Raises `UsageError` for a layer that would look at what lies behind a sequence's end.
    """
    for number, layer in enumerate(layers, before + 1):
        if layer.by_length:
            return False
        if not layer.causal:
            raise UsageError(
                f"layer {number} ({layer.name}) looks at all steps at once, and the sequences have "
                "different lengths; take Last(), or sequences of one length"
            )
    return True


L = TypeVar("L", bound=Layer)


def all_of(layers: Sequence[Layer], kind: type[L]) -> tuple[L, ...]:
    """Return layers that are all of one kind.

    Raises `UsageError` naming the first one that is not.
    """
    found = []
    for number, layer in enumerate(layers, 1):
        if not isinstance(layer, kind):
            raise UsageError(
                f"layer {number} is of the type {layer.name}; this works for networks of "
                f"{kind.__name__.lower()} layers alone"
            )
        found.append(layer)
    return tuple(found)
