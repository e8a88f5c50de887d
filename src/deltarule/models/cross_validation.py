"""Cross-validation of a plan, and what else is asked about a model once it is trained."""

from __future__ import annotations

from typing import Any

from deltarule.core.arguments import whole
from deltarule.core.errors import DataError, NumericError
from deltarule.models.fit import Fitted, fit_plan
from deltarule.models.judgement import importance
from deltarule.models.plan import Plan, plan

__all__ = ["cross_validate", "fold_of", "judge"]


def cross_validate(plan_: Plan, folds: int) -> dict[str, list[float | None]]:
    """Train on `folds` splits of a plan's table and return the scores of their test rows.

    Every row is a test row once; of a series, the rows of the later blocks are, each trained on
    what stands before it. Scaling, categories and the rest are fitted anew in every fold.

    >>> from deltarule.data import read_table
    >>> from deltarule.models import Recipe
    >>> made = plan(read_table("iris"), Recipe(hidden=(8,), epochs=20, lr=0.02))
    >>> scores = cross_validate(made, 3)["accuracy"]
    >>> len(scores), min(scores) > 0.8
    (3, True)
    """
    found: dict[str, list[float | None]] = {}
    for i in range(folds):
        try:
            fitted = fit_plan(fold_of(plan_, i, folds))
        except NumericError as error:  # its last finite weights are what this fold has
            fitted = error.run
        if fitted.status == "interrupted":
            raise KeyboardInterrupt(f"of {folds} folds {i} were done")
        for name, value in fitted.metrics["test"].items():
            found.setdefault(name, []).append(value)
    return found


def fold_of(plan_: Plan, i: int, folds: int) -> Plan:
    """Return the plan of a fold, counted from 0. Raises what `plan` raises."""
    whole("folds", folds, 2)
    targets = plan_.prepared.targets.names
    return plan(plan_.table, plan_.recipe, target=targets, ids=plan_.ids, fold=(i, folds))


def judge(fitted: Fitted, *, folds: int = 0, columns: bool = False) -> list[str]:
    """Add a cross-validation and the columns' importance to what is said of a model.

    Returns notes on what could not be done: a model is worth more than that.
    """
    judgement: dict[str, Any] = fitted.judgement
    notes = []
    if columns:
        judgement["importance"] = importance(fitted.plan, fitted.model)
    if folds:
        try:
            judgement["cross_validation"] = cross_validate(fitted.plan, folds)
        except DataError as error:
            notes.append(f"the cross-validation could not be done: {error}")
        except KeyboardInterrupt as error:
            notes.append(f"the cross-validation was interrupted: {error}")
    return notes
