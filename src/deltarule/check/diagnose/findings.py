"""From explanations to what is said of them: a `Finding` for every point, and for a factor."""

from __future__ import annotations

from typing import Any

from deltarule.check.diagnose.backward import backward, flat
from deltarule.check.diagnose.case import Case
from deltarule.check.diagnose.diagnosis import Finding
from deltarule.check.diagnose.evidence import predicted
from deltarule.check.diagnose.explanation import ADDED_UP, FREE, Explanation, Factor
from deltarule.check.diagnose.grammar import FACTORS, MISTAKES, Point, mistake_of
from deltarule.check.diagnose.match import Given, as_given, roundings

_IN = {
    "the layer's own gradient alone": "in the layer's own gradient: the delta that is carried "
    "down is another",
    "dE/dW alone": "in dE/dW alone",
    "dE/db alone": "in dE/db alone",
    "the delta carried down alone": "in the delta that is carried down: the layer's own gradient "
    "has it right",
}
"""Where a point is that is not in delta_l itself."""


def place_of(case: Case, point: Point, layers: tuple[int, ...]) -> tuple[int, ...]:
    """Return the layers that a report names: what is carried down is the layer above's."""
    return tuple(sorted(case.number(l + (point.slot == "carried")) for l in layers))


def parameters_of(case: Case, point: Point) -> dict[str, Any]:
    """Return which variant a point is, with its number."""
    told = {k: v(case) if callable(v) else v for k, v in point.quantity.told.items()}
    told = {k: v for k, v in told.items() if v is not None}
    if point.quantity.number:
        told[point.quantity.number] = point.number
    return told


def title_of(case: Case, e: Explanation) -> str:
    """Return an explanation in one line: the points by their codes, with their layers."""
    titles = []
    for point, layers in zip(e.points, e.layers, strict=True):
        m, at = mistake_of(point), place_of(case, point, layers)
        told = parameters_of(case, point) if point.named else {}
        name = m.code if point.named else m.does
        titles.append(Finding(name, at, told, (), "", "", "", 0.0, 0.0).title)
    return " and ".join([*titles, *(_words(n, e.factor) for n in e.factor.names)])


def findings(case: Case, given: Given, e: Explanation, number: int) -> list[Finding]:
    """Return the records of one explanation, in the order of the table of mistakes."""
    truth = as_given(case, e.factor.value * flat(backward(case)), roundings(case))
    mine = as_given(case, predicted(case, e), roundings(case))

    def residual(results: Given, l: int) -> float:
        return max(given.residual(l, results.pairs[l]))

    found = []
    for point, layers in zip(e.points, e.layers, strict=True):
        m, parameters = mistake_of(point), parameters_of(case, point)
        seen = layers or parameters.get("swapped") or tuple(range(1, case.L + 1))
        where = _IN.get(parameters.get("in", ""), "")
        does = f"{m.does}, {where}" if where else m.does
        fitted = (point.quantity.number,) if point.fitted else ()
        before, after = (max(residual(results, l) for l in seen) for results in (truth, mine))
        at = place_of(case, point, tuple(seen))
        found.append(Finding(m.code, at, parameters, fitted, does, m.should, m.line, before,
                             after, number))  # fmt: skip
    order = list(MISTAKES)
    return sorted(found, key=lambda f: order.index(f.code) if f.code in order else len(order))


def convention(case: Case, given: Given, factor: Factor, number: int = 1) -> list[Finding]:
    """Return the records of a factor common to all layers, one for everything it is made of."""
    layers = tuple(stage.number for stage in case.stages[1:])
    truth = backward(case)
    before = max(max(given.residual(l, truth[l].delivered)) for l in range(1, case.L + 1))
    found = []
    for name in factor.names:
        known = name in FACTORS
        m = MISTAKES[FACTORS[name][0] if known else name]
        told: dict[str, Any] = dict(FACTORS[name][3]) if known else {_NUMBER[name]: factor.rate}
        told = {"of": "both"} if m.code in _OF_BOTH else told
        fitted = () if known else tuple(told)
        does = _words(name, factor, case)
        found.append(
            Finding(m.code, layers, told, fitted, does, m.should, m.line, before, 0.0, number)
        )
    return found


_NUMBER = {FREE: "factor", ADDED_UP: "times"}
_OF_BOTH = ("sign", "sum_for_mean", "mean_for_sum", "mean_twice", "mean_over_steps")


def _words(name: str, factor: Factor, case: Case | None = None) -> str:
    """Return one part of a common factor in words."""
    size = factor.rate
    n = "" if case is None or case.n == 1 else f" {case.n}"
    outputs = "" if case is None else f" {case.k}"
    steps = "" if case is None else f" {case.steps}"
    return {
        "sign": "the sign (it is -dE/dw, to be added as a step)",
        "times_n": f"the sum over the{n} observations in the place of their mean",
        "by_n": f"the mean over the{n} observations in the place of their sum",
        "by_n_again": f"one more division by the{n} observations",
        "by_outputs": f"the mean over the{outputs} outputs in the place of their sum",
        "times_outputs": f"a factor that is the number of the{outputs} outputs",
        "by_steps": f"the mean over the{steps} steps in the place of their sum",
        "twice": "a factor 2, as of an E without 1/2",
        "half": "a factor 1/2",
        FREE: f"a factor {size:.6g}, as a learning rate is",
        ADDED_UP: f"{size:.6g} steps' gradients added up",
    }[name]
