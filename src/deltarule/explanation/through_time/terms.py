"""dE/dw as a sum over steps: delta_t times what the weight is multiplied by at step t."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.errors import UsageError
from deltarule.core.namespace import NUMPY
from deltarule.core.notation import Notation, Symbol
from deltarule.engine import Backprop, Objective
from deltarule.explanation.records import Factor
from deltarule.explanation.through_time.place import Place
from deltarule.layers import Affine, Conv1d, Layer, Recurrent
from deltarule.layers.recurrent import Deltas
from deltarule.rules import RuleRun

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Term:
    """What one step of one observation adds to dE/dw."""

    observation: int
    step: int
    """From 1; 0 where the layer has no steps."""
    factors: tuple[Factor, ...]
    value: float


@dataclass(frozen=True)
class Pass:
    """A forward and backward pass, as it is looked at from one layer."""

    objective: Objective
    theta: Array
    bp: Backprop
    l: int
    notation: Notation
    lengths: NDArray[np.intp] | None = None
    """The steps of every observation, where they differ; behind them there is nothing to say."""
    run: RuleRun | None = None
    """What the rule knows of the run."""

    @property
    def layer(self) -> Layer:
        """The layer."""
        return self.objective.network.layers[self.l - 1]

    @property
    def p(self) -> dict[str, Array]:
        """Its parameters."""
        return self.objective.network.unpack(self.theta)[self.l - 1]

    @property
    def rule(self) -> Any:
        """The rule as it meets the layer."""
        return self.objective.rule.at(self.l, len(self.objective.network.layers), self.run)

    def deltas(self) -> list[Deltas]:
        """Return the deltas of a recurrent layer, step by step."""
        layer, saved = self.layer, self.bp.saved[self.l]
        assert isinstance(layer, Recurrent)
        return layer.through_time(self.p, self.bp.dE_dy[self.l], saved, self.rule, NUMPY)

    def turned(self, factors: tuple[Factor, ...]) -> tuple[Factor, ...]:
        """Return the factors with the -1 of a notation with delta = -dE/dnet before them."""
        if self.notation.sign == 1:
            return factors
        error = self.notation.error.text
        return (Factor("(-1)", f"delta is -d{error}/dnet here", -1.0, "(-1)"), *factors)


def at_step(symbol: Symbol, t: int) -> Symbol:
    """Return a symbol at step t; as it is where there are no steps (t = 0)."""
    if not t:
        return symbol
    return _at(symbol, t)


def _at(symbol: Symbol, t: int) -> Symbol:
    return Symbol(f"{symbol.text}(t={t})", f"{{{symbol.latex}}}^{{({t})}}")


def terms(here: Pass, place: Place) -> list[Term]:
    """Return the terms of every observation and step; their values add up to dE/dw without l2.

    Raises `UsageError` for a layer whose backward pass is not made of deltas.
    """
    found = _terms(here, place)
    if here.lengths is None:
        return found
    return [term for term in found if term.step <= here.lengths[term.observation - 1]]


def _terms(here: Pass, place: Place) -> list[Term]:
    layer = here.layer
    if isinstance(layer, Recurrent):
        if place.parameter not in ("W", "U", "b"):
            return _own(here, place)
        delta, incoming = _recurrent(here, layer, place)
    elif isinstance(layer, Affine):
        delta, incoming = _affine(here, layer, place)
    else:
        raise UsageError(
            f"layer {here.l} is of the type {layer.name}; this works for networks of dense, "
            "convolutional and recurrent layers alone"
        )
    found = []
    steps = delta.ndim > 1
    for i, t in np.ndindex(delta.shape if steps else (*delta.shape, 1)):
        at = (i, t) if steps else (i,)
        pair = (
            _incoming(here, place, i, (t + 1) * steps, float(incoming[at])),
            _delta(here, place, i, (t + 1) * steps, float(delta[at])),
        )
        found.append(
            Term(i + 1, (t + 1) * steps, here.turned(pair), float(delta[at] * incoming[at]) + 0.0)
        )
    return found


def _recurrent(here: Pass, layer: Recurrent, place: Place) -> tuple[Array, Array]:
    """Return delta and what the weight is multiplied by, (n, T)."""
    saved, found, j = here.bp.saved[here.l], here.deltas(), place.index[0]
    through_u = place.parameter == "U"
    delta = np.stack([(d.recurrent if through_u else d.inward)[:, j] for d in found], axis=1)
    if place.parameter == "b":
        return delta, np.ones_like(delta)
    k = place.index[1]
    if through_u:
        return delta, np.stack([state[0][:, k] for state in saved.states[:-1]], axis=1)
    return delta, saved.below[:, :, k]


def _affine(here: Pass, layer: Affine, place: Place) -> tuple[Array, Array]:
    """Return delta and dnet/dw, (n, T), or (n,) where there are no steps.

    net is linear in w, so that dnet_{i,t}/dw is what `gradient` makes of a delta that is 1 there.
    """
    bp, l = here.bp, here.l
    delta = bp.deltas[l][..., place.index[0]]
    incoming = np.empty(delta.shape)
    for at in np.ndindex(delta.shape):
        one = np.zeros_like(bp.deltas[l][at[:1]])[None]
        one[(0, *at[1:], place.index[0])] = 1.0
        below = bp.outputs[l - 1][at[0]][None]
        found = layer.gradient(here.p, one, below, NUMPY)[place.parameter]
        incoming[at] = found[place.index]
    return delta, incoming


def _own(here: Pass, place: Place) -> list[Term]:
    """Return the terms of a parameter that a cell has besides W, U and b: one number each."""
    layer, saved = here.layer, here.bp.saved[here.l]
    assert isinstance(layer, Recurrent)
    found = []
    for i in range(len(saved.below)):
        _, own = layer.forward(here.p, saved.below[i : i + 1], NUMPY)
        dE_dy = here.bp.dE_dy[here.l][i : i + 1]
        steps = layer.through_time(here.p, dE_dy, own, here.rule, NUMPY)
        for t, deltas in enumerate(steps, 1):
            value = float(deltas.further[place.parameter][place.index])
            symbol = at_step(Symbol(f"d{place.name}", rf"\partial {_latex(place)}"), t)
            factor = Factor(symbol.text, "what the step adds", value, symbol.latex)
            found.append(Term(i + 1, t, (factor,), value))
    return found


def _latex(place: Place) -> str:
    """Return a weight's symbol in LaTeX."""
    numbers = ",".join(str(n + 1) for n in place.index)
    return f"{place.parameter.lower()}_{{{place.layer},{numbers}}}"


