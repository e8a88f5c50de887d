"""The numbers that are fitted: in closed form, since nearly every step is linear in them.

A layer's gradient with one number p in it is A + p B, with A the gradient at p = 0 and A + B the
one at p = 1. The p that brings it nearest to the given one is, by least squares,
<B, given - A> / <B, B>. With a factor c common to all layers the given one is c A + c p B: two
coefficients. Two numbers p, q give A + p B + q C + p q D: three coefficients by least squares, of
which the last follows from the others. A floor under f' is linear between two values of f'.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from deltarule.check.diagnose.case import Array
from deltarule.check.diagnose.grammar import QUANTITIES, Point
from deltarule.check.diagnose.match import least_squares

Acts = tuple[Point, ...]
Gradient = Callable[[Acts], Array]

_FLOOR = QUANTITIES["delta:floor"]
_CLIPPED = QUANTITIES["delta:clipped_output"]
_INTERVALS = 64
"""Between how many values of f' a floor is looked for at once."""


def closed(
    acts: Acts, gradient: Gradient, given: Array, factor: float | None, slopes: Array | None
) -> Iterator[Acts]:
    """Yield the points with their open numbers set.

    `gradient(acts)` is the layer's gradient, as one vector, with closed points; `factor` what it
    is multiplied by, None where that is open. `slopes` is f_l'(net_l).
    """
    places = [i for i, act in enumerate(acts) if act.open]
    if not places:
        yield acts
        return
    bent = [i for i in places if not acts[i].quantity.linear]
    if bent:
        if len(places) == 1 and slopes is not None:
            for c in (1.0, None) if factor is None else (factor,):
                yield from _floor(acts, bent[0], gradient, given, c, slopes)
        return
    for values in _values(acts, places, gradient, given, factor):
        kept = [acts[i].quantity.allowed(v) for i, v in zip(places, values, strict=True)]
        if all(v is not None for v in kept):
            yield _set(acts, places, kept)


def _values(
    acts: Acts, places: list[int], gradient: Gradient, given: Array, factor: float | None
) -> Iterator[Sequence[float]]:
    def at(*values: float) -> Array:
        return gradient(_set(acts, places, values))

    target = given / (1.0 if factor is None else factor)
    if len(places) == 1:
        base = at(0.0)
        column = at(1.0) - base
        if (value := _one(column, target - base, float(target @ target))) is not None:
            yield [value]
        found = least_squares([base, column], given) if factor is None else None
        if found is not None and found[0] != 0.0 and found[1] != 0.0:
            yield [found[1] / found[0]]
    elif len(places) == 2:
        base, first, second, both = at(0.0, 0.0), at(1.0, 0.0), at(0.0, 1.0), at(1.0, 1.0)
        one, other = first - base, second - base
        values = least_squares([one, other, both - first - second + base], target - base)
        if values is not None:
            yield values[:2]


def _one(column: Array, right: Array, size: float) -> float | None:
    """Return p by least squares; None where even the best p leaves a tenth of the given one."""
    square = float(column @ column)
    if not 0.0 < square < np.inf:  # the number changes nothing in this layer
        return None
    value = float(column @ right) / square
    rest = right - value * column
    return value if float(rest @ rest) <= 0.01 * size else None


def _set(acts: Acts, places: Sequence[int], values: Sequence[float | None]) -> Acts:
    found = list(acts)
    for place, value in zip(places, values, strict=True):
        assert value is not None
        found[place] = acts[place].closed(value)
    return tuple(found)


def _floor(
    acts: Acts, place: int, gradient: Gradient, given: Array, factor: float | None, slopes: Array
) -> Iterator[Acts]:
    """Yield the floor under f', or y's distance from its ends that is the same thing.

    The gradient is linear in the floor between two neighbouring values of f'. With many values
    the best interval of a coarse choice is looked into.
    """
    quantity = acts[place].quantity
    values = np.unique(slopes[np.isfinite(slopes)])
    top = 1.0 if not len(values) else max(1.0, 2.0 * float(values[-1]))

    def at(floor: float) -> Array:
        point = Point(_FLOOR, floor, fitted=True)
        return gradient((*acts[:place], point, *acts[place + 1 :]))

    values = np.append(values, top)
    while len(values) > 1:
        step = max(1, (len(values) - 1) // _INTERVALS)
        chosen = np.unique(np.append(values[::step], values[-1]))
        best = _best_interval([at(float(v)) for v in chosen], given, factor)
        if best is None:
            return
        i, share = best
        if step == 1:
            floor = float(chosen[i] + share * (chosen[i + 1] - chosen[i]))
            number = floor if quantity is _FLOOR else _distance(floor, slopes)
            allowed = None if number is None else quantity.allowed(number)
            if allowed is not None:
                yield _set(acts, [place], [allowed])
            return
        values = values[(values >= chosen[i]) & (values <= chosen[i + 1])]


def _best_interval(
    gradients: list[Array], given: Array, factor: float | None
) -> tuple[int, float] | None:
    """Return which interval holds the given gradient best, and where in it (0 to 1)."""
    low = np.array(gradients[:-1])
    column = np.array(gradients[1:]) - low
    if not (np.all(np.isfinite(low)) and np.all(np.isfinite(column))):
        return None
    if factor is None:  # given = c low + c share column: two coefficients
        aa, ab, bb = (np.einsum("ij,ij->i", u, v) for u, v in ((low, low), (low, column),
                                                              (column, column)))  # fmt: skip
        ag, bg = low @ given, column @ given
        determinant = aa * bb - ab * ab
        c = (bb * ag - ab * bg) / determinant
        share = (aa * bg - ab * ag) / determinant / c
    else:
        c = np.full(len(low), factor)
        square = np.einsum("ij,ij->i", column, column)
        share = np.einsum("ij,ij->i", column, given / factor - low) / square
    share = np.clip(share, 0.0, 1.0)
    rest = given - c[:, None] * (low + share[:, None] * column)
    left = np.einsum("ij,ij->i", rest, rest)
    if not np.any(np.isfinite(left)):
        return None
    i = int(np.nanargmin(left))
    return i, float(share[i])


def _distance(floor: float, slopes: Array) -> float | None:
    """Return how far y is kept from its ends, where f' of that is the floor."""
    sigmoid = float(np.max(slopes)) <= 0.25
    if sigmoid:
        return 0.5 * (1.0 - (1.0 - 4.0 * floor) ** 0.5) if 0.0 < floor <= 0.25 else None
    return 1.0 - (1.0 - floor) ** 0.5 if 0.0 < floor <= 1.0 else None
