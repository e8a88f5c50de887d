"""E as a program computes its value: the loss, and a penalty in it, by the numbers seen.

The numbers are those of its step; where it is not among them, those of another function of its
file, such as compute_cost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from deltarule.check.adapter.calls.seen import Seen
from deltarule.check.adapter.objective.costs import costs
from deltarule.check.adapter.objective.fit import At
from deltarule.check.adapter.program import Program
from deltarule.core.arrays import Array
from deltarule.core.errors import DeltaruleError
from deltarule.losses import LOSSES
from deltarule.network import Network


@dataclass(frozen=True)
class Error:
    """E, as a program computes its value."""

    loss: str
    l2: float = 0.0
    """E has 1/2 l2 |W|^2 in it."""
    by: str = ""
    """The function that gives it, where it is none of the step's own."""
    rows: int = 0
    """The number of observations that l2 is for, where the program divides it by them."""
    averaged: bool = False
    """Whether it is the mean over the outputs, too."""
    reduction: str = ""
    """`"sum"` or `"mean"` over the observations, where a penalty beside it tells them apart."""


def error_of(program: Program, at: At, losses: Sequence[Any], reduction: str) -> Error | None:
    """Return E as the program computes it; None where it does not, or in more ways than one."""
    theta, X, T = at
    some = slice(None) if program.reading.several else slice(0, 1)
    found = _at_rows(program, (theta, X[some], T[some]), losses, reduction)
    if found is None or not found.l2 or not program.reading.several:
        return found
    more, targets = (np.vstack([a, a[:1]]) for a in (X, T))
    other = _at_rows(program, (theta, more, targets), losses, reduction)
    if other is None or abs(other.l2 * (len(X) + 1) - found.l2 * len(X)) > 1e-6 * found.l2:
        return found
    return replace(found, rows=len(X))


def _at_rows(program: Program, at: At, losses: Sequence[Any], reduction: str) -> Error | None:
    rng, net, (theta, X, T) = np.random.default_rng(0), program.network, at
    thetas = [theta, *(theta * rng.uniform(0.5, 1.5, theta.shape) for _ in range(2))]
    points = [(w, X, T, program.seen(w, X, T)) for w in thetas]
    error = _seen_error(net, points, losses, reduction)
    if error is not None:
        return error
    by_name: dict[str, list[list[Array]]] = {}
    for i, w in enumerate(thetas):
        for name, seen in costs(program, w, X, T):
            by_name.setdefault(name, [[] for _ in thetas])[i] += seen.arrays
    found = []
    for name, each in by_name.items():
        points = [(w, X, T, Seen(arrays)) for w, arrays in zip(thetas, each, strict=True)]
        error = _seen_error(net, points, losses, reduction)
        found += [] if error is None else [replace(error, by=name)]
    kinds = {(e.loss.removeprefix("half_"), round(e.l2, 9)) for e in found}
    return found[0] if len(kinds) == 1 else None


def stated(net: Network, at: At, seen: Seen | None, losses: Sequence[str]) -> Sequence[str]:
    """Return the losses that a script can mean: those whose value is among its variables."""
    error = None if seen is None else _seen_error(net, [(*at, seen)], losses, "mean")
    if error is None:
        return losses
    kind = error.loss.removeprefix("half_")  # a gradient may be that of the other one
    return [name for name in losses if name.removeprefix("half_") == kind]


Observed = tuple[Array, Array, Array, Seen]
"""theta, X and T, and the numbers that were seen there."""


def _seen_error(
    net: Network, points: Sequence[Observed], losses: Sequence[str], reduction: str
) -> Error | None:
    """Return the E whose value, summed or averaged, is among the numbers seen at every point.

    Else one with a penalty in it: a number that was seen is then the loss's value plus c |W|^2,
    with one c for all points.
    """
    every: dict[str, list[Any]] = {}
    for name in losses:
        totals = [_totals(net, point, name) for point in points]
        every[name] = list(zip(*totals, strict=True)) if None not in totals else []
    kinds = [(name, kind, total) for name in losses for kind, total in enumerate(every[name])]
    for name, kind, total in kinds:
        if all(p[3].holds(np.array(value)) for p, value in zip(points, total, strict=True)):
            return Error(name, averaged=kind == len(every[name]) - 1)
    for name, kind, total in kinds if len(points) > 2 else ():
        c = _common([_multiples(net, p, v) for p, v in zip(points, total, strict=True)])
        if c is not None:
            whole = every[name][0 if reduction == "sum" else 1]
            size = 2.0 * c * whole[0] / total[0]
            return Error(name, size, reduction="mean" if kind else "sum")
    return None


def _totals(net: Network, point: Observed, name: str) -> tuple[float, ...] | None:
    """Return the sum of e, its mean over the observations, and over their outputs as well."""
    theta, X, T, _ = point
    try:
        e = LOSSES.get(name)(net(theta, X), T)
    except DeltaruleError:
        return None
    found = float(e.sum()), float(e.sum() / len(e)), float(e.mean())
    if name == "absolute_error" and np.any(np.isclose(e, np.reshape(found, (3, 1, 1)), rtol=1e-9)):
        return None  # a residual, which any program has: of one output, or of a class of two
    return found


def _multiples(net: Network, point: Observed, total: float) -> Array:
    """Return what every number seen is above the total, in |W|^2."""
    square = float(np.sum(point[0][net.layout.mask("penalised")] ** 2))
    found = (point[3].values - total) / square
    return np.asarray(found[np.abs(found) > 1e-9])


def _common(each: Sequence[Array]) -> float | None:
    """Return the positive number that is in every one of the arrays."""
    first, *others = each
    for c in first[first > 0]:
        if all(np.any(np.abs(o - c) <= 1e-9 * (1.0 + abs(c))) for o in others):
            return float(c)
    return None
