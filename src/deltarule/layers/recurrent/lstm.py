"""Long short-term memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from deltarule.activations import Activation
from deltarule.core.arguments import number
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
    """What a step keeps: nets and outputs of i, f, g, o; c_{t-1}, c_t and f(c_t)."""

    nets: tuple[Any, Any, Any, Any]
    outputs: tuple[Any, Any, Any, Any]
    before: Any
    c: Any
    shown: Any


@LAYERS.register
@dataclass(frozen=True, init=False, repr=False)
class LSTM(Recurrent):
    """A memory c with gates: c_t = f_t c_{t-1} + i_t g_t, h_t = o_t F(c_t).

        i, f, o = s(a + v)      g = F(a_g + v_g)        rows of W, U, b: i, f, g, o
        a = x_t W^T + b         v = h_{t-1} U^T
        dE/dc_t = dE/dc_t (from step t+1) + dE/dh_t o F'(c_t)        dE/dc_{t-1} = dE/dc_t f_t
        delta_i = dE/dc g s'(net_i)     delta_f = dE/dc c_{t-1} s'(net_f)
        delta_g = dE/dc i F'(net_g)     delta_o = dE/dh F(c) s'(net_o)

    An open forget gate (f near 1) carries dE/dc back unchanged, whatever the weights.

    Args:
        units: n_l, the number of nodes.
        activation: F, of g and of the memory.
        gate: s, of i, f and o.
        forget_bias: what b of f starts with, beside what `init` may draw: gates that start open
            keep the memory (Gers, Schmidhuber and Cummins 2000; Jozefowicz et al. 2015). PyTorch
            starts it around 0, Keras with 1.
        init: the initialiser of W; None takes the network's, else the usual one.
        recurrent_init: that of every gate's U.
        truncate: (k1, k2), or k for both: see `Recurrent`.
        checkpoint: k, to keep a state every k steps alone: see `Recurrent`.

    Raises `UsageError` for a number of units below 1 or an unknown name.

    Source: Hochreiter and Schmidhuber (1997), Neural Computation 9, with the forget gate of Gers,
    Schmidhuber and Cummins (2000), without peepholes.

    >>> LSTM(2).parameters((10, 3))[0].shape
    (8, 3)
    """

    name = "lstm"
    equation = r"c_t = f \odot c_{t-1} + i \odot g,\quad h_t = o \odot F(c_t)"
    causal = True
    gate_names = ("i", "f", "g", "o")

    units: int
    activation: Activation
    gate: Activation
    forget_bias: float
    init: Initialiser | None
    recurrent_init: Initialiser
    truncate: tuple[int, int] | None
    checkpoint: int | None

    def __init__(
        self,
        units: int,
        activation: ActivationSpec = "tanh",
        gate: ActivationSpec = "sigmoid",
        forget_bias: float = 1.0,
        init: InitSpec | None = None,
        recurrent_init: InitSpec = "orthogonal",
        truncate: Truncate = None,
        checkpoint: int | None = None,
    ) -> None:
        how = {"init": init, "recurrent_init": recurrent_init, "truncate": truncate}
        how |= {"checkpoint": checkpoint}
        self._fill(units, activation=activation, gate=gate, **how)
        object.__setattr__(self, "forget_bias", number("LSTM: forget_bias", forget_bias))

    @property
    def activations(self) -> tuple[Activation, ...]:  # type: ignore[override]
        """Return F and s."""
        return (self.activation, self.gate)

    @property
    def gate_biases(self) -> tuple[float, ...]:  # type: ignore[override]
        """The forget gate's bias, 0 of the others."""
        return (0.0, self.forget_bias, 0.0, 0.0)

    @property
    def held(self) -> tuple[int, ...]:
        """The state is h and c."""
        return (self.units, self.units)

    def step(self, p: Parameters, a: Any, v: Any, state: State, xp: Any) -> tuple[State, Kept]:
        """Return h_t and c_t."""
        (F, _), (s, _) = self.activation.body(xp), self.gate.body(xp)
        net_i, net_f, net_g, net_o = nets = gates(a + v, 4)
        i, f, g, o = s(net_i), s(net_f), F(net_g), s(net_o)
        before = state[1]
        c = f * before + i * g
        shown = F(c)
        return (o * shown, c), Kept(tuple(nets), (i, f, g, o), before, c, shown)

    def step_back(
        self, p: Parameters, dE_dstate: State, kept: Kept, rule: LayerRule, xp: Any
    ) -> Deltas:
        """Return the deltas of i, f, g and o."""
        dE_dh, dE_dc = dE_dstate
        (net_i, net_f, net_g, net_o), (i, f, g, o), before, c, shown = kept
        F, s = self.activation, self.gate
        dE_dc = dE_dc + dE_dh * o * rule.slope(F, c, shown, xp)
        delta = xp.concatenate(
            [
                dE_dc * g * rule.slope(s, net_i, i, xp),
                dE_dc * before * rule.slope(s, net_f, f, xp),
                dE_dc * i * rule.slope(F, net_g, g, xp),
                dE_dh * shown * rule.slope(s, net_o, o, xp),
            ],
            axis=-1,
        )
        return Deltas(delta, delta, (0.0, dE_dc * f), {})
