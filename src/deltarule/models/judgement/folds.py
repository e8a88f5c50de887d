"""Cross-validation of a plan, its folds side by side."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace

from deltarule.core.arguments import whole
from deltarule.core.errors import NumericError
from deltarule.core.machine import cores
from deltarule.models.fit import fit_plan
from deltarule.models.metrics import Metrics
from deltarule.models.plan import Plan, plan
from deltarule.training.interrupt import listening

_CELLS = 20_000_000
"""Where all rows have more inputs than this, folds are trained one by one: each has its copy."""


def cross_validate(plan_: Plan, folds: int) -> dict[str, list[float | None]]:
    """Train on `folds` splits of a plan's table and return the scores of their test rows.

    Every row is a test row once; of a series, the rows of the later blocks are, each trained on
    what stands before it. Scaling, categories and the rest are fitted anew in every fold. Folds are
    trained side by side, one per thread; no result depends on how many there are.

    >>> from deltarule.data import read_table
    >>> from deltarule.models import Recipe
    >>> made = plan(read_table("iris"), Recipe(hidden=(8,), epochs=20, lr=0.02))
    >>> scores = cross_validate(made, 3)["accuracy"]
    >>> len(scores), min(scores) > 0.8
    (3, True)
    """
    recipe, cells = plan_.recipe, plan_.table.rows * plan_.prepared.inputs.width
    workers = 1 if cells > _CELLS else min(folds, recipe.threads or cores())
    each = replace(plan_, recipe=replace(recipe, threads=1)) if workers > 1 else plan_
    with listening() as interrupt, ThreadPoolExecutor(workers, "deltarule") as pool:

        def scores(i: int) -> Metrics | None:
            return None if interrupt.requested else _scores(fold_of(each, i, folds))

        # a fold hears, in its thread, what the main thread listens for
        tasks = [pool.submit(copy_context().run, scores, i) for i in range(folds)]
        found = [task.result() for task in tasks]
    whole_ones = [values for values in found if values is not None]
    if len(whole_ones) < folds:
        raise KeyboardInterrupt(f"of {folds} folds {len(whole_ones)} were done")
    return {name: [values[name] for values in whole_ones] for name in whole_ones[0]}


def _scores(fold: Plan) -> Metrics | None:
    """Return the scores of a fold's test rows; None where its training was interrupted."""
    try:
        fitted = fit_plan(fold)
    except NumericError as error:  # its last finite weights are what this fold has
        fitted = error.run
    return None if fitted.status == "interrupted" else fitted.metrics["test"]


def fold_of(plan_: Plan, i: int, folds: int) -> Plan:
    """Return the plan of a fold, counted from 0. Raises what `plan` raises."""
    whole("folds", folds, 2)
    targets = plan_.prepared.targets.names
    return plan(plan_.table, plan_.recipe, target=targets, ids=plan_.ids, fold=(i, folds))
