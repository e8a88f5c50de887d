"""The compiled engine with many networks side by side, where a program can hold them."""

from __future__ import annotations

from typing import Any

import numpy as np

from deltarule.engine.rule_state import FIXED, drawn_side_by_side
from deltarule.training.many_jobs import Jobs


def side_by_side(jobs: Jobs, engine: str, threads: int | None) -> Any:
    """Return the compiled engine with all networks side by side; None where it cannot."""
    if engine != "compiled" or len(jobs) == 1 or jobs.base.schedule is None:
        return None
    from deltarule.engine.compiled.expressions.tracing import Untraceable
    from deltarule.engine.compiled.expressions.varied import differences
    from deltarule.engine.compiled.many.trainer import ManyTrainer
    from deltarule.engine.compiled.specialisation import Specialisation

    job, s = jobs.base, jobs.base.samples
    weighted, online = s.weight is not None, job.batch_size == 1
    spec = Specialisation(job.objective, job.update, job.clipping, s.X.dtype, weighted, online)
    try:
        varied = differences(jobs.updates, jobs.rules)
        seeds = np.array(jobs.seeds, np.uint64)
        shape = (varied, jobs.shared, jobs.rates.steady, threads)
        return ManyTrainer(spec, s, job.batch_size, jobs.thetas, *shape, *_matrices(jobs), seeds)
    except Untraceable:
        return None  # each on its own: the same results, and a warning where even that cannot be


def _matrices(jobs: Jobs) -> tuple[Any, Any]:
    """Return every network's fixed feedback, (m, its size), and what its rule starts to learn."""
    objective, dtype, m = jobs.base.objective, jobs.thetas.dtype, len(jobs)
    if objective.feedback_kinds <= {"of_W"}:
        return None, None
    several = (objective, jobs.rules, jobs.seeds, dtype)
    alone = drawn_side_by_side(*several, FIXED).values()
    still = np.concatenate([np.zeros((m, 0), dtype), *(B.reshape(m, -1) for B in alone)], axis=1)
    moving = drawn_side_by_side(*several, ("learned",))
    if not moving:
        return still, None
    beside = np.zeros((m, objective.network.size), dtype)
    for e in objective.network.layout.entries:
        if e.layer in moving and e.parameter.name == "W":
            beside[:, e.start : e.stop] = moving[e.layer].reshape(m, -1)
    return still, beside
