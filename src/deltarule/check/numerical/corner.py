"""Several entries on kinks at once: is the gradient in question a generalised gradient of E?

Entry by entry the gradient (1, 1) of max(x_1, x_2) at a tie lies between the one-sided slopes 0 and
1; yet along (1, 1) it says 2, where E's slope is 1. Clarke's generalised gradient is

    conv { lim grad E(z): z -> x, E differentiable at z }

so E's gradients at points z beside x are drawn, in every orthant of the kinked entries where they
are few, and the gradient in question has to be near a convex combination of them.

Source: Clarke (1983), Optimization and Nonsmooth Analysis, theorem 2.5.1.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from deltarule.check.numerical.around import Around, typical_sizes
from deltarule.core.arrays import Array

_FEW = 6
"""Kinked entries of which every orthant is looked at."""
_ENTRIES = 8
"""Kinked entries along which slopes are taken; the others only move."""
_DRAWS = 128
_AWAY = 30.0
"""How far the points z are from x, in the steps that slopes are taken with."""


def corner(
    around: Around, x: Array, entries: Array, got: Array, slack: Array, seed: int
) -> tuple[Array, float, float] | None:
    """Return a direction v along which `got` is too steep, v . got, and E's steepest slope there.

    None where `got` is near a generalised gradient, or E's slopes beside x cannot be told. Not
    every gradient that fails is found: the drawn points' gradients are spread by half as much
    again (threefold where not every orthant was looked at), since more of them may lie between.
    """
    rng = np.random.default_rng((seed, 7))
    used = np.sort(rng.permutation(len(entries))[:_ENTRIES])
    slopes = _beside(around, x, entries, used, rng)
    if not np.all(np.isfinite(slopes)):
        return None
    g = got[entries][used]
    spread = 1.5 if len(entries) <= _FEW else 3.0
    centre = slopes.mean(axis=0)
    gap = g - _nearest(centre + spread * (slopes - centre), g)
    length = float(np.linalg.norm(gap))
    scale = float(np.max(np.abs(slopes))) + float(np.max(np.abs(g)))
    if length <= 2.0 * float(np.linalg.norm(slack[used])) + 1e-2 * scale:
        return None
    v = np.zeros(len(entries))
    v[used] = gap / np.max(np.abs(gap))
    return v, float(g @ v[used]), float(np.max(slopes @ v[used]))


def _beside(around: Around, x: Array, entries: Array, used: Array, rng: Any) -> Array:
    """Return dE/dx_i for the used entries, a row for every point z beside x."""
    sizes = typical_sizes(x)[entries]
    step = np.sqrt(around.unit)
    if len(entries) <= _FEW:
        orthants = np.array(list(itertools.product((-1.0, 1.0), repeat=len(entries))))
        signs = np.repeat(orthants, -(-_DRAWS // len(orthants)), axis=0)[:_DRAWS]
    else:
        signs = rng.choice([-1.0, 1.0], (_DRAWS, len(entries)))
    moves = signs * rng.uniform(0.5, 1.5, signs.shape) * _AWAY * step * sizes
    found = np.empty((len(moves), len(used)))
    for row, move in zip(found, moves, strict=True):
        for column, k in enumerate(used):
            h = step * sizes[k]
            ends = []
            for side in (h, -h):
                direction = np.zeros(len(x))
                direction[entries] = move
                direction[entries[k]] += side
                ends.append(float(around.along(direction, np.ones(1))[0]))
            row[column] = (ends[0] - ends[1]) / (2.0 * h)
    return found


def _nearest(points: Array, g: Array) -> Array:
    """Return the point of the convex hull of `points` (rows) that is nearest to g.

    Minimise |sum_k c_k (p_k - g)| over c >= 0 with sum c = 1: a non-negative least squares
    problem with a heavy row of ones.
    """
    from scipy.optimize import nnls

    off = points - g
    heavy = 1e4 * max(float(np.max(np.abs(off))), np.finfo(float).tiny)
    A = np.vstack([off.T, np.full(len(points), heavy)])
    c, _ = nnls(A, np.append(np.zeros(len(g)), heavy))
    return np.asarray(points.T @ c / np.sum(c))
