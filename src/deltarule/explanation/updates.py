"""What penalties add to a derivative, and what every optimiser does with it in its first step."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from deltarule.core.namespace import NUMPY
from deltarule.core.notation import Symbol
from deltarule.engine.objective import Objective
from deltarule.explanation.records import Factor, Update
from deltarule.optim import OPTIMISERS, Optimiser


def first_updates(
    before: float, gradient: float, *, weight: bool, trained: bool
) -> tuple[Update, ...]:
    """Return the first step of every optimiser with its default settings, all state at 0.

    `weight` says that the parameter is a weight, which weight decay shrinks. A parameter that is
    not trained has the gradient 0 there, as in training.

    >>> updates = first_updates(1.0, 0.5, weight=True, trained=True)
    >>> [update.after for update in updates if update.optimizer == "sgd"]
    [0.95]
    """
    used = gradient if trained else 0.0
    return tuple(_first(cls(), before, used, weight) for cls in OPTIMISERS.of(Optimiser))


def _first(optimiser: Optimiser, before: float, gradient: float, weight: bool) -> Update:
    schedule = optimiser.schedule
    lr = float(schedule.rate(0, 0.0, schedule.start()))
    state = [np.zeros(1) for _ in optimiser.slots]
    update = optimiser.body(NUMPY)
    given = {"error": 0.0} if optimiser.by_error else {}  # none looks at E in its first step
    arguments = np.array([before]), np.array([gradient]), lr, 1, np.array([weight])
    found = update(*arguments, *state, **given)
    return Update(optimiser.name, lr, before, float(found[0][0]), optimiser.equation)


def penalty_factors(objective: Objective, w: float, symbol: Symbol) -> list[tuple[Factor, ...]]:
    """Return lambda and dp/dw of every penalty, at a weight w that is called `symbol`."""
    found: list[tuple[Factor, ...]] = []
    for each in objective.penalties:
        _, slope = replace(each, strength=1.0).body(NUMPY)
        strength, derivative = each.factors
        found.append((
            Factor(strength, f"the penalty {each.says}", each.strength, r"\lambda"),
            Factor(derivative.format(w=symbol.text), each.slope_says, float(slope(w)),
                   derivative.format(w=symbol.latex)),
        ))  # fmt: skip
    return found


def told_penalties(objective: Objective) -> dict[str, Any]:
    """Return the penalties as sentences, and what they add to dE/dw: `l2 w`."""
    said = [
        f"{each.factors[0]} = {each.strength:g} adds {each.says} to the error"
        for each in objective.penalties
    ]
    terms = [" ".join(each.factors).format(w="w") for each in objective.penalties]
    return {"penalties": said, "penalty_text": " + ".join(terms)} if said else {}
