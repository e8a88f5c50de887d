"""The same gradient through deltas, layer by layer, in the order in which they are computed.

delta_L = dE/dy_L * f_L'(net_L)      delta_l = (delta_{l+1} W_{l+1}) * f_l'(net_l)
dE/dw_{l,j,k} = sum over observations of delta_{l,j} y_{l-1,k}
"""

from __future__ import annotations

import math

import numpy as np

from deltarule.core.notation import Symbol
from deltarule.explanation.records import Factor, Step, product
from deltarule.explanation.writing.names import Names

_OBSERVATIONS = 3
"""Of as many observations the deltas are written out; the sum over observations has all."""

_TERMS = 10
"""As many terms of a sum over nodes are written out."""


def recursion(
    names: Names, l: int, j: int, k: int | None, value: float, limit: int
) -> tuple[Step, ...]:
    """Return the steps for a weight, or for the delta of a node where k is None.

    Every layer has its `limit` largest deltas, every sum over nodes its ten largest terms; the
    rest of a sum is one number.
    """
    steps: list[Step] = []
    n = len(names.sweep.samples)
    for i in range(1, min(n, _OBSERVATIONS) + 1):
        for m in reversed((l, *names.sweep.way(l))):
            deltas = names.sweep.bp.deltas[m][i - 1]
            nodes = [j] if m == l else _largest(deltas, limit)
            steps += [_delta(names, m, node, i) for node in nodes]
    if k is not None or n > 1 or names.notation.sign == -1:
        steps.append(_last(names, l, j, k, value, limit))
    return tuple(steps)


def _delta(names: Names, m: int, node: int, i: int) -> Step:
    """Return the step that computes delta_{m,node} of observation i."""
    sweep, found = names.sweep, names.delta(m, node, i)
    terms: list[tuple[Factor, ...]]
    if m == sweep.layers:
        outputs = sweep.network.sizes[m]
        terms, left_out, total = [(names.end(node, i),)], 0, 0.0
        if sweep.coupled:
            row = sweep.jacobian(i - 1)
            shown = _largest(sweep.ends[i - 1] * row[:, node - 1], _TERMS)
            terms = [
                (names.end(o, i), names.jacobian(o, node, float(row[o - 1, node - 1])))
                for o in shown
            ]
            left_out, total = outputs - len(shown), float(sweep.ends[i - 1] @ row[:, node - 1])
            total *= names.notation.sign
        common = names.scale(i)
    else:
        carrier, above_m = sweep.carriers[m + 1], sweep.way(m)[0]
        assert carrier is not None
        told = sweep.told(m) if above_m == sweep.layers else None
        carried = sweep.bp.deltas[above_m] if told is None else sweep.ends_from(m)
        above = carried[i - 1] * carrier[:, node - 1]
        shown = _largest(above, _TERMS)
        terms = [
            (
                names.delta(above_m, o, i) if told is None else names.end(o, i, told),
                names.weight(m + 1, o, node),
            )
            for o in shown
        ]
        common, left_out = () if told is None else names.scale(i), len(above) - len(shown)
        total = names.notation.sign * float(np.sum(above))
    if sweep.slopes[m] is not None:
        common = (*common, names.slope(m, node, i))
    symbol = Symbol(found.name, found.latex)
    return _step(symbol, terms, common, (left_out, total), found.number, i, m)


def _last(names: Names, l: int, j: int, k: int | None, value: float, limit: int) -> Step:
    """Return the last line: the sum over observations of delta y, and the penalty's part."""
    sweep = names.sweep
    y = 1.0 if not k else sweep.bp.outputs[l - 1][:, k - 1]
    parts = sweep.bp.deltas[l][:, j - 1] * y
    terms: list[tuple[Factor, ...]] = []
    shown, several = _largest(parts, limit), len(parts) > 1
    for i in shown:
        delta = (*names.turn, names.delta(l, j, i, several=several))
        terms.append(delta if k is None else (*delta, names.incoming(l, k, i, several=several)))
    terms += names.penalties(l, j, k) if k else []
    left_out = len(parts) - len(shown)
    return _step(names.quantity(l, j, k), terms, (), (left_out, value), value, 0, l)


def _step(
    symbol: Symbol,
    terms: list[tuple[Factor, ...]],
    common: tuple[Factor, ...],
    unlisted: tuple[int, float],
    number: float,
    observation: int,
    layer: int,
) -> Step:
    """Return the step; `unlisted` is how many terms are not listed, and the sum of all terms."""
    left_out, total = unlisted
    rest = total - math.fsum(product(term) for term in terms) if left_out else 0.0
    return Step(
        symbol.text, symbol.latex, tuple(terms), common, rest, left_out, number, observation, layer
    )


def _largest(values: np.ndarray, limit: int) -> list[int]:
    """Return the numbers, from 1, of the `limit` largest magnitudes; in order where all are."""
    if len(values) <= limit:
        return list(range(1, len(values) + 1))
    found = np.argsort(-np.abs(values), kind="stable")[:limit]
    return sorted(int(v) + 1 for v in found)
