"""`dr.explain` of a network with layers over time."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from deltarule.core.errors import NumericError
from deltarule.core.notation import Notation, Symbol
from deltarule.engine import Objective, Problem
from deltarule.engine.rule_state import first_run
from deltarule.explanation.explanation import Explanation
from deltarule.explanation.records import Contribution, Path, product
from deltarule.explanation.through_time.place import find
from deltarule.explanation.through_time.reach import reach
from deltarule.explanation.through_time.recursion import recursion
from deltarule.explanation.through_time.terms import Pass, Term, terms
from deltarule.explanation.updates import first_updates, penalty_factors, told_penalties
from deltarule.layers import Recurrent
from deltarule.network import Network


def explain_through_time(
    net: Network,
    theta: ArrayLike,
    x: Any,
    t: Any,
    weight: Any,
    options: dict[str, Any],
    notation: Notation,
    limit: int,
) -> Explanation:
    """Return dE/dw as the sum over observations and steps of delta_t times what w is multiplied by.

    `options` are those of `deltarule.backprop`. Its `paths` are the steps' terms.

    Raises what `deltarule.explain` raises.
    """
    place = find(net, weight)
    drawn = {name: options.pop(name) for name in ("lr", "seed", "learned")}
    problem = Problem.of(net, theta, x, t, **options, dtype=np.float64)
    objective, theta, samples = problem.objective, problem.theta, problem.samples
    bp = problem.backprop(**drawn)
    value = float(bp.gradient[place.flat])
    if not math.isfinite(value):
        raise NumericError(f"dE/d{place.name} is {value}: there is no finite gradient to explain")
    run = first_run(objective, drawn["seed"], theta.dtype, drawn["learned"])
    here = Pass(objective, theta, bp, place.layer, notation, net.ends(samples.X), run)
    found = terms(here, place)
    penalised = bool(net.layout.mask("penalised")[place.flat])
    symbol = Symbol(place.name, place.name)
    pairs = penalty_factors(objective, float(theta[place.flat]), symbol) if penalised else []
    decay = math.fsum(product(pair) for pair in pairs)
    shown = sorted(found, key=lambda term: -abs(term.value))[:limit]
    shown.sort(key=lambda term: (term.observation, term.step))
    paths = [
        Path(tuple(n + 1 for n in reversed(place.index)), term.factors, term.value,
             term.observation, term.step)
        for term in shown
    ]  # fmt: skip
    remainder = math.fsum(term.value for term in found) - math.fsum(term.value for term in shown)
    paths += [Path((), pair, product(pair), 0) for pair in pairs]
    recurrent = isinstance(here.layer, Recurrent)
    name = f"d{notation.error.text}/d{place.name}"
    trained = bool(net.layout.mask("trained")[place.flat])
    exact = None
    if not objective.rule.exact:
        exact = float(problem.ruled("exact").backprop().gradient[place.flat])
    return Explanation(
        name=name,
        latex_name=rf"\frac{{\partial E}}{{\partial {_latex(place.parameter, place)}}}",
        value=value,
        contributions=_contributions(found, len(samples)),
        penalty=decay,
        paths=tuple(paths),
        remainder=remainder if len(shown) < len(found) else 0.0,
        path_count=len(found),
        recursion=recursion(here, place, found, value, limit),
        update=first_updates(
            float(theta[place.flat]), value, weight=len(place.index) > 1, trained=trained
        ),
        notation=notation,
        setting=_setting(objective, place, samples, trained, limit, exact),
        reach=reach(here, name, found) if recurrent else None,
    )


def _latex(parameter: str, place: Any) -> str:
    numbers = ",".join(str(n + 1) for n in place.index)
    return f"{parameter.lower()}_{{{place.layer},{numbers}}}"


def _contributions(found: list[Term], observations: int) -> tuple[Contribution, ...]:
    """Return what every observation adds, over its steps."""
    sums = [0.0] * observations
    for term in found:
        sums[term.observation - 1] += term.value
    only = {term.observation: term.factors for term in found if not term.step}
    return tuple(Contribution(i, only.get(i, ()), value) for i, value in enumerate(sums, 1))


def _setting(
    objective: Objective, place: Any, samples: Any, trained: bool, limit: int, exact: float | None
) -> dict[str, Any]:
    net = objective.network
    given = {"changes": objective.rule.changes() or None, "exact": exact}
    return {
        "weight": place.name,
        "trained": trained,
        "limit": limit,
        **{name: value for name, value in given.items() if value is not None},
        "sizes": "-".join("x".join(map(str, shape)) for shape in net.shapes),
        "activations": [layer.name for layer in net.layers],
        "fused": objective.fused is not None,
        "observations": len(samples),
        "weighted": samples.weight is not None,
        **told_penalties(objective),
        **objective.to_dict(),
    }
