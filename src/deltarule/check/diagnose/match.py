"""Whether a layer's gradient is the given one: relative to its size and to its rounding.

Two gradients of a layer (weights and biases apart) are the same where no entry differs by more
than

    half the digits of float64 x the largest entry  +  64 eps x the running sum of magnitudes

The second part is what rounding can do where terms cancel or nodes saturate: the backward pass in
magnitudes, with the error of each step beside it (running error analysis; Higham 2002, section
3.3). For a gradient
of lower precision the first part is 64 eps of that precision. Neither grows with the array.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from deltarule.check.diagnose.case import Array, Case
from deltarule.check.diagnose.in_time import magnitudes
from deltarule.check.diagnose.stages import STATE

EPS = float(np.finfo(np.float64).eps)
HALF_THE_DIGITS = EPS**0.5
LOWER = (np.float32, np.float16)
ROUNDINGS = 64.0

Pair = tuple[Array, Array]


@dataclass(frozen=True, eq=False)
class Given:
    """The given gradient by layer: the pair (dE/dW_l, dE/db_l), and how far apart is the same."""

    vector: Array
    pairs: tuple[Any, ...]
    bounds: tuple[Any, ...]
    """The largest difference that is allowed in either part."""
    probes: tuple[Any, ...]
    """Where the largest weight's entry is: looked at first, as most guesses fail there."""
    near: float = 1e-6
    """How near to a known number a ratio has to be, to be read as it."""

    def matches(self, l: int, pair: Pair, factor: float = 1.0) -> bool:
        """Whether `factor` times layer l's gradient is the given one."""
        given, bound = self.pairs[l], self.bounds[l]
        probe = self.probes[l]
        if not abs(factor * pair[0].flat[probe] - given[0].flat[probe]) <= bound[0]:
            return False
        return all(self.agrees(l, part, pair, factor) for part in (0, 1))

    def agrees(self, l: int, part: int, pair: Pair, factor: float = 1.0) -> bool:
        """Whether `factor` times dE/dW_l (part 0) or dE/db_l (part 1) is the given one."""
        if pair[part].size == 0:
            return True
        mine = pair[part] if factor == 1.0 else factor * pair[part]
        apart = np.abs(mine - self.pairs[l][part])
        return bool(float(np.max(apart)) <= self.bounds[l][part])

    def ratio(self, l: int, pair: Pair) -> float | None:
        """Return the factor that brings layer l's gradient nearest to the given one.

        None where it is 0, or where no factor brings its largest entry near.
        """
        given = self.pairs[l]
        square = sum(float(np.vdot(part, part)) for part in pair)
        if not 0.0 < square < np.inf:
            return None
        found = sum(float(np.vdot(p, g)) for p, g in zip(pair, given, strict=True)) / square
        probe = self.probes[l]
        apart = abs(found * pair[0].flat[probe] - given[0].flat[probe])
        return found if apart <= 1e-3 * abs(given[0].flat[probe]) + self.bounds[l][0] else None

    def residual(self, l: int, pair: Pair) -> tuple[float, float]:
        """Return the largest difference relative to the largest entry, for W and for b.

        Where both are nothing but rounding, as sums that cancel are, the difference is none.
        """
        first, second = (
            0.0 if self.agrees(l, part, pair) and self.bounds[l][part] > largest(pair[part])
            else _relative(pair[part], self.pairs[l][part])
            for part in (0, 1)
        )  # fmt: skip
        return first, second


def largest(part: Array) -> float:
    """Return the largest magnitude in an array; 0 of none."""
    return float(np.max(np.abs(part), initial=0.0))


def _relative(found: Array, given: Array) -> float:
    size = max(largest(given), largest(found))
    return largest(found - given) / size if size > 0.0 else 0.0


