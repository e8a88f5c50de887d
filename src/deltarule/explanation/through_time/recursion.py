"""Deltas of a simple recurrent layer, from the last step to the first, with all numbers.

delta_t = (dE/dy_t + delta_{t+1} U) * f'(net_t)
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from deltarule.core.namespace import NUMPY
from deltarule.core.notation import Symbol, entry_name
from deltarule.explanation.records import Factor, Step, product
from deltarule.explanation.through_time.place import Place
from deltarule.explanation.through_time.terms import Pass, Term, at_step
from deltarule.explanation.updates import penalty_factors
from deltarule.layers import Elman

_LINES = 40
"""So many deltas are written out, at most; else the last line alone."""


def recursion(
    here: Pass, place: Place, found: list[Term], value: float, limit: int
) -> tuple[Step, ...]:
    """Return the deltas of the first observation, and the line that sums over steps."""
    steps = []
    if (
        isinstance(here.layer, Elman)
        and here.layer.units * len(here.bp.outputs[here.l][0]) < _LINES
    ):
        steps = _deltas(here, here.layer)
    shown = sorted(found, key=lambda term: -abs(term.value))[:limit]
    shown.sort(key=lambda term: (term.observation, term.step))
    parts = [term.factors for term in shown]
    if place.parameter in ("W", "U", "V"):
        w, called = float(here.theta[place.flat]), Symbol(place.name, place.name)
        parts += penalty_factors(here.objective, w, called)
    rest = value - math.fsum(product(part) for part in parts) if len(shown) < len(found) else 0.0
    symbol = f"d{here.notation.error.text}/d{place.name}"
    last = Step(symbol, symbol, tuple(parts), (), rest, len(found) - len(shown), value, 0, here.l)
    return (*steps, last)


def _deltas(here: Pass, layer: Any) -> list[Step]:
    deltas, saved = here.deltas(), here.bp.saved[here.l]
    U, stands = here.rule.through(here.p["U"], NUMPY), not here.objective.rule.recurrent.exact
    n, l = here.notation, here.l
    T = len(deltas) if here.lengths is None else int(here.lengths[0])
    head = "f'" if here.rule.derivative.exact else "g"
    found = []
    for t in range(T, 0, -1):
        kept = saved.steps[t - 1]
        slope = here.rule.slope(layer.activation, kept.net, kept.h, NUMPY)
        slopes = np.broadcast_to(slope, kept.net.shape)[0]
        for j in range(1, layer.units + 1):
            above = float(here.bp.dE_dy[l][0, t - 1, j - 1])
            parts: list[tuple[Factor, ...]] = (
                [(_above(here, j, t, above),)] if above or t == T else []
            )
            for o in range(1, layer.units + 1) if t < T else ():
                symbol = at_step(n.delta.at(l=l, j=o), t + 1)
                number = n.sign * float(deltas[t].inward[0, o - 1])
                weight, letter = entry_name("U", l, [o - 1, j - 1]), "u"
                if stands:  # what the rule puts in the place of U
                    weight, letter = f"c{weight[1:]}", "c"
                parts.append(
                    (
                        Factor(symbol.text, "the next step's delta", number, symbol.latex),
                        Factor(weight, f"from node {j} into node {o}", float(U[o - 1, j - 1]),
                               f"{letter}_{{{l},{o},{j}}}"),
                    )
                )  # fmt: skip
            net, name = at_step(n.net.at(l=l, j=j), t), at_step(n.delta.at(l=l, j=j), t)
            common = Factor(f"{head}({net.text})", layer.activation.name, float(slopes[j - 1]),
                            f"{head}({net.latex})")  # fmt: skip
            number = n.sign * float(deltas[t - 1].inward[0, j - 1])
            found.append(Step(name.text, name.latex, tuple(parts), (common,), 0.0, 0, number, 1, l))
    return found


def _above(here: Pass, j: int, t: int, number: float) -> Factor:
    """Return dE/dy_t: what the layer above says of step t, without what later steps do."""
    y = at_step(here.notation.output.at(l=here.l, j=j), t)
    error = here.notation.error.text
    symbol = Symbol(f"d{error}/d{y.text}", rf"\frac{{\partial {error}}}{{\partial {y.latex}}}")
    minus = "-" if here.notation.sign == -1 else ""
    text = f"({minus}{symbol.text})" if minus else symbol.text
    return Factor(text, "from the layer above", here.notation.sign * number, minus + symbol.latex)
