"""The backward pass as a program over slots.

    delta_L = dE/dy_L * f_L'(net_L)
    delta_l = (delta_{l+1} W_{l+1}) * f_l'(net_l)               for l = L-1 .. 1
    dE/dW_l = delta_l^T y_{l-1}                    dE/db_l = sum over samples of delta_l

Where layer l has a state, delta_l comes from its own pass through time (`in_time.py`). Every slot
(`grammar/slot.py`) holds its right value, or what a point of the grammar puts there.
With no points this is the gradient of `engine.reference`, to the rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from deltarule.activations import Activation
from deltarule.check.diagnose.case import Array, Case
from deltarule.check.diagnose.grammar.slot import Point
from deltarule.check.diagnose.in_time import TIME, InTime, in_time, summed
from deltarule.check.diagnose.stages import STATE, Stage
from deltarule.core.namespace import NUMPY
from deltarule.losses import Loss

Acts = tuple[Point, ...]
Pair = tuple[Array, Array]
_Slots = Mapping[str, Sequence[Point]]
"""The points of a pass by the slots they are in."""

_NUMBERS = 2_000_000
"""How many numbers of a layer's nodes are kept for all its deltas together."""

_DELTA = frozenset({"loss", "carried", "carrier", "delta"}) | TIME
_SUMS = _DELTA | {"own", "rows", "steps", "gates", "before", "input", "weights", "biases"}


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
    time: InTime | None = None
    """The pass through time that gave it, where the layer has a state."""

    @property
    def net(self) -> Array:
        """net_l."""
        return np.asarray(self.case.nets[self.l])

    @property
    def y(self) -> Array:
        """y_l."""
        return np.asarray(self.case.outputs[self.l])

    @property
    def activation(self) -> Activation:
        """f of layer l."""
        return self.case.activation(self.l)

    @property
    def slope(self) -> Array:
        """f_l'(net_l); there is none where a Jacobian takes its place."""
        return np.asarray(self.case.slopes[self.l])

    def slope_at(self, net: Array) -> Array:
        """Return f_l' at another net."""
        return np.asarray(self.case.slope(self.l, net))

    @cached_property
    def dE_dy(self) -> Array:
        """dE/dy_l."""
        if self.start is not None:
            return np.asarray(self.start)
        return self.case.lowered(self.case.dE_dy(self.loss))

    @cached_property
    def right_delta(self) -> Array:
        """dE/dy_l * f_l'(net_l), what belongs into the slot of delta_l."""
        fused = self.case.fused(self.loss) if self.start is None else None
        return self.through(self.dE_dy) if fused is None else np.asarray(fused)  # f' cancels

    def through(self, dE_dy: Array) -> Array:
        """Return dE/dnet_l for a dE/dy_l."""
        if self.case.elementwise(self.l):
            return np.asarray(dE_dy * self.slope)
        return np.asarray(self.activation.body(NUMPY)[1](self.y, dE_dy))


@dataclass(frozen=True, eq=False)
class Result:
    """What one layer gives: its pass, its gradient with the penalty, and what is delivered."""

    at: At
    whole: Pair
    delivered: Pair

    def beside(self, other: Result) -> list[Pair]:
        """Return what the layer below may be given, beside another's.

        That is delta_l, and dE/dy_l where delta_l is 0: a node of relu that is off has no delta,
        whatever was carried down to it.
        """
        pairs = [(self.delta, other.delta)]
        if not (np.any(self.delta) or np.any(other.delta)):
            pairs.append((self.at.dE_dy, other.at.dE_dy))
        return pairs

    @cached_property
    def below(self) -> LayerPass:
        """The pass of the layer below, which gets this layer's delta."""
        return LayerPass(self.at.case, self.at.l - 1, self)

    @property
    def delta(self) -> Array:
        """delta_l."""
        return np.asarray(self.at.delta)


