"""One update of theta and of the vectors beside it: the optimiser's, and what the rule learns."""

from __future__ import annotations

from typing import Any

from deltarule.engine.objective import Objective
from deltarule.optim import Method, Optimiser
from deltarule.optim.optimiser import Update
from deltarule.rules import KolenPollack

__all__ = ["joint_update", "slots"]


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
        return lambda *arguments: (*update(*arguments[:-1]), arguments[-1])
    rules = {rule for rule in objective.feedbacks.values() if isinstance(rule, KolenPollack)}
    if not rules:
        return update
    (rule,) = rules

    def joint(theta: Any, g: Any, lr: Any, t: Any, penalised: Any, *state: Any) -> tuple[Any, ...]:
        new, *slots = update(theta, g, lr, t, penalised, *state[:-1])
        w, B = rule.learn(theta, new, state[-1], xp)
        kept = xp.constant(0.0, theta)
        return xp.where(penalised, w, new), *slots, xp.where(penalised, B, kept)

    return joint
