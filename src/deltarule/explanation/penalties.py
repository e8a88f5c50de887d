"""What the penalties of E add to one weight's derivative, factor by factor."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from deltarule.core.namespace import NUMPY
from deltarule.core.notation import Symbol
from deltarule.engine.objective import Objective
from deltarule.explanation.records import Factor


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
