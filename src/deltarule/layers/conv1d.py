"""The causal convolution over time: a time-delay network."""

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
from deltarule.layers.layer import LAYERS, Parameters, Shape, State


@LAYERS.register
@dataclass(frozen=True, init=False)
class Conv1d(Affine):
    """A causal convolution: step t sees the steps t, t-d, t-2d, .. through the same weights.

        net_t = sum over k = 1..K of x_{t-(K-k)d} W_k^T + b         y_t = f(net_t)
        dE/dx_s = sum over k of delta_{s+(K-k)d} W_k
        dE/dW_k = sum over samples and t of delta_t^T x_{t-(K-k)d}
        shapes   x (n, T, features)   W (n_l, features, K)   b (n_l,)   net, y, delta (n, T, n_l)

    x is 0 before its first step, and the last W_k meets the present step. Layers with d = 1, 2, 4,
    .. see twice as far back each (WaveNet).

    Args:
        units: n_l, the number of nodes of every step.
        kernel: K, how many steps are seen.
        dilation: d, how far apart they are.
        activation: f.
        bias: whether there is a b.
        init: the initialiser of W; None takes the network's, else the one that suits f.

    Raises `UsageError` for numbers below 1 and unknown names.

    Source: Waibel et al. (1989), Phoneme recognition using time-delay neural networks; van den
    Oord et al. (2016), WaveNet. PyTorch's `Conv1d` has its channels before time, and sees the
    steps after t, too, unless its input is padded on the left.

    >>> import deltarule as dr
    >>> net = dr.Network((10, 2), [dr.Conv1d(4, 3, activation="relu"), dr.Last(), dr.Dense(1)])
    >>> net.unpack(net.init())[0]["W"].shape
    (4, 2, 3)
    """

    name = "conv1d"
    causal = True
    side_by_side = True
    equation = r"net_t = \sum_{k=1}^{K} x_{t-(K-k)d} W_k^T + b,\quad y_t = f(net_t)"

    units: int
    kernel: int
    dilation: int
    activation: Activation
    bias: bool
    init: Initialiser | None

    def __init__(
        self,
        units: int,
        kernel: int = 3,
        dilation: int = 1,
        activation: str | Mapping[str, Any] | Activation = "identity",
        bias: bool = True,
        init: str | Mapping[str, Any] | Initialiser | None = None,
    ) -> None:
        object.__setattr__(self, "units", whole("Conv1d: units", units, 1, 2**31))
        object.__setattr__(self, "kernel", whole("Conv1d: kernel", kernel, 1, 2**31))
        object.__setattr__(self, "dilation", whole("Conv1d: dilation", dilation, 1, 2**31))
        object.__setattr__(self, "activation", ACTIVATIONS.get(activation))
        object.__setattr__(self, "bias", boolean("Conv1d: bias", bias))
        object.__setattr__(self, "init", None if init is None else INITIALISERS.get(init))

    def outputs(self, inputs: Shape) -> Shape:
        """Return (time, n_l); raises `UsageError` where a sample of y_{l-1} is no sequence."""
        if len(inputs) != 2:
            raise UsageError(
                f"a layer of the type conv1d takes samples of the shape (time, features), not "
                f"{inputs}"
            )
        return (inputs[0], self.units)

    def parameters(self, inputs: Shape) -> tuple[Parameter, ...]:
        """Return W, and b if there is one."""
        W = Parameter("W", (self.units, inputs[1], self.kernel), penalised=True)
        return (W, Parameter("b", (self.units,), penalised=False)) if self.bias else (W,)

    def initial(
        self, inputs: Shape, init: Initialiser, rngs: list[np.random.Generator]
    ) -> dict[str, NDArray[np.float64]]:
        """Return the first W and b; a node has features * K weights into it."""
        W = init.draw(rngs[0], (self.units, inputs[1] * self.kernel))
        found = {"W": W.reshape(*W.shape[:-1], inputs[1], self.kernel)}
        if self.bias:
            shape = (self.units, 1)
            found["b"] = (init.draw(rngs[1], shape) if init.biases else np.zeros(shape))[..., 0]
        return found

    def resume(self, p: Parameters, y: Any, state: State | None, xp: Any) -> tuple[Any, Any, State]:
        """Return y_l, `saved` of these steps and those seen before them, and what is seen later."""
        seen = max(self.delays)
        before = xp.blank((y.shape[0], seen, y.shape[2]), y) if state is None else state[0]
        x = xp.concatenate([before, y], axis=1)
        out, saved = self.forward(p, x, xp)
        return out[:, seen:], saved, (x[:, x.shape[1] - seen :],)

    def net(self, p: Parameters, y: Any) -> Any:
        """Return net, (n, T, n_l)."""
        net = sum(later(y, by) @ p["W"][:, :, k].mT for k, by in enumerate(self.delays))
        return net + p["b"] if self.bias else net

    def gradient(self, p: Parameters, delta: Any, y: Any, xp: Any) -> Parameters:
        """Return dE/dW and dE/db, summed over samples and steps."""
        rows = delta.reshape(-1, self.units)
        taps = [rows.T @ later(y, by).reshape(-1, y.shape[-1]) for by in self.delays]
        dE_dW = xp.concatenate([tap[:, :, None] for tap in taps], axis=-1)
        return {"W": dE_dW, "b": xp.sum(rows, axis=0)} if self.bias else {"W": dE_dW}

    def back(self, p: Parameters, delta: Any) -> Any:
        """Return dE/dx: each delta goes to the steps that its node has seen."""
        return sum(later(delta, -by) @ p["W"][:, :, k] for k, by in enumerate(self.delays))

    def feedback(self, p: Parameters, stand_in: Any) -> Parameters:
        """Return the parameters with `stand_in(W)` in the place of W."""
        return {**p, "W": stand_in(p["W"])}

    @property
    def delays(self) -> list[int]:
        """How many steps before t each W_k looks."""
        return [(self.kernel - 1 - k) * self.dilation for k in range(self.kernel)]


def later(y: Any, by: int) -> Any:
    """Return y, (n, T, ..), moved `by` steps towards the end of time; 0 comes in."""
    if by == 0:
        return y
    at = np.arange(y.shape[1]) - by
    there = (at >= 0) & (at < len(at))
    return y[:, np.clip(at, 0, len(at) - 1)] * there[:, None].astype(y.dtype)
