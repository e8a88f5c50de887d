"""The recurrent layer whose outputs, not its hidden nodes, are remembered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from deltarule.activations import Activation
from deltarule.core.arguments import whole
from deltarule.core.layout import Parameter
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
    """What a step keeps, of the hidden nodes and of the outputs."""

    net: Any
    h: Any
    out: Any
    y: Any


@LAYERS.register
@dataclass(frozen=True, init=False, repr=False)
class Jordan(Recurrent):
    """Hidden nodes that see the outputs of the step before: the state is y.

        net_t = x_t W^T + y_{t-1} U^T + b      h_t = f(net_t)      y_t = g(h_t V^T + c)
        delta^y_t = (dE/dy_t + delta_{t+1} U) * g'(out_t)          delta_t = delta^y_t V * f'(net_t)

    Args:
        units: the number of hidden nodes.
        outs: the number of outputs, which are fed back.
        activation: f, of the hidden nodes.
        output_activation: g.
        init: the initialiser of W and V; None takes the network's, else the usual one.
        recurrent_init: that of U.
        truncate: (k1, k2), or k for both: see `Recurrent`.
        checkpoint: k, to keep a state every k steps alone: see `Recurrent`.

    Raises `UsageError` for a number of units or outs below 1 or an unknown name.

    Jordan's context nodes also kept a share of themselves; here they hold y_{t-1} alone.

    Source: Jordan (1986), Serial order: a parallel distributed processing approach.

    >>> Jordan(3, 1).outputs((10, 2))
    (10, 1)
    """

    name = "jordan"
    equation = r"h_t = f(x_t W^T + y_{t-1} U^T + b),\quad y_t = g(h_t V^T + c)"
    causal = True
    gate_names = ("net",)
    fed_back = True

    units: int
    outs: int
    activation: Activation
    output_activation: Activation
    init: Initialiser | None
    recurrent_init: Initialiser
    truncate: tuple[int, int] | None
    checkpoint: int | None

    def __init__(
        self,
        units: int,
        outs: int = 1,
        activation: ActivationSpec = "tanh",
        output_activation: ActivationSpec = "identity",
        init: InitSpec | None = None,
        recurrent_init: InitSpec = "orthogonal",
        truncate: Truncate = None,
        checkpoint: int | None = None,
    ) -> None:
        how = {"init": init, "recurrent_init": recurrent_init, "truncate": truncate}
        how |= {"checkpoint": checkpoint}
        self._fill(units, activation=activation, output_activation=output_activation, **how)
        object.__setattr__(self, "outs", whole("Jordan: outs", outs, 1, 2**31))

    @property
    def activations(self) -> tuple[Activation, ...]:  # type: ignore[override]
        """Return f and g."""
        return (self.activation, self.output_activation)

    @property
    def range(self) -> tuple[float, float]:  # type: ignore[override]
        """Between which numbers g lies."""
        return self.output_activation.range

    @property
    def held(self) -> tuple[int, ...]:
        """The state is y."""
        return (self.outs,)

    def further(self) -> tuple[Parameter, ...]:
        """Return V and c."""
        V = Parameter("V", (self.outs, self.units), penalised=True)
        return (V, Parameter("c", (self.outs,), penalised=False))

    def step(self, p: Parameters, a: Any, v: Any, state: State, xp: Any) -> tuple[State, Kept]:
        """Return y_t = g(f(a_t + v_t) V^T + c)."""
        (f, _), (g, _) = self.activation.body(xp), self.output_activation.body(xp)
        net = a + v
        h = f(net)
        out = h @ p["V"].mT + p["c"]
        y = g(out)
        return (y,), Kept(net, h, out, y)

    def step_back(
        self, p: Parameters, dE_dstate: State, kept: Kept, rule: LayerRule, xp: Any
    ) -> Deltas:
        """Return the deltas of the hidden nodes, and the step's part of dE/dV and dE/dc."""
        net, h, out, y = kept
        delta_y = dE_dstate[0] * rule.slope(self.output_activation, out, y, xp)
        dE_dh = delta_y @ p["V"]
        delta = dE_dh * rule.slope(self.activation, net, h, xp)
        further = {"V": delta_y.T @ h, "c": xp.sum(delta_y, axis=0)}
        return Deltas(delta, delta, (0.0,), further)
