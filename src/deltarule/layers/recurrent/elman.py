"""The simple recurrent layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from deltarule.activations import Activation
from deltarule.layers.initialisers import Initialiser
from deltarule.layers.layer import LAYERS, Parameters
from deltarule.layers.recurrent.recurrent import (
    ActivationSpec,
    Deltas,
    InitSpec,
    Recurrent,
    State,
    Truncate,
)
from deltarule.rules import LayerRule


class Kept(NamedTuple):
    """What a step keeps."""

    net: Any
    h: Any


@LAYERS.register
@dataclass(frozen=True, init=False, repr=False)
class Elman(Recurrent):
    """A recurrent layer: net_t = x_t W^T + h_{t-1} U^T + b, h_t = f(net_t).

        delta_t = (dE/dy_t + delta_{t+1} U) * f'(net_t)
        dE/dU = sum over t of delta_t^T h_{t-1}
        dh_t/dh_{t-1} = diag(f'(net_t)) U, whose product over the steps vanishes or explodes

    Args:
        units: n_l, the number of nodes.
        activation: f.
        init: the initialiser of W; None takes the network's, else the usual one.
        recurrent_init: that of U.
        truncate: (k1, k2), or k for both: see `Recurrent`.
        checkpoint: k, to keep a state every k steps alone: see `Recurrent`.

    Raises `UsageError` for a number of units below 1 or an unknown name.

    Source: Elman (1990), Finding structure in time, Cognitive Science 14.

    >>> import deltarule as dr
    >>> net = dr.Network((10, 2), [dr.Elman(4), dr.Last(), dr.Dense(1)])
    >>> net.shapes
    ((10, 2), (10, 4), (4,), (1,))
    """

    name = "elman"
    equation = r"net_t = x_t W^T + h_{t-1} U^T + b,\quad h_t = f(net_t)"
    causal = True
    gate_names = ("net",)

    units: int
    activation: Activation
    init: Initialiser | None
    recurrent_init: Initialiser
    truncate: tuple[int, int] | None
    checkpoint: int | None

    def __init__(
        self,
        units: int,
        activation: ActivationSpec = "tanh",
        init: InitSpec | None = None,
        recurrent_init: InitSpec = "orthogonal",
        truncate: Truncate = None,
        checkpoint: int | None = None,
    ) -> None:
        how = {"init": init, "recurrent_init": recurrent_init, "truncate": truncate}
        how |= {"checkpoint": checkpoint}
        self._fill(units, activation=activation, **how)

    @property
    def activations(self) -> tuple[Activation, ...]:  # type: ignore[override]
        """Return f."""
        return (self.activation,)

    @property
    def range(self) -> tuple[float, float]:  # type: ignore[override]
        """Between which numbers f lies."""
        return self.activation.range

    def step(self, p: Parameters, a: Any, v: Any, state: State, xp: Any) -> tuple[State, Kept]:
        """Return h_t = f(a_t + v_t)."""
        f, _ = self.activation.body(xp)
        net = a + v
        h = f(net)
        return (h,), Kept(net, h)

    def step_back(
        self, p: Parameters, dE_dstate: State, kept: Kept, rule: LayerRule, xp: Any
    ) -> Deltas:
        """Return delta_t = dE/dh_t * f'(net_t)."""
        delta = dE_dstate[0] * rule.slope(self.activation, kept.net, kept.h, xp)
        return Deltas(delta, delta, (0.0,), {})
