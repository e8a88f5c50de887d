"""How many numbers an explanation explains, by how many fitted ones; whether that proves it.

A fitted number is over-determined where the nodes' gradients, each on its own, give the same
value: one node's gradient can be scaled to anything. What is not over-determined is 'possible'.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deltarule.check.diagnose.backward import backward, flat
from deltarule.check.diagnose.case import Array, Case
from deltarule.check.diagnose.explanation import Explanation
from deltarule.check.diagnose.grammar import Point
from deltarule.check.diagnose.match import HALF_THE_DIGITS, largest
from deltarule.check.diagnose.online import ONLINE, online_gradient

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Evidence:
    """What speaks for an explanation."""

    numbers: int
    """How many entries of the gradient are other than the true ones, and explained."""
    not_zero: int
    """How many of them are not 0: that nothing is there proves little."""
    fitted: int
    """How many numbers were fitted to them."""
    ratios: bool
    """Whether a fitted number only makes a layer's gradient a multiple of the true one."""
    certain: bool
    """Whether every fitted number is over-determined, and no two changes are one product."""

    def __str__(self) -> str:
        numbers = f"{self.numbers} number{'s' * (self.numbers != 1)} explained"
        return f"{numbers}, {self.fitted or 'none'} fitted"


def predicted(case: Case, e: Explanation) -> Array:
    """Return the gradient that the explanation gives, its layers in their order."""
    online = next((p for p in e.points if p.quantity is ONLINE), None)
    if online is None:
        return e.factor.at(case) * flat(backward(case, e.acts()))
    assert online.number is not None
    return e.factor.at(case) * online_gradient(case, e.acts(), online.number)


def evidence_of(case: Case, e: Explanation) -> Evidence:
    """Return what speaks for an explanation that gives the gradient."""
    here, truth = predicted(case, e), flat(backward(case))
    explained = _moved(case, here, truth)
    if any(p.slot == "order" for p in e.points):
        explained = here != 0.0
    claims = bool(e.points or e.factor.names)  # else it is right, in its precision
    certain = not e.product and (bool(explained.any()) or not claims)
    if e.factor.free:
        certain &= len(_nodes(case, here != 0.0)) > e.fits
    fitted = [p for p in e.points if p.fitted and not p.taken]
    ratios = bool(fitted) and _only_ratios(case, here, truth)
    for i, point in enumerate(e.points):
        if point.fitted and not point.taken:
            certain &= _over_determined(case, e, i, here)
    not_zero = int(np.sum(explained & (here != 0.0)))
    proved = bool(certain) and not ratios
    return Evidence(int(explained.sum()), not_zero, e.fits, ratios, proved)


def _only_ratios(case: Case, here: Array, truth: Array) -> bool:
    """Whether every layer's gradient is the true one times a number: any number would do."""
    for stage in case.stages[1:]:
        part = slice(stage.start, stage.start + stage.size)
        square = float(truth[part] @ truth[part])
        ratio = float(here[part] @ truth[part]) / square if square > 0.0 else 0.0
        rest = here[part] - ratio * truth[part]
        if largest(rest) > HALF_THE_DIGITS * largest(here[part]):
            return False
    return True


def _over_determined(case: Case, e: Explanation, i: int, here: Array) -> bool:
    """Whether the number of a point is given by more than one node, or by one node in two ways."""
    point = e.points[i]
    assert point.number is not None
    other = Point(point.quantity, 1.001 * point.number, True)
    points = (*e.points[:i], other, *e.points[i + 1 :])
    there = predicted(case, Explanation(points, e.layers, e.factor))
    moved: Bools = np.abs(there - here) > 1e-3 * HALF_THE_DIGITS * largest(here)
    nodes = _nodes(case, moved)
    if len(nodes) > e.fits or (point.quantity.whole and moved.sum() > 1):
        return True
    return any(_turns(here[node], (there - here)[node], e.fits) for node in nodes)


def _turns(base: Array, column: Array, fits: int) -> bool:
    """Whether a node's gradient is not only scaled by the number, but turned."""
    if len(base) < fits + 2 or not np.any(base):
        return False
    rest = column - base * float(base @ column) / float(base @ base)
    return bool(np.linalg.norm(rest) > 1e-4 * np.linalg.norm(column))


def _moved(case: Case, here: Array, truth: Array) -> Bools:
    """Return which entries differ by more than rounding from the largest of their part."""
    found = np.zeros(here.shape, np.bool_)
    for entry in case.objective.network.layout.entries:
        part = slice(entry.start, entry.stop)
        size = max(largest(here[part]), largest(truth[part]))
        found[part] = np.abs(here[part] - truth[part]) > HALF_THE_DIGITS * size
    return found


def _nodes(case: Case, entries: Bools) -> list[list[int]]:
    """Return, for every node with some of the entries, where its numbers stand in theta."""
    every = (own for stage in case.stages[1:] for own in stage.nodes)
    return [own for own in every if np.any(entries[own])]