def least_squares(
    columns: Sequence[Array], given: Array, rcond: float = 1e-12
) -> list[float] | None:
    """Return the columns' weights in the given vector; None where they are not determined."""
    matrix = np.column_stack(columns)
    if not (np.all(np.isfinite(matrix)) and np.all(np.isfinite(given))):
        return None
    sizes = np.sqrt(np.sum(matrix * matrix, axis=0))
    if not np.all(sizes > 0.0):
        return None
    solution, _, rank, _ = np.linalg.lstsq(matrix / sizes, given, rcond=rcond)
    return [float(v) for v in solution / sizes] if rank == len(columns) else None


def as_given(
    case: Case, vector: Array, floors: Sequence[Any], precisions: Sequence[float] = ()
) -> Given:
    """Return the vector by layer, with what counts as the same in each layer's precision (eps)."""
    pairs: list[Any] = [None]
    bounds: list[Any] = [None]
    probes: list[Any] = [None]
    for l, (dE_dW, dE_db) in enumerate(case.split(vector)[1:], 1):
        eps = precisions[l - 1] if precisions else EPS
        relative = HALF_THE_DIGITS if eps == EPS else ROUNDINGS * eps
        pairs.append((dE_dW, dE_db))
        sizes = zip((dE_dW, dE_db), floors[l], strict=True)
        bounds.append(tuple(relative * largest(a) + ROUNDINGS * eps * floor for a, floor in sizes))
        probes.append(int(np.argmax(np.abs(dE_dW))))
    near = max(1e-6, ROUNDINGS * max(precisions, default=EPS))
    return Given(vector, tuple(pairs), tuple(bounds), tuple(probes), near)


def roundings(case: Case) -> list[Any]:
    """Return, by layer, the largest rounding behind dE/dW_l and dE/db_l, in units of eps.

    Beside each delta's magnitude its error is carried down: at the output that of y - T, at
    every layer that of f', which code that has it from y (1 - y^2, y (1 - y)) knows to eps of 1.
    """
    found: list[Any] = [None] * (case.L + 1)
    loss, y, T = case.objective.loss, case.y, case.T
    with np.errstate(all="ignore"):
        fused = case.fused(loss)
        size = np.abs(case.dE_dy(loss) if fused is None else fused)
        error = np.abs(case.scale) * (np.abs(y) + np.abs(T))
        size, error = case.lowered(size), case.lowered(error)
        for l in range(case.L, 0, -1):
            if l < case.L:
                W = np.abs(case.carrying(l + 1))
                size, error = case.down(l, size @ W), case.down(l, error @ W)
            if case.over(l) == STATE:
                (weights, biases), size, error = magnitudes(case, l, size, error)
            else:
                if l < case.L or (fused is None and not case.rowwise):
                    slope = np.abs(case.slope(l))
                    size, error = size * slope, error * slope + size * (slope + 1.0)
                both = size + error
                weights, biases = both.T @ np.abs(case.inputs[l]), both.sum(axis=0)
            weights = weights + np.abs(case.penalty_slope(case.W[l]))
            sums = (float(weights.max()), float(biases.max()))
            found[l] = tuple(s if np.isfinite(s) else 0.0 for s in sums)
    return found


def precisions_of(case: Case, vector: Array) -> list[float]:
    """Return, by layer from 1, eps of the lowest precision that holds every entry exactly.

    Most vectors of float64 need float64. Zeros and round numbers, such as the signs of errors, fit
    everywhere and prove nothing.
    """
    return [
        _precision(np.concatenate([p.ravel() for p in pair])) for pair in case.split(vector)[1:]
    ]


def _precision(vector: Array) -> float:
    found, digits = EPS, np.frexp(vector)[0]
    for kind in LOWER:
        info = np.finfo(kind)
        round_ = not np.any(digits * 2.0 ** ((info.nmant + 1) // 2) % 1.0)  # half of its bits do
        with np.errstate(over="ignore"):
            same = np.array_equal(vector.astype(kind).astype(np.float64), vector)
        if same and not round_:
            found = float(info.eps)
    return found
