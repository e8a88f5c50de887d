"""The gated recurrent unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from deltarule.activations import Activation
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
    gates,
)
from deltarule.rules import LayerRule


class Kept(NamedTuple):
    """What a step keeps: nets and outputs of the gates, q = v_n + c, h_{t-1}."""

    nets: tuple[Any, Any, Any]
    r: Any
    z: Any
    n: Any
    q: Any
    before: Any


@LAYERS.register
@dataclass(frozen=True, init=False, repr=False)
class GRU(Recurrent):
    """Gates that mix the old state with a new one: h_t = (1 - z_t) n_t + z_t h_{t-1}.

        r = s(a_r + v_r)        z = s(a_z + v_z)        n = f(a_n + r * (v_n + c))
        a = x_t W^T + b         v = h_{t-1} U^T         rows of W, U, b: r, then z, then n
        delta_n = dE/dh (1 - z) f'(net_n)      delta_z = dE/dh (h_{t-1} - n) s'(net_z)
        delta_r = delta_n (v_n + c) s'(net_r)
        dE/dh_{t-1} = dE/dh z + (delta_r, delta_z, delta_n r) U

    Args:
        units: n_l, the number of nodes.
        activation: f.
        gate: s.
        init: the initialiser of W; None takes the network's, else the usual one.
        recurrent_init: that of every gate's U.
        truncate: (k1, k2), or k for both: see `Recurrent`.
        checkpoint: k, to keep a state every k steps alone: see `Recurrent`.

    Raises `UsageError` for a number of units below 1 or an unknown name.

    Elsewhere the reset gate may stand before the product, U_n (r * h): so in Cho et al. and in
    Keras with `reset_after=False`. Here it stands behind, as in PyTorch, cuDNN and Keras' default.
    Cho et al. write z and 1 - z the other way round.

    Source: Cho et al. (2014), Learning phrase representations using RNN encoder-decoder.

    >>> GRU(2).parameters((10, 3))[1].shape
    (6, 2)
    """

    name = "gru"
    equation = r"r, z = s(a + v),\; n = f(a_n + r \odot (v_n + c)),\; h_t = (1 - z) n + z h_{t-1}"
    causal = True
    gate_names = ("r", "z", "n")

    units: int
    activation: Activation
    gate: Activation
    init: Initialiser | None
    recurrent_init: Initialiser
    truncate: tuple[int, int] | None
    checkpoint: int | None

    def __init__(
        self,
        units: int,
        activation: ActivationSpec = "tanh",
        gate: ActivationSpec = "sigmoid",
        init: InitSpec | None = None,
        recurrent_init: InitSpec = "orthogonal",
        truncate: Truncate = None,
        checkpoint: int | None = None,
    ) -> None:
        how = {"init": init, "recurrent_init": recurrent_init, "truncate": truncate}
        how |= {"checkpoint": checkpoint}
        self._fill(units, activation=activation, gate=gate, **how)

    @property
    def activations(self) -> tuple[Activation, ...]:  # type: ignore[override]
        """Return f and s."""
        return (self.activation, self.gate)

    def further(self) -> tuple[Parameter, ...]:
        """Return c, the bias inside the reset."""
        return (Parameter("c", (self.units,), penalised=False),)

    def step(self, p: Parameters, a: Any, v: Any, state: State, xp: Any) -> tuple[State, Kept]:
        """Return h_t = n + z (h_{t-1} - n)."""
        (f, _), (s, _) = self.activation.body(xp), self.gate.body(xp)
        (a_r, a_z, a_n), (v_r, v_z, v_n) = gates(a, 3), gates(v, 3)
        (before,) = state
        q = v_n + p["c"]
        net_r, net_z = a_r + v_r, a_z + v_z
        r, z = s(net_r), s(net_z)
        net_n = a_n + r * q
        n = f(net_n)
        return (n + z * (before - n),), Kept((net_r, net_z, net_n), r, z, n, q, before)

    def step_back(
        self, p: Parameters, dE_dstate: State, kept: Kept, rule: LayerRule, xp: Any
    ) -> Deltas:
        """Return the deltas of r, z and n."""
        (net_r, net_z, net_n), r, z, n, q, before = kept
        (dE_dh,) = dE_dstate
        delta_n = dE_dh * (1.0 - z) * rule.slope(self.activation, net_n, n, xp)
        delta_z = dE_dh * (before - n) * rule.slope(self.gate, net_z, z, xp)
        delta_r = delta_n * q * rule.slope(self.gate, net_r, r, xp)
        inside = delta_n * r
        inward = xp.concatenate([delta_r, delta_z, delta_n], axis=-1)
        recurrent = xp.concatenate([delta_r, delta_z, inside], axis=-1)
        return Deltas(inward, recurrent, (dE_dh * z,), {"c": xp.sum(inside, axis=0)})
