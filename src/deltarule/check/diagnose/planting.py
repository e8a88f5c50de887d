"""A mistake put into the backward pass on purpose: `diagnose`, the other way round."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from deltarule.check.diagnose.backward import backward, flat
from deltarule.check.diagnose.case import Array, Case
from deltarule.check.diagnose.grammar import MISTAKES, QUANTITIES, Mistake, Point, mistake_of
from deltarule.core.errors import UsageError, unknown_name
from deltarule.engine import Objective, Samples
from deltarule.engine.reference import Backprop
from deltarule.engine.reference import backprop as right
from deltarule.rules import as_rule

_NUMBERS = (0.5, 0.1, 2.0)
"""What stands in a mistake that has a number: the first of these that makes sense there."""
_USUAL = ("loss:half_squared_error", "loss:binary_cross_entropy")
"""Variants that come before the others of their name."""
_SEEN = 1e-6
"""A mistake is planted where it changes the gradient by so much of its largest entry."""


@dataclass(frozen=True)
class Planted:
    """A backward pass with a mistake at some layers."""

    point: Point
    layers: tuple[int, ...]

    @property
    def mistake(self) -> Mistake:
        """What the code does, and what it should do."""
        return mistake_of(self.point)

    def backprop(
        self, objective: Objective, theta: Any, X: Any, T: Any, weight: Any = None, *rest: Any
    ) -> Backprop:
        """Return what `engine.reference.backprop` does, with the mistake on the way back."""
        found = right(objective, theta, X, T, weight, *rest)
        results = backward(
            Case(objective, theta, Samples(X, T, weight)), [(self.point, self.layers)]
        )
        return replace(
            found,
            dE_dy=[None, *(r.at.dE_dy for r in results[1:])],
            deltas=[None, *(r.delta for r in results[1:])],
            gradient=flat(results),
        )


def plantable(objective: Objective, theta: Array, samples: Samples) -> dict[str, Planted]:
    """Return every named mistake that can be made here and changes the gradient, by its code.

    Of a mistake's variants it is the usual one that fits, at every layer where it does. Raises
    `UsageError` for a rule that is not exact.

    >>> import deltarule as dr
    >>> from deltarule.engine import as_samples
    >>> net = dr.Network(2, [dr.Dense(3, "tanh"), dr.Dense(1, "tanh")])
    >>> objective = Objective.of(net, "half_squared_error", "mean", "exact", 0.0)
    >>> samples = as_samples(net, objective.loss, [[0.5, 1.0]], [[1.0]], None, float)
    >>> found = plantable(objective, net.init(seed=0), samples)
    >>> found["missing_derivative"].layers, "softmax_diagonal" in found
    ((1, 2), False)
    """
    if objective.rule != as_rule("exact"):
        raise UsageError("a mistake is planted in the exact rule: leave the rule as it is")
    case = Case(objective, theta, samples)
    truth = flat(backward(case))
    found: dict[str, Planted] = {}
    for quantity in sorted(QUANTITIES.values(), key=lambda q: q.id not in _USUAL):
        layers = tuple(l for l in range(1, case.L + 1) if quantity.fits(case, l))
        if not quantity.code or quantity.code in found or not layers:
            continue
        made = (quantity.allowed(v) for v in _NUMBERS)
        number = next(v for v in made if v is not None) if quantity.number else None
        planted = Planted(Point(quantity, number), layers)
        with np.errstate(all="ignore"):
            wrong = flat(backward(case, [(planted.point, layers)]))
        if np.isfinite(wrong).all() and np.abs(wrong - truth).max() > _SEEN * np.abs(truth).max():
            found[quantity.code] = planted
    return {code: found[code] for code in MISTAKES if code in found}


def plant(code: str, objective: Objective, theta: Array, samples: Samples) -> Planted:
    """Return the backward pass with one mistake. Raises `UsageError` for one that does not fit."""
    known = plantable(objective, theta, samples)
    if code in known:
        return known[code]
    if code in MISTAKES:
        raise UsageError(f"{code} changes nothing here; what can be planted: {', '.join(known)}")
    raise unknown_name("mistake", code, known)
