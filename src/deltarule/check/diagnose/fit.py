"""The parameters that are fitted: in closed form, since every step is linear in them.

A layer's gradient under a mistake with one parameter p is A + p B, with A the gradient at p = 0
and A + B the one at p = 1. The p that brings it nearest to the given one is, by least squares,
<B, given - A> / <B, B>. Two parameters p, q give A + p B + q C + p q D: three coefficients by least
squares, of which the last follows from the others.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from deltarule.check.diagnose.case import Array
from deltarule.check.diagnose.mistake import Trial

__all__ = ["fitted"]

Acts = tuple[Trial, ...]


def fitted(acts: Acts, gradient: Callable[[Acts], Array], given: Array) -> Acts | None:
    """Return the mistakes with their open parameters set, or None where no value makes sense.

    `gradient(acts)` is the layer's gradient, as one vector, under closed mistakes.
    """
    names = [i for i, act in enumerate(acts) if act.open is not None]
    if not names:
        return acts

    def at(*values: float) -> Array:
        return gradient(_closed(acts, names, values))

    if len(names) == 1:
        base = at(0.0)
        values = _one(at(1.0) - base, given - base, float(given @ given))
    else:
        base, first, second, both = at(0.0, 0.0), at(1.0, 0.0), at(0.0, 1.0), at(1.0, 1.0)
        one, other = first - base, second - base
        values = _least_squares([one, other, both - first - second + base], given - base)
        values = None if values is None else values[:2]
    if values is None:
        return None
    rounded = [acts[i].mistake.allowed(v) for i, v in zip(names, values, strict=True)]
    kept = [v for v in rounded if v is not None]
    return _closed(acts, names, kept) if len(kept) == len(names) else None


def _one(column: Array, right: Array, size: float) -> list[float] | None:
    """Return p by least squares; None where even the best p leaves a tenth of the given one."""
    square = float(column @ column)
    if not 0.0 < square < np.inf:  # the parameter changes nothing in this layer
        return None
    value = float(column @ right) / square
    rest = right - value * column
    return [value] if float(rest @ rest) <= 0.01 * size else None


def _closed(acts: Acts, places: list[int], values: object) -> Acts:
    found = list(acts)
    for place, value in zip(places, values, strict=True):  # type: ignore[call-overload]
        found[place] = acts[place].closed(value)
    return tuple(found)


def _least_squares(columns: list[Array], right: Array) -> list[float] | None:
    matrix = np.column_stack(columns)
    if not (np.all(np.isfinite(matrix)) and np.all(np.isfinite(right))):
        return None
    sizes = np.sqrt(np.sum(matrix * matrix, axis=0))
    if not np.all(sizes > 0.0):  # the parameter changes nothing in this layer
        return None
    solution, _, rank, _ = np.linalg.lstsq(matrix / sizes, right, rcond=1e-12)
    return [float(v) for v in solution / sizes] if rank == len(columns) else None
