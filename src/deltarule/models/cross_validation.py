"""Cross-validation of a plan, and what else is asked about a model once it is trained."""

from __future__ import annotations

from typing import Any

from deltarule.core.arguments import whole
from deltarule.models.fit import Fitted, fit_plan
from deltarule.models.judgement import importance
from deltarule.models.plan import Plan, plan

__all__ = ["cross_validate", "judge"]


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
    whole("folds", folds, 2)
    targets = plan_.prepared.targets.names
    found: dict[str, list[float | None]] = {}
    for i in range(folds):
        part = plan(plan_.table, plan_.recipe, target=targets, ids=plan_.ids, fold=(i, folds))
        for name, value in fit_plan(part).metrics["test"].items():
            found.setdefault(name, []).append(value)
    return found


def judge(fitted: Fitted, *, folds: int = 0, columns: bool = False) -> None:
    """Add a cross-validation and the columns' importance to what is said of a model."""
    judgement: dict[str, Any] = fitted.judgement
    if folds:
        judgement["cross_validation"] = cross_validate(fitted.plan, folds)
    if columns:
        judgement["importance"] = importance(fitted.plan, fitted.model)
