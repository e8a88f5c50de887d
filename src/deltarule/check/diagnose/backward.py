"""The backward pass as a program over slots.

    delta_L = dE/dy_L * f_L'(net_L)
    delta_l = (delta_{l+1} W_{l+1}) * f_l'(net_l)               for l = L-1 .. 1
    dE/dW_l = delta_l^T y_{l-1}                    dE/db_l = sum over samples of delta_l

Every slot (`grammar/slot.py`) holds its right value, or what a point of the grammar puts there.
With no points this is the gradient of `engine.reference`, to the rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from deltarule.check.diagnose.case import Array, Case
from deltarule.check.diagnose.grammar.slot import Point
from deltarule.core.namespace import NUMPY
from deltarule.losses import Loss

__all__ = ["Acts", "At", "LayerPass", "Result", "backward", "flat"]

Acts = tuple[Point, ...]
Pair = tuple[Array, Array]

_NUMBERS = 2_000_000
"""How many numbers of a layer's nodes are kept for all its deltas together."""

_DELTA = frozenset({"loss", "carried", "carrier", "delta"})
_SUMS = _DELTA | {"own", "rows", "input", "weights", "biases"}


@dataclass(eq=False)
class At:
    """Where the pass stands in layer l: what a quantity may look at."""

    case: Case
    l: int
    above: Result | None
    """What layer l+1 gave."""
    loss: Loss
    """The loss whose derivative starts the pass."""
    start: Any = None
    """dE/dy_l, where it is not this loss's: carried down, or something else at the output."""
    delta: Any = None
    """delta_l as the code has it."""

    @property
    def last(self) -> bool:
        """Whether l is the output layer."""
        return self.l == self.case.L

    @property
    def net(self) -> Array:
        """net_l."""
        return np.asarray(self.case.nets[self.l])

    @property
    def y(self) -> Array:
        """y_l."""
        return np.asarray(self.case.outputs[self.l])

    @property
    def coupled(self) -> bool:
        """Whether the activation couples a row: a Jacobian in place of f'."""
        return self.last and self.case.rowwise

    @property
    def slope(self) -> Array:
        """f_l'(net_l); there is none where a Jacobian takes its place."""
        return np.asarray(self.case.slopes[self.l])

    @cached_property
    def dE_dy(self) -> Array:
        """dE/dy_l."""
        return np.asarray(self.case.dE_dy(self.loss) if self.start is None else self.start)

    @cached_property
    def right_delta(self) -> Array:
        """dE/dy_l * f_l'(net_l), what belongs into the slot of delta_l."""
        fused = self.case.fused(self.loss) if self.start is None else None
        return self.through(self.dE_dy) if fused is None else np.asarray(fused)  # f' cancels

    def through(self, dE_dy: Array) -> Array:
        """Return dE/dnet_l for a dE/dy_l."""
        if not self.coupled:
            return np.asarray(dE_dy * self.slope)
        _, vjp = self.case.activation(self.case.L).body(NUMPY)
        return np.asarray(vjp(self.y, dE_dy))


@dataclass(frozen=True, eq=False)
class Result:
    """What one layer gives: its pass, its gradient with the penalty, and what is delivered."""

    at: At
    whole: Pair
    delivered: Pair

    @property
    def delta(self) -> Array:
        """delta_l."""
        return np.asarray(self.at.delta)


class LayerPass:
    """One layer's part of the backward pass, under any points.

    Deltas that several combinations of points share are computed once, and so is the gradient that
    the last ones shared; in a large layer there is no room for more.
    """

    def __init__(self, case: Case, l: int, above: Result | None) -> None:
        self.case, self.l, self.above = case, l, above
        self._penalty = case.objective.l2 * case.W[l], np.zeros_like(case.b[l])
        self._penalised = case.objective.l2 > 0.0
        self._ats: dict[Acts, At] = {}
        self._room = max(2, _NUMBERS // case.nets[l].size)
        self._last: tuple[Acts, Pair] | None = None

    def __call__(self, acts: Acts) -> Result:
        """Return the layer's result with the points `acts`."""
        at = self._at(tuple(a for a in acts if a.slot in _DELTA))
        whole = _put("scale", acts, at, self._summed(at, acts))
        if self._penalised or any(a.slot == "penalty" for a in acts):
            more = _put("penalty", acts, at, self._penalty)
            whole = whole[0] + more[0], whole[1] + more[1]
        whole = _put("whole", acts, at, whole)
        return Result(at, whole, _put("delivery", acts, at, whole))

    def _at(self, acts: Acts) -> At:
        if acts not in self._ats:
            if len(self._ats) >= self._room:
                self._ats.clear()
            at = self._ats[acts] = self._started(acts)
            changed = any(a.slot == "delta" for a in acts)
            at.delta = _put("delta", acts, at, None) if changed else at.right_delta
        return self._ats[acts]

    def _started(self, acts: Acts) -> At:
        at = At(self.case, self.l, self.above, self.case.objective.loss)
        if self.above is None:
            found = _put("loss", acts, at, at.loss)
            at.loss, at.start = (found, None) if isinstance(found, Loss) else (at.loss, found)
            return at
        carried = _put("carried", acts, self.above.at, self.above.delta)
        carrier = next((a for a in acts if a.slot == "carrier"), None)
        at.start = carried @ self._feedback if carrier is None else carrier.value(at, carried)
        return at

    @cached_property
    def _feedback(self) -> Any:
        case = self.case
        rule = case.objective.rule.at(self.l + 1, len(case.objective.network.layers))
        return rule.carrier(case.W[self.l + 1], NUMPY)

    def _summed(self, at: At, acts: Acts) -> Pair:
        """Return delta_l^T y_{l-1} and the sum over samples of delta_l."""
        key = tuple(a for a in acts if a.slot in _SUMS)
        if self._last is None or self._last[0] != key:
            own = _put("own", key, at, (at.delta, at.delta))
            y = _put("input", key, at, self.case.outputs[self.l - 1])
            for_weights, for_biases, y = _put("rows", key, at, (*own, y))
            dE_db = for_biases.sum(axis=0) if self.case.bias(self.l) else np.zeros(0)
            pair = _put("weights", key, at, (for_weights.T @ y, dE_db))
            self._last = key, _put("biases", key, at, pair)
        return self._last[1]


def _put(slot: str, acts: Acts, at: At, right: Any) -> Any:
    for act in acts:  # more than one where each touches a part of its own
        if act.slot == slot:
            right = act.value(at, right)
    return right


def backward(case: Case, acts: Sequence[tuple[Point, Sequence[int]]] = ()) -> list[Any]:
    """Return the `Result` of every layer, l = 1..L, index 0 empty, with points at layers.

    A point in the slot `order` is not applied: it stands behind all layers.
    """
    found: list[Any] = [None] * (case.L + 1)
    above = None
    with np.errstate(all="ignore"):
        for l in range(case.L, 0, -1):
            here = tuple(point for point, layers in acts if l in layers)
            above = found[l] = LayerPass(case, l, above)(here)
    return found


def flat(results: Sequence[Any]) -> Array:
    """Return the delivered gradients of all layers as one vector, in the order of theta."""
    return np.concatenate([part.ravel() for r in results[1:] for part in r.delivered])