class LayerPass:
    """One layer's part of the backward pass, under any points.

    Deltas that several combinations of points share are computed once, and so is the gradient that
    the last ones shared, and what a point alone gives: a search comes back to it. In a large layer
    there is no room for more.
    """

    def __init__(self, case: Case, l: int, above: Result | None) -> None:
        self.case, self.l, self.above = case, l, above
        self._penalty = case.penalty_slope(case.W[l]), np.zeros_like(case.b[l])
        self._penalised = bool(case.objective.penalties)
        self._ats: dict[Acts, At] = {}
        self._alone: dict[Acts, Result] = {}
        self._changing: dict[Point, bool] = {}
        self._room = max(2, _NUMBERS // (case.outputs[l].size + case.W[l].size))
        self._last: tuple[Acts, Pair] | None = None

    def __call__(self, acts: Acts) -> Result:
        """Return the layer's result with the points `acts`."""
        if len(acts) > 1:
            return self._result(acts)
        if acts not in self._alone:
            if len(self._alone) >= self._room:
                self._alone.clear()
            self._alone[acts] = self._result(acts)
        return self._alone[acts]

    def changes(self, point: Point) -> bool:
        """Whether a point alone changes anything in this layer."""
        if point not in self._changing:
            mine, right = self((point,)), self(())
            pairs = *zip(mine.delivered, right.delivered, strict=True), *mine.beside(right)
            self._changing[point] = any(not np.array_equal(a, b) for a, b in pairs)
        return self._changing[point]

    def _result(self, acts: Acts) -> Result:
        put: dict[str, list[Point]] = {}
        for act in acts:  # more than one in a slot where each touches a part of its own
            put.setdefault(act.slot, []).append(act)
        at = self._at(tuple(a for a in acts if a.slot in _DELTA), put)
        whole = _put("scale", put, at, self._summed(at, acts, put))
        if self._penalised or "penalty" in put:
            more = _put("penalty", put, at, self._penalty)
            whole = whole[0] + more[0], whole[1] + more[1]
        whole = _put("whole", put, at, whole)
        return Result(at, whole, _put("delivery", put, at, whole))

    def _at(self, acts: Acts, put: _Slots) -> At:
        if acts not in self._ats:
            if len(self._ats) >= self._room:
                self._ats.clear()
            at = self._ats[acts] = self._started(put)
            if self.case.over(self.l) == STATE:
                at.time = in_time(self.case, self.l, at.dE_dy, _putter(put, at), "slope" in put)
                at.delta = at.time.rows("inward")
            else:
                at.delta = _put("delta", put, at, None) if "delta" in put else at.right_delta
        return self._ats[acts]

    def _started(self, put: _Slots) -> At:
        at = At(self.case, self.l, self.above, self.case.objective.loss)
        if self.above is None:
            found = _put("loss", put, at, at.loss)
            if isinstance(found, Loss):
                at.loss = found
            else:
                at.start = self.case.lowered(found)
            return at
        carried = _put("carried", put, self.above.at, self.above.delta)
        carrier = put.get("carrier")
        below = carrier[0].value(at, carried) if carrier else carried @ self._feedback
        at.start = self.case.down(self.l, below)
        return at

    @cached_property
    def _feedback(self) -> Any:
        case, above = self.case, self.l + 1
        return case.rule(above).carrier(case.carrying(above), NUMPY)

    def _summed(self, at: At, acts: Acts, put: _Slots) -> Pair:
        """Return delta_l^T y_{l-1} and the sum over samples of delta_l."""
        key = tuple(a for a in acts if a.slot in _SUMS)
        if self._last is None or self._last[0] != key:
            pair = _put("weights", put, at, self._pair(at, put))
            self._last = key, _put("biases", put, at, pair)
        return self._last[1]

    def _pair(self, at: At, put: _Slots) -> Pair:
        """Return the sums over the rows, each row with the weight that its slots give it."""
        case, l = self.case, self.l
        weighted = "rows" in put or "steps" in put
        over: Any = (np.ones((len(case.inputs[l]), 1)),) * 2 if weighted or at.time else None
        for slot in ("rows", "steps") if weighted else ():
            over = _put(slot, put, at, over)
        if at.time is not None:
            stage: Stage = case.stages[l]
            return stage.pair(summed(case, l, at.time, _putter(put, at), over))
        for_weights, for_biases = _put("own", put, at, (at.delta, at.delta))
        if weighted:
            for_weights, for_biases = for_weights * over[0], for_biases * over[1]
        y = _put("input", put, at, case.inputs[l])
        dE_db = for_biases.sum(axis=0) if case.bias(l) else np.zeros(0)
        return for_weights.T @ y, dE_db


def _putter(put: _Slots, at: At) -> Callable[[str, Any], Any]:
    """Return what says what stands in a slot of the pass through time."""

    def stands(slot: str, right: Any) -> Any:
        found = _put(slot, put, at, right)
        return found.slope if slot == "slope" and found is right else found

    return stands


def _put(slot: str, put: _Slots, at: At, right: Any) -> Any:
    for act in put.get(slot, ()):
        right = act.value(at, right)
    return right


def unchanged(top: LayerPass) -> list[Any]:
    """Return the right `Result` of every layer, l = 1..L, index 0 empty, from the output's pass."""
    found: list[Any] = [top(())]
    with np.errstate(all="ignore"):
        while found[0].at.l > 1:
            found.insert(0, found[0].below(()))
    return [None, *found]


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
    return np.concatenate([r.at.case.stages[r.at.l].flat(r.delivered) for r in results[1:]])