def _incoming(here: Pass, place: Place, i: int, t: int, number: float) -> Factor:
    """Return what the weight is multiplied by, with its name."""
    l, layer = here.l, here.layer
    if len(place.index) == 1:
        return Factor("1", "a bias has 1 at its beginning", 1.0, "1")
    k = place.index[1] + 1
    if place.parameter == "U":
        symbol = _at(here.notation.output.at(l=l, j=k), t - 1)
        what = f"state of node {k} after step {t - 1}" if t > 1 else "the first state is 0"
        return Factor(symbol.text, what, number, symbol.latex)
    before = "input" if l == 1 else f"output of layer {l - 1}"
    seen = t
    if isinstance(layer, Conv1d):
        seen = t - (layer.kernel - 1 - place.index[2]) * layer.dilation
        before = f"{before} at step {seen}" if seen > 0 else f"0 before the first step of {before}"
    symbol = at_step(here.notation.output.at(l=l - 1, j=k), seen)
    return Factor(symbol.text, f"{before}, node {k}", number, symbol.latex)


def _delta(here: Pass, place: Place, i: int, t: int, number: float) -> Factor:
    """Return delta of the weight's node, with its name."""
    j, n, layer = place.index[0] + 1, here.notation, here.layer
    symbol, what = at_step(n.delta.at(l=here.l, j=j), t), f"dE/dnet of node {j}"
    if isinstance(layer, Recurrent) and layer.gates > 1:
        gate, node = divmod(j - 1, layer.units)
        what = f"dE/dnet of the gate {layer.gate_names[gate]} of node {node + 1}"
        if place.parameter == "U" and layer.gate_names[gate] == "n":
            what += ", times r, which stands behind U"
    return Factor(symbol.text, what, n.sign * number, symbol.latex)
