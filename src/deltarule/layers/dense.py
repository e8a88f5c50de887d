"""The dense layer: every node sees every node before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.activations import ACTIVATIONS, Activation
from deltarule.core.arguments import boolean, whole
from deltarule.core.errors import UsageError
from deltarule.core.layout import Parameter
from deltarule.layers.affine import Affine
from deltarule.layers.initialisers import INITIALISERS, Initialiser
from deltarule.layers.layer import LAYERS, Parameters, Shape


@LAYERS.register
@dataclass(frozen=True, init=False)
class Dense(Affine):
    """A dense layer: net = y_{l-1} W^T + b, y_l = f(net).

        shapes   y_{l-1} (n, n_{l-1})   W (n_l, n_{l-1})   b (n_l,)   net, y_l, delta (n, n_l)
        back     dE/dy_{l-1} = delta W
        weights  dE/dW = delta^T y_{l-1}      dE/db = sum over samples of delta

    Args:
        units: n_l, the number of nodes.
        activation: f, by name or as an object.
        bias: whether there is a b.
        init: the initialiser of W (`"uniform:1"` draws b too); None takes the network's, else
            the one that suits the activation.
        train_bias: False keeps b as it starts; `backprop` still reports dE/db.

    Raises `UsageError` for a number of units below 1 or an unknown name.

    >>> Dense(3, "sigmoid")
    Dense(3, 'sigmoid')
    """

    name = "dense"
    side_by_side = True
    equation = r"net_l = y_{l-1} W_l^T + b_l,\quad y_l = f_l(net_l)"

    units: int
    activation: Activation
    bias: bool
    init: Initialiser | None
    train_bias: bool

    def __init__(
        self,
        units: int,
        activation: str | Mapping[str, Any] | Activation = "identity",
        bias: bool = True,
        init: str | Mapping[str, Any] | Initialiser | None = None,
        train_bias: bool = True,
    ) -> None:
        object.__setattr__(self, "units", whole("Dense: units", units, 1, 2**53))
        object.__setattr__(self, "activation", ACTIVATIONS.get(activation))
        object.__setattr__(self, "bias", boolean("Dense: bias", bias))
        object.__setattr__(self, "init", None if init is None else INITIALISERS.get(init))
        object.__setattr__(self, "train_bias", boolean("Dense: train_bias", train_bias))

    def __repr__(self) -> str:
        name = self.activation.name
        plain = name in ACTIVATIONS.names() and self.activation == ACTIVATIONS.get(name)
        parts = [str(self.units), repr(self.activation.name) if plain else repr(self.activation)]
        parts += [] if self.bias else ["bias=False"]
        parts += [] if self.init is None else [f"init={self.init!r}"]
        parts += [] if self.train_bias else ["train_bias=False"]
        return f"Dense({', '.join(parts)})"

    def outputs(self, inputs: Shape) -> Shape:
        """Return (n_l,); raises `UsageError` where a sample of y_{l-1} is no vector."""
        if len(inputs) != 1:
            raise UsageError(
                f"a dense layer takes samples of the shape (n,), not {inputs}; for sequences put "
                "Last() or Flatten() before it, or give EachStep(Dense(..))"
            )
        return (self.units,)

    def parameters(self, inputs: Shape) -> tuple[Parameter, ...]:
        """Return W, and b if there is one."""
        W = Parameter("W", (self.units, *inputs), penalised=True)
        b = Parameter("b", (self.units,), penalised=False, trained=self.train_bias)
        return (W, b) if self.bias else (W,)

    def initial(
        self, inputs: Shape, init: Initialiser, rngs: list[np.random.Generator]
    ) -> dict[str, NDArray[np.float64]]:
        """Return the first W and b."""
        found = {"W": init.draw(rngs[0], (self.units, inputs[0]))}
        if self.bias:
            shape = (self.units, 1)
            found["b"] = (init.draw(rngs[1], shape) if init.biases else np.zeros(shape))[..., 0]
        return found

    def net(self, p: Parameters, y: Any) -> Any:
        """Return net_l = y_{l-1} W_l^T + b_l."""
        return y @ p["W"].mT + p["b"] if self.bias else y @ p["W"].mT

    def gradient(self, p: Parameters, delta: Any, y: Any, xp: Any) -> Parameters:
        """Return dE/dW_l = delta_l^T y_{l-1} and dE/db_l = sum over samples of delta_l."""
        dE_dW = delta.T @ y
        return {"W": dE_dW, "b": xp.sum(delta, axis=0)} if self.bias else {"W": dE_dW}

    def row_gradients(self, p: Parameters, delta: Any, y: Any, out: Parameters) -> None:
        """Write delta_i y_i^T and delta_i for every row i, a place on the last axis."""
        np.multiply(delta.T[:, None, :], y.T[None, :, :], out=out["W"])
        if self.bias:
            out["b"][...] = delta.T

    def back(self, p: Parameters, delta: Any) -> Any:
        """Return dE/dy_{l-1} = delta_l W_l."""
        return delta @ p["W"]

    def feedback(self, p: Parameters, stand_in: Any) -> Parameters:
        """Return the parameters with `stand_in(W)` in the place of W."""
        return {**p, "W": stand_in(p["W"])}
