"""Layers of the form net = affine(y), y = f(net): where a delta rule has its say."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, NamedTuple, final

from deltarule.activations import Activation
from deltarule.core.errors import UsageError
from deltarule.core.namespace import NUMPY
from deltarule.layers.layer import Layer, Parameters
from deltarule.rules import LayerRule


class AffineSaved(NamedTuple):
    """What an affine layer keeps of a forward pass."""

    below: Any
    """y_{l-1}"""
    net: Any
    """net_l"""
    output: Any
    """y_l"""


class Affine(Layer):
    """A layer with net = affine(y_{l-1}), y_l = f(net).

        delta_l = dE/dy_l * f'(net_l)
        dE/dy_{l-1} = back(delta_l)       dE/dw = gradient(delta_l, y_{l-1})

    `back` and `gradient` are the adjoints of `net` in y and in the parameters.
    """

    activation: Activation
    """f"""

    @property
    def activations(self) -> tuple[Activation, ...]:  # type: ignore[override]
        """f alone."""
        return (self.activation,)

    @property
    def usual_initialiser(self) -> str:  # type: ignore[override]
        """What suits f."""
        return self.activation.init

    @property
    def rowwise(self) -> bool:  # type: ignore[override]
        """Whether f couples the outputs of a sample."""
        return self.activation.rowwise

    @property
    def range(self) -> tuple[float, float]:  # type: ignore[override]
        """Between which numbers f lies."""
        return self.activation.range

    @abstractmethod
    def net(self, p: Parameters, y: Any) -> Any:
        """Return net, the pre-activation."""

    @abstractmethod
    def gradient(self, p: Parameters, delta: Any, y: Any, xp: Any) -> Parameters:
        """Return dE/dw for every parameter, by name."""

    def row_gradients(self, p: Parameters, delta: Any, y: Any, out: Parameters) -> None:
        """Write every row's own dE/dw, (..., n), to `out` by name: `gradient` before it is summed.

        A row is a place on the last axis.
        """
        for i in range(len(y)):
            row = self.gradient(p, delta[i : i + 1], y[i : i + 1], NUMPY)
            for name, own in row.items():
                out[name][..., i] = own

    @abstractmethod
    def back(self, p: Parameters, delta: Any) -> Any:
        """Return dE/dy of the layer before: what delta is worth to its outputs."""

    @abstractmethod
    def feedback(self, p: Parameters, stand_in: Any) -> Parameters:
        """Return the parameters with `stand_in(W)` in the place of W, for `back`."""

    @final
    def forward(self, p: Parameters, y: Any, xp: Any) -> tuple[Any, AffineSaved]:
        """Return y_l = f(net), and (y_{l-1}, net, y_l)."""
        f, _ = self.activation.body(xp)
        net = self.net(p, y)
        output = f(net)
        return output, AffineSaved(y, net, output)

    @final
    def delta(self, dE_dy: Any, saved: AffineSaved, rule: LayerRule, xp: Any) -> Any:
        """Return delta_l = dE/dy_l * f'(net_l), or the row's Jacobian in place of f'."""
        if self.activation.rowwise:
            _, df = self.activation.body(xp)
            return df(saved.output, dE_dy)
        return dE_dy * rule.slope(self.activation, saved.net, saved.output, xp)

    @final
    def below(self, p: Parameters, delta: Any, rule: LayerRule, xp: Any) -> Any:
        """Return dE/dy_{l-1} = delta_l B_l, with B what the rule puts in the place of W."""
        return self.back(self.feedback(p, lambda W: rule.carrier(W, xp)), delta)

    @final
    def backward(
        self, p: Parameters, dE_dy: Any, saved: AffineSaved, rule: LayerRule, xp: Any
    ) -> tuple[Any, Parameters]:
        """Return dE/dy_{l-1}, and dE/dw for every parameter by name, from dE/dy_l."""
        delta = self.delta(dE_dy, saved, rule, xp)
        return self.below(p, delta, rule, xp), self.gradient(p, delta, saved.below, xp)


def check_rows(layers: Sequence[Layer]) -> None:
    """Refuse an f that couples a row in another layer than the last: there is no f' to go through.

    Raises `UsageError` naming the layer.
    """
    for number, layer in enumerate(layers[:-1], 1):
        if isinstance(layer, Affine) and layer.rowwise:
            raise UsageError(
                f"Network: layer {number} of {len(layers)} has the activation "
                f"{layer.activation.name}, which couples a row; use it in the last layer only"
            )
