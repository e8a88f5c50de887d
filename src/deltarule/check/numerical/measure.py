"""Every entry's derivative by one method, with a second look where it matters."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from deltarule.check.numerical.around import Around, typical_sizes
from deltarule.check.numerical.formulas import COMPLEX, FORMULAS, complex_slopes
from deltarule.check.numerical.groups import Groups
from deltarule.check.numerical.look import Look, look, look_steps
from deltarule.check.numerical.probe import Probe
from deltarule.core.arrays import Array

_PART = 256
"""Entries that are looked at together for the second time."""


@dataclass(frozen=True)
class Kinks:
    """Entries at which the slopes of the two sides differ."""

    entries: Array
    left: Array
    right: Array
    slack: Array


@dataclass(frozen=True)
class Measured:
    """Numerical derivatives and how far each may be off."""

    slope: Array
    error: Array
    kinks: Kinks
    method: str


def choose_method(method: str, probed: Probe) -> str:
    """Return what `"auto"` stands for: a complex step where E is analytic, else differences.

    At a kink central differences touch the nearest points; elsewhere five points reach two
    digits further.
    """
    if method != "auto":
        return method
    if not probed.complex_steps:
        return COMPLEX
    return "central" if probed.kinked else "five_point"


def measure(
    around: Around, got: Array, groups: Groups, tolerance: float, method: str, probed: Probe
) -> Measured:
    """Return dE/dx of every entry.

    Args:
        around: E around the point.
        got: the gradient in question; entries that it disagrees with get a second look.
        groups: entries that are measured by the largest among them.
        tolerance: the relative error above which an entry is wrong.
        method: not `"auto"`.
        probed: what is known of E.
    """
    entries = np.arange(around.size)
    sizes = np.maximum(typical_sizes(around.x), 1e-300)
    jumps = np.zeros(around.size)
    if method == COMPLEX:
        slope = complex_slopes(around, entries)
        error = np.zeros(around.size)
        if probed.kinked:
            jumps = _differences(around, entries, sizes, "central", probed)[2]
    else:
        slope, error, jumps = _differences(around, entries, sizes, method, probed)
    bound = tolerance * groups.largest(slope)
    doubtful = ~(np.abs(got - slope) <= 0.5 * bound + error) | (error > bound)
    bent = np.abs(jumps) > np.maximum(1e-3 * np.abs(slope), 10.0 * error) + bound
    none = Kinks(np.empty(0, np.intp), np.empty(0), np.empty(0), np.empty(0))
    first = Measured(slope, error, none, method)
    order = np.flatnonzero(doubtful | bent)
    order = order[np.argsort(-np.abs(got - slope)[order], kind="stable")]
    return _second_look(around, got, first, order, bound, sizes, probed)


def _differences(
    around: Around, entries: Array, sizes: Array, method: str, probed: Probe
) -> tuple[Array, Array, Array]:
    """Return slopes, their rounding, and right slope - left slope where the formula has both."""
    formula = FORMULAS[method]
    steps = formula.steps(sizes, probed.relative(around))
    values = formula.values(around, entries, steps)
    here = around.here[entries]
    slope = formula.from_values(here, values, steps)
    jumps = np.zeros(len(entries))
    points = [p for p in formula.points if p]
    if -points[0] in points:
        plus, minus = values[:, 0], values[:, points.index(-points[0])]
        jumps = (plus - 2.0 * here + minus) / (abs(points[0]) * steps)
    return slope, formula.rounding(probed.noise, steps), jumps


def _second_look(
    around: Around, got: Array, first: Measured, order: Array, bound: Array, sizes: Array,
    probed: Probe,
) -> Measured:  # fmt: skip
    """Look again at the entries in `order`, until most of a part stay wrong after it."""
    slope, error = first.slope, first.error
    kinks = [first.kinks]
    for start in range(0, len(order), _PART):
        part = order[start : start + _PART]
        seen = _look_at(around, part, sizes, probed)
        if first.method != COMPLEX:
            better = seen.error < np.maximum(error[part], np.abs(got - slope)[part])
            # one formula at one step knows nothing of its truncation; two that differ do
            apart = np.minimum(np.abs(seen.slope - slope[part]), seen.error)
            error[part] = np.where(better, seen.error, np.maximum(error[part], apart))
            slope[part] = np.where(better, seen.slope, slope[part])
        k = seen.kinked
        kinks.append(Kinks(part[k], seen.left[k], seen.right[k], seen.slack[k]))
        wrong = np.abs(got - slope)[part] > bound[part] + error[part]
        if np.count_nonzero(wrong & ~k) > 0.5 * len(part):
            break
    columns = [np.concatenate([getattr(k, f.name) for k in kinks]) for f in fields(Kinks)]
    in_order = np.argsort(columns[0])
    return replace(first, kinks=Kinks(*(c[in_order] for c in columns)))


def _look_at(around: Around, part: Array, sizes: Array, probed: Probe) -> Look:
    steps = look_steps(sizes[part], probed.relative(around))
    moves = np.concatenate([steps, -steps], axis=1)
    values = around.moved(np.repeat(part, moves.shape[1]), moves.ravel())
    plus, minus = np.split(values.reshape(moves.shape), 2, axis=1)
    return look(around.here[part], plus, minus, steps, np.full(len(part), probed.noise))
