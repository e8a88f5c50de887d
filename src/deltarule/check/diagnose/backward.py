"""The backward pass as the textbook writes it, with a hook at every step.

    delta_L = dE/dy_L * f_L'(net_L)
    delta_l = (delta_{l+1} W_{l+1}) * f_l'(net_l)               for l = L-1 .. 1
    dE/dW_l = delta_l^T y_{l-1}                    dE/db_l = sum over samples of delta_l

With no mistakes this is the gradient of `engine.reference`, to the rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from deltarule.check.diagnose.case import Array, Case
from deltarule.check.diagnose.mistake import Trial
from deltarule.core.namespace import NUMPY

__all__ = ["LayerPass", "Result", "backward", "flat"]

Acts = tuple[Trial, ...]

_DELTA = frozenset({"loss", "jacobian", "carrier", "slope"})
_SUMS = _DELTA | {"rows", "input", "weights", "biases"}


@dataclass(frozen=True)
class Result:
    """What one layer gives: its delta, its gradient with the penalty, and what is delivered."""

    delta: Array
    whole: tuple[Array, Array]
    delivered: tuple[Array, Array]


class LayerPass:
    """One layer's part of the backward pass, under any mistakes.

    Steps that several combinations of mistakes share are computed once.
    """

    def __init__(self, case: Case, l: int, above: Result | None) -> None:
        self.case, self.l, self.above = case, l, above
        self._penalty = case.objective.l2 * case.W[l]
        self._slope = None if l == case.L and case.rowwise else case.slope(l)
        self._deltas: dict[Acts, Array] = {}
        self._sums: dict[Acts, tuple[Array, Array]] = {}

    def __call__(self, acts: Acts) -> Result:
        """Return delta_l and the layer's gradient under the mistakes `acts`."""
        pair = self._changed("scale", acts, self.sums(acts))
        penalty = self._changed("penalty", acts, self._penalty)
        whole = self._changed("whole", acts, (pair[0] + penalty, pair[1]))
        return Result(self.delta(acts), whole, self._changed("delivery", acts, whole))

    def delta(self, acts: Acts) -> Array:
        """Return delta_l = dE/dy_l * f_l'(net_l)."""
        key = tuple(a for a in acts if not _DELTA.isdisjoint(a.changes))
        if key not in self._deltas:
            last = self.l == self.case.L
            self._deltas[key] = self._output_delta(key) if last else self._hidden_delta(key)
        return self._deltas[key]

    def sums(self, acts: Acts) -> tuple[Array, Array]:
        """Return delta_l^T y_{l-1} and the sum over samples of delta_l."""
        key = tuple(a for a in acts if not _SUMS.isdisjoint(a.changes))
        if key not in self._sums:
            rows = self._changed("rows", key, self.delta(key))
            y = self._changed("input", key, self.case.outputs[self.l - 1])
            dE_db = rows.sum(axis=0) if self.case.bias(self.l) else np.zeros(0)
            dE_dW = self._changed("weights", key, rows.T @ y)
            self._sums[key] = dE_dW, self._changed("biases", key, dE_db)
        return self._sums[key]

    def _hidden_delta(self, acts: Acts) -> Array:
        case, l = self.case, self.l
        assert self.above is not None
        above = self.above
        rule = case.objective.rule.at(l + 1, len(case.objective.network.layers))
        feedback = rule.carrier(case.W[l + 1], NUMPY)
        carrier = self._replaced("carrier", acts, (feedback, above.whole[0], above.delta))
        found: Array = (above.delta @ carrier) * self._changed("slope", acts, self._slope)
        return found

    def _output_delta(self, acts: Acts) -> Array:
        case = self.case
        loss = self._changed("loss", acts, case.objective.loss)
        y, fused = case.outputs[-1], case.fused(loss)
        if case.rowwise:
            dE_dy = case.dE_dy(loss)
            _, vjp = case.objective.network.affine[-1].activation.body(NUMPY)
            right = vjp(y, dE_dy) if fused is None else fused
            found: Array = self._replaced("jacobian", acts, (right, y, dE_dy))
            return found
        slope = self._changed("slope", acts, self._slope)
        if fused is not None and slope is self._slope:  # f' has cancelled
            return np.asarray(fused)
        return np.asarray(case.dE_dy(loss) * slope)

    def _changed(self, hook: str, acts: Acts, value: Any) -> Any:
        for act in acts:
            if hook in act.changes:
                value = act.changes[hook](self.case, self.l, value)
        return value

    def _replaced(self, hook: str, acts: Acts, value: tuple[Any, ...]) -> Any:
        """Change the first of several values that a mistake may look at."""
        for act in acts:
            if hook in act.changes:
                value = (act.changes[hook](self.case, self.l, value), *value[1:])
        return value[0]


def backward(case: Case, acts: Sequence[tuple[Trial, Sequence[int]]] = ()) -> list[Any]:
    """Return the `Result` of every layer, l = 1..L, index 0 empty, under mistakes at layers.

    The hook `"order"` is not applied: it stands after all layers (see `order.py`).
    """
    found: list[Any] = [None] * (case.L + 1)
    above = None
    with np.errstate(all="ignore"):
        for l in range(case.L, 0, -1):
            here = tuple(trial for trial, layers in acts if l in layers)
            above = found[l] = LayerPass(case, l, above)(here)
    return found


def flat(results: Sequence[Any]) -> Array:
    """Return the delivered gradients of all layers as one vector, in the order of theta."""
    return np.concatenate([part.ravel() for r in results[1:] for part in r.delivered])
