"""Online programs: the weights move after every row, the next row's gradient is of the moved ones.

    g_i = dE_i/dw at w_{i-1},   w_i = w_{i-1} - lr g_i,   delivered: sum_i g_i = (w_0 - w_n) / lr

No step of one backward pass gives this, but n of them, each with the points of the grammar. The
learning rate is not linear in it: it is found by Gauss-Newton from lr = 0, where the sum is the
batch's gradient.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from deltarule.check.diagnose.backward import backward, flat
from deltarule.check.diagnose.case import Array, Case
from deltarule.check.diagnose.explanation import FREE, NONE, Explanation, Factor, Factors
from deltarule.check.diagnose.grammar import QUANTITIES, Point
from deltarule.check.diagnose.match import as_given, least_squares, roundings
from deltarule.engine import Samples

ONLINE = QUANTITIES["rows:online"]
_UPDATED = QUANTITIES["carrier:updated"]
_TRIED, _SOLVED = 16, 8
"""Programs that are tried to first order, those whose batch is nearest (all in a small network),
and that are solved."""
_SMALL = 5_000
_STEPS = 12
_WITH = ("missing_derivative", "double_derivative", "derivative_of_output", "wrong_activation",
         "untransposed_weights", "single_path", "wrong_loss", "net_for_output")  # fmt: skip
"""The mistakes that are tried in an online program."""

Acts = list[tuple[Point, Sequence[int]]]


def online_gradient(case: Case, acts: Acts, lr: float) -> Array:
    """Return sum_i g_i (over n for a mean); a point that is updated weights has the same rate."""
    samples, one = case.samples, replace(case.objective, reduction="sum")
    theta, total = case.theta, np.zeros_like(case.theta)
    moving = [
        (p.closed(lr) if p.quantity is _UPDATED else p, layers)
        for p, layers in acts
        if p.quantity is not ONLINE
    ]
    for i in range(case.n):
        row = slice(i, i + 1)
        weight = None if samples.weight is None else samples.weight[row]
        there = Case(one, theta, Samples(samples.X[row], samples.T[row], weight))
        g = flat(backward(there, moving))
        theta, total = theta - lr * g, total + g
    return total / (samples.total if case.mean else 1.0)


def online_explanations(case: Case, vector: Array, points: Sequence[Point]) -> list[Explanation]:
    """Return the online programs, with one point in them at most, that give the vector."""
    if case.n < 2:
        return []
    near: list[tuple[float, int, Acts, Array]] = []
    some = slice(None, None, max(1, len(vector) // 2000))
    for acts in _programs(case, points):
        batch = flat(backward(case, acts))
        part = batch[some]
        square = float(part @ part)
        if 0.0 < square < np.inf:  # small steps change little: its direction is the batch's
            share = float(part @ vector[some]) / square
            apart = float(np.linalg.norm(vector[some] - share * part))
            near.append((apart, len(near), acts, batch))
    ranked = []
    tried = len(near) if case.n * len(vector) <= _SMALL else _TRIED
    for _, place, acts, batch in sorted(near)[:tried]:
        # a penalty is added with every row
        base = online_gradient(case, acts, 0.0) if case.objective.penalties else batch
        step = 1e-3 / max(1.0, float(np.max(np.abs(base))))
        column = (online_gradient(case, acts, step) - base) / step
        found = _two(base, column, vector)
        if found is not None and found[2] < 0.1 * float(vector @ vector):
            ranked.append((found[2], place, acts, found[1] / found[0]))
    solved = [_solved(case, vector, acts, lr) for _, _, acts, lr in sorted(ranked)[:_SOLVED]]
    return sorted((e for e in solved if e is not None), key=lambda e: e.cost)


def _programs(case: Case, points: Sequence[Point]) -> Iterator[Acts]:
    hidden = list(range(1, case.L))
    for updated in (False, True) if hidden else (False,):
        more: Acts = [(Point(_UPDATED, 0.0, fitted=True), hidden)] if updated else []
        yield more
        for point in points:
            quantity = point.quantity
            if quantity.code not in _WITH or not quantity.paired or point.fitted:
                continue
            if updated and quantity.slot == "carrier":
                continue
            layers = [l for l in range(1, case.L + 1) if quantity.fits(case, l)]
            for chosen in {tuple(layers), tuple(layers[-1:]), tuple(layers[:-1])} - {()}:
                yield [*more, (point, chosen)]


def _two(base: Array, column: Array, given: Array) -> tuple[float, float, float] | None:
    """Return c and c lr with given = c base + c lr column, and what they leave, squared."""
    values = least_squares([base, column], given)
    if values is None or values[0] == 0.0:
        return None
    rest = given - values[0] * base - values[1] * column
    return values[0], values[1], float(rest @ rest)


def _solved(case: Case, vector: Array, acts: Acts, lr: float) -> Explanation | None:
    """Return the explanation with the learning rate and the common factor that fit, if any do."""
    c, left = 1.0, np.inf
    for _ in range(_STEPS):
        size = max(abs(lr), 1e-3)
        low, here, high = (
            online_gradient(case, acts, lr + d) for d in (-1e-4 * size, 0.0, 1e-4 * size)
        )
        found = _two(here, (high - low) / (2e-4 * size), vector)
        if found is None or not np.isfinite(found[1] / found[0]):
            return None
        c, move = found[0], found[1] / found[0]
        if found[2] > 0.5 * left and abs(move) > 1e-9 * abs(lr):  # it does not come nearer
            return None
        lr, left = lr + move, found[2]
        if abs(move) <= 1e-13 * abs(lr):
            break
    if not 1e-9 < abs(lr) < 1e6:
        return None
    factor = _factor(case, c, lr)
    given = as_given(case, vector, roundings(case))
    e = Explanation(
        (Point(ONLINE, lr, fitted=True),
         *(p.closed(lr) if p.quantity is _UPDATED else p for p, _ in acts)),
        (tuple(range(1, case.L + 1)), *(tuple(layers) for _, layers in acts)),
        factor,
    )  # fmt: skip
    mine = as_given(case, factor.value * online_gradient(case, acts, lr), roundings(case))
    good = all(given.matches(l, mine.pairs[l]) for l in range(1, case.L + 1))
    return e if good else None


def _factor(case: Case, c: float, lr: float) -> Factor:
    """Read the common factor: a known one, or the learning rate itself where steps are given."""
    readings = Factors(case).readings(c)
    if readings:
        return readings[0]
    sign = ("sign",) if c < 0.0 else ()
    for names in ((), ("times_n",) if case.mean else ()):
        size = case.samples.total if names else 1.0
        if abs(abs(c) - abs(lr) * size) <= 1e-6 * abs(c):
            return Factor(c, (*sign, *names, FREE), abs(c) / size)
    return Factor(c, (*sign, FREE), abs(c)) if c != 1.0 else NONE
