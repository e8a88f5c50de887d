"""One update of theta and of the vectors beside it: the optimiser's, and what the rule learns."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.engine.objective import Objective
from deltarule.optim import Method, Optimiser, Quickprop
from deltarule.optim.optimiser import Update
from deltarule.rules import KolenPollack


def slots(objective: Objective, optimiser: Method) -> tuple[str, ...]:
    """Return the names of the vectors beside theta: the optimiser's, then the rule's."""
    learned = ("B",) if objective.learns else ()
    return (*optimiser.slots, *learned)


def joint_update(objective: Objective, optimiser: Optimiser, xp: Any) -> Update:
    """Return `update(theta, g, lr, t, penalised, *state)` over the namespace `xp`.

    Where feedback learns (Kolen and Pollack), B takes the very step that theta takes, and both
    decay; the entries of B that carry nothing back stay 0.
    """
    update = optimiser.body(xp)
    if "mirrored" in objective.feedback_kinds:  # B moves between updates, not in them
        return lambda *arguments, **given: (*update(*arguments[:-1], **given), arguments[-1])
    rules = {rule for rule in objective.feedbacks.values() if isinstance(rule, KolenPollack)}
    if not rules:
        return update
    (rule,) = rules

    def joint(
        theta: Any, g: Any, lr: Any, t: Any, penalised: Any, *state: Any, **given: Any
    ) -> tuple[Any, ...]:
        new, *slots = update(theta, g, lr, t, penalised, *state[:-1], **given)
        w, B = rule.learn(theta, new, state[-1], xp)
        kept = xp.constant(0.0, theta)
        return xp.where(penalised, w, new), *slots, xp.where(penalised, B, kept)

    return joint


def rate_factors(objective: Objective, optimiser: Optimiser) -> NDArray[np.float64] | None:
    """Return what lr is multiplied by at every entry of theta; None where it is the same for all.

    1 / (number of weights into the node, its bias among them)^split, for Quickprop.
    """
    if not isinstance(optimiser, Quickprop) or not optimiser.split:
        return None
    layout = objective.network.layout
    found = np.ones(layout.size)
    for l in {e.layer for e in layout.entries}:
        own = [e for e in layout.entries if e.layer == l]
        into = sum(e.stop - e.start for e in own) / own[0].parameter.shape[0]
        for e in own:
            found[e.start : e.stop] = into**-optimiser.split
    return found
