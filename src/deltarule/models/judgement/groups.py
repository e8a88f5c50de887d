"""How good a model is in each group of rows: by a category, or by a quarter of a quantity."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.errors import UsageError
from deltarule.data.table import Column, no_such_column, option
from deltarule.models.judgement.baselines import finite
from deltarule.models.judgement.judged import JUDGED, part_of, score_intervals
from deltarule.models.metrics import mean_outputs, scores
from deltarule.models.model import Model
from deltarule.models.plan import Plan

_MOST, _QUARTERS = 12, 4
"""Numbers with more values than this are divided into quarters; so many groups are judged."""


def check_groups(plan: Plan, names: Sequence[str]) -> None:
    """Refuse, before anything is trained, columns that are not there."""
    for name in names:
        if name in plan.dropped:
            raise UsageError(
                f"column {name!r} is left out with --drop. To judge by it and not to learn from "
                f"it, give it with {option('id', name)}."
            )
        if name not in plan.table:
            raise no_such_column(plan.table.source, name, plan.table.names)


def by_group(plan: Plan, model: Model, name: str) -> dict[str, dict[str, Any]]:
    """Return, for the values of a column with most rows, their judged rows and scores.

    `interval` is the 95% interval of the score by which models are compared.
    """
    part = plan.prepared[part_of(plan)]
    labels, codes = _divided(plan.table[name], part.rows)
    outputs = mean_outputs(model.network, model.weights, part.X)
    judged = JUDGED.get(model.task, "accuracy")
    sizes = np.bincount(codes, minlength=len(labels))
    found = {}
    for group in np.sort(np.argsort(-sizes, kind="stable")[:_MOST]):
        here = np.flatnonzero(codes == group)
        if not len(here):
            continue
        y, T = outputs[here], part.T[here]
        with np.errstate(all="ignore"):
            own = finite(scores(model.targets, y, T))
        span = score_intervals(model.targets, y, T).get(judged)
        found[labels[group]] = {"rows": len(here), **own, "interval": span}
    return found


def _divided(column: Column, rows: NDArray[np.intp]) -> tuple[list[str], NDArray[np.intp]]:
    """Return the names of the groups, and which one every row is in."""
    values = column.values[rows]
    if column.kind != "numeric":
        names = list(column.categories)
        return [*names, "(missing)"], np.where(values < 0, len(names), values).astype(np.intp)
    known = np.unique(values[~np.isnan(values)])
    if len(known) <= _MOST:
        names = [f"{value:g}" for value in known]
        codes = np.searchsorted(known, values)
    else:
        ends = np.unique(np.quantile(values[~np.isnan(values)], np.linspace(0, 1, _QUARTERS + 1)))
        names = [f"{low:.4g}..{high:.4g}" for low, high in itertools.pairwise(ends)]
        codes = np.searchsorted(ends[1:-1], values, side="left")
    return [*names, "(missing)"], np.where(np.isnan(values), len(names), codes).astype(np.intp)
