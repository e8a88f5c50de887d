"""A network that is given its sequences step by step, and keeps its state in between."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deltarule.core.arguments import array, whole
from deltarule.core.errors import UsageError
from deltarule.core.namespace import NUMPY
from deltarule.layers import Layer, Parameters, Shape, State, Steps


class Stream:
    """A network over sequences, one step at a time: `stream(x)` is what it says after x.

    What is said at step t is what the whole network says of the steps 1..t, but for rounding: with
    `Last`, of the sequence that ends there; with a layer at every step, its output there. Nothing
    of the steps before is kept but the layers' states, so a sequence may go on for ever.

    `Network.stream` makes one.

    >>> import deltarule as dr
    >>> net = dr.Network((3, 1), [dr.LSTM(4), dr.EachStep(dr.Dense(1))])
    >>> stream = net.stream(net.init(seed=0))
    >>> stream([1.0]).shape, stream.steps
    ((1,), 1)
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        shapes: Sequence[Shape],
        parameters: Sequence[Parameters],
        dtype: np.dtype[Any],
        samples: int = 1,
        states: Sequence[Any] | None = None,
    ) -> None:
        first = 1 if isinstance(layers[0], Steps) else 0
        self.features = check_steps(layers[first:], shapes[first:])
        self._layers = list(zip(layers, parameters, strict=True))[first:]
        self._one, self._dtype = samples == 1, dtype
        self.samples = whole("stream: samples", samples, 1)
        """How many sequences go side by side."""
        self.steps = 0
        """How many steps there have been, since the states were 0 or given."""
        self._states: list[State] = self._first()
        if states is not None:
            self.states = list(states)

    @property
    def states(self) -> list[State]:
        """Every layer's state, `()` of one that keeps none; to be kept, or put back."""
        return list(self._states)

    @states.setter
    def states(self, given: Sequence[Any]) -> None:
        """Go on from other states. Raises `UsageError` for another shape or type."""
        first = self._first()
        if isinstance(given, np.ndarray) or len(given) != len(first):
            raise UsageError(
                f"stream: states are a list of {len(first)}, one for every layer, such as "
                "`stream.states` of another stream"
            )
        found = []
        for l, (own, like) in enumerate(zip(given, first, strict=True), 1):
            if len(own) != len(like):
                raise UsageError(
                    f"stream: the state of layer {l} has {len(like)} parts, given: {len(own)}"
                )
            found.append(tuple(map(self._checked, own, like, [l] * len(like))))
        self._states = found

    def _checked(self, given: Any, like: Any, l: int) -> Any:
        part = array(f"stream: the state of layer {l}", given)
        if part.shape != like.shape or part.dtype != self._dtype:
            raise UsageError(
                f"stream: the state of layer {l} has the shape {part.shape} and the dtype "
                f"{part.dtype}; for {self.samples} sequence{'s' * (not self._one)} it needs "
                f"{like.shape} of {self._dtype}. `astype` changes a dtype"
            )
        return part

    def reset(self) -> None:
        """Begin new sequences: every state is 0."""
        self._states, self.steps = self._first(), 0

    def __call__(self, x: ArrayLike) -> NDArray[Any]:
        """Return y after one more step x, (features,), or (samples, features) for several.

        Raises `UsageError` for another shape.
        """
        given = array("stream: a step", x, self._dtype)
        alone = self._one and given.shape == (self.features,)
        if not alone and given.shape != (self.samples, self.features):
            raise UsageError(
                f"stream: a step has the shape {given.shape}; this network needs "
                f"({self.features},)" if self._one else
                f"stream: a step has the shape {given.shape}; {self.samples} sequences need "
                f"({self.samples}, {self.features})"
            )  # fmt: skip
        y = self._through(given.reshape(self.samples, 1, -1))
        self.steps += 1
        y = y[:, 0] if y.ndim == 3 else y  # with a layer at every step
        return np.asarray(y[0] if alone else y)

    def _first(self) -> list[State]:
        """Return the states before the first step."""
        one = np.zeros((self.samples, 1, self.features), self._dtype)
        states = []
        for layer, p in self._layers:
            one, _, state = layer.resume(p, one, None, NUMPY)
            states.append(tuple(np.zeros_like(part) for part in state))
        return states

    def _through(self, y: Any) -> Any:
        states = []
        with np.errstate(over="ignore", invalid="ignore"):
            for (layer, p), before in zip(self._layers, self._states, strict=True):
                y, _, state = layer.resume(p, y, before or None, NUMPY)
                states.append(state)
        self._states = states
        return y


def check_steps(layers: Sequence[Layer], shapes: Sequence[Shape]) -> int:
    """Return the features of a step, of layers over sequences that know a step from those before.

    Raises `UsageError` for other layers: vectors have no steps, `Flatten` in the middle needs all.
    """
    if len(shapes[0]) != 2:
        raise UsageError(
            f"stream: the network takes vectors of {shapes[0][0]} numbers, which have no steps; "
            "one over sequences is such as Network((time, features), [GRU(8), Last(), Dense(1)])"
        )
    for l, layer in enumerate(layers, 1):
        whole_sequence = len(shapes[l - 1]) == 2 and not (layer.causal or layer.by_length)
        if whole_sequence and any(above.parameters(shape) for above, shape in
                                  zip(layers[l:], shapes[l:], strict=False)):  # fmt: skip
            raise UsageError(
                f"stream: layer {l} ({layer.name}) needs all steps at once; take Last(), or a "
                "layer at every step"
            )
    return shapes[0][1]
