"""How far the deltas of every run's rule point from the chain rule's, layer by layer."""

from __future__ import annotations

import math
from typing import Any

from deltarule.engine.alignment import alignment
from deltarule.studies.tasks import Made, Task
from deltarule.training import Many, train

_ROWS = 200
"""So many samples are enough for a mean angle."""


def angles_of(task: Task, made: Made, many: Many, options: dict[str, Any]) -> dict[str, list[Any]]:
    """Return lists with an entry per run: degrees per layer, None where there are none.

    `delta_angle` is the mean over samples of the angle between the rule's delta_l and the chain
    rule's, `weight_angle` that between what carries delta_l back and W_l, `gradient_angle` that
    between the rule's dE/dw and the gradient. Where what carries deltas back was learned, and is
    not there any more, the run is done again, alone, by `options`.
    """
    X, T = made.parts.X[:_ROWS], made.parts.T[:_ROWS]
    angles = {"delta_angle": "deltas", "weight_angle": "weights", "gradient_angle": "gradient"}
    found: dict[str, list[Any]] = {name: [] for name in angles}
    for k, (cell, _) in enumerate(task.runs):
        rule, learned = cell.settings.rule, None
        if many.learned is not None:
            learned = many.learned[k]
        elif made.objective.learns:
            own = {name: options[name][k] for name in ("rule", "optimizer")}
            first = None if options["theta"] is None else options["theta"][k]
            more = {**options, **own, "theta": first, "seed": many.seeds[k]}
            learned = train(made.network, made.parts.X, made.parts.T, **more).learned
        layers = alignment(made.network, many.theta[k].astype(float), X, T, rule,
                           made.objective.loss, made.objective.reduction, l2=made.objective.l2,
                           seed=many.seeds[k], learned=learned).layers  # fmt: skip
        for name, angle in angles.items():
            values = [getattr(layer, angle) for layer in layers]
            found[name].append([None if math.isnan(value) else value for value in values])
    return found
