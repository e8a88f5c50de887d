"""A closer look at a derivative: many steps, both sides, and whether there is a kink."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deltarule.core.arrays import Array

RATIO = 8.0
"""Between a step and the next longer one."""

_FAR = 10.0
"""So many times the rounding has a jump to be, to count as one."""


@dataclass(frozen=True)
class Look:
    """What steps of many lengths say of derivatives; one value per row."""

    slope: Array
    error: Array
    """How far `slope` may be off."""
    left: Array
    right: Array
    kinked: Array
    """Whether left and right slope stay apart, however short the step."""
    slack: Array
    """How well the slopes of the two sides are known, where there is a kink."""


def look_steps(sizes: Array, relative_noise: float) -> Array:
    """Return steps (rows, M), the shortest first: from nearly all rounding up to size / 8."""
    shortest = np.clip(np.log2(max(relative_noise, 1e-16)) * 0.8, -42.0, -21.0)
    exponents = np.arange(-3.0, shortest, -np.log2(RATIO))[::-1]
    return np.asarray(np.multiply.outer(2.0 ** np.round(np.log2(sizes)), 2.0**exponents))


def look(here: Array, plus: Array, minus: Array, steps: Array, noise: Array) -> Look:
    """Return slopes, their errors and kinks from E(x + h) and E(x - h), each (rows, M).

    Where E is smooth the jump, right slope - left slope, is h E'': it shrinks with the step. At a
    kink it stays. Where a kink is near, the jump arises suddenly at the step that reaches it;
    only the shorter steps are used.
    """
    with np.errstate(all="ignore"):
        right, left = (plus - here[:, None]) / steps, (here[:, None] - minus) / steps
        central, jump = 0.5 * (right + left), right - left
    fuzz = 2.0 * noise[:, None] / steps
    usable = _usable(jump, fuzz)
    slope, error = _best(central, fuzz, usable)
    left_slope, left_error = _best(left, fuzz, usable)
    right_slope, right_error = _best(right, fuzz, usable)
    slack = left_error + right_error
    return Look(slope, error, left_slope, right_slope, _kinks(jump, fuzz, usable), slack)


def _usable(jump: Array, fuzz: Array) -> Array:
    """Return which steps reach no kink: from the shortest, until the jump grows too suddenly."""
    usable = np.isfinite(jump)
    for m in range(1, jump.shape[1]):
        limit = 2.0 * RATIO * (np.abs(jump[:, m - 1]) + RATIO * fuzz[:, m - 1])
        usable[:, m] &= usable[:, m - 1] & (np.abs(jump[:, m]) <= limit)
    return usable


def _kinks(jump: Array, fuzz: Array, usable: Array) -> Array:
    """Return whether the three shortest steps at which a jump is visible show the same one."""
    far = usable & (np.abs(jump) > _FAR * fuzz)
    first, second, third = jump[:, :-2], jump[:, 1:-1], jump[:, 2:]
    with np.errstate(invalid="ignore"):
        same = (np.abs(first - second) < 0.5 * np.abs(second)) & (
            np.abs(third - second) < 0.5 * np.abs(second)
        )
    same &= far[:, :-2] & far[:, 1:-1] & far[:, 2:]
    # longer steps may bend as much as they jump, so they do not count
    return np.asarray(same.any(axis=1) & (np.argmax(same, axis=1) == np.argmax(far, axis=1)))


def _best(slopes: Array, fuzz: Array, usable: Array) -> tuple[Array, Array]:
    """Return the slope that changes least from those of the steps beside it, and its error.

    Rounding in the shorter step may hide what the longer one bends; the step after that shows it,
    by a factor of at least `RATIO` enlarged.
    """
    with np.errstate(invalid="ignore"):
        change = np.abs(np.diff(slopes, axis=1))
        beyond = np.where(usable[:, 2:], change[:, 1:], 0.0) / RATIO
        change[:, :-1] = np.fmax(change[:, :-1], beyond)
        change = np.maximum(change, fuzz[:, 1:]) + fuzz[:, 1:]
    change[~(usable[:, 1:] & usable[:, :-1])] = np.inf
    change[~np.isfinite(change)] = np.inf
    best, rows = np.argmin(change, axis=1), np.arange(len(slopes))
    return slopes[rows, best + 1], change[rows, best]
