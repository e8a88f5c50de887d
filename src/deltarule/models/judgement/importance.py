"""What each column is worth to a model, and how what it says depends on it.

- Importance: how much worse the score is with the column's cells put into another order (Breiman
  2001).
- Partial dependence: the mean of what the model says with the column at one value in all rows
  (Friedman 2001).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.random import stream
from deltarule.data.preparation.encode import InputEncoder
from deltarule.models.judgement.judged import JUDGED, part_of
from deltarule.models.metrics import mean_outputs, scores
from deltarule.models.model import Model
from deltarule.models.plan import Plan

_PERMUTE, _REPEATS = 0x9E37, 5
_ROWS, _POINTS = 500, 25
"""Rows over which a dependence is a mean, and values at which it is looked at."""


def importance(plan: Plan, model: Model) -> dict[str, tuple[float, float]]:
    """Return by how much the score falls with a column's cells in another order: mean, deviation.

    The score is R2 or the accuracy on the judged rows, the order is drawn five times. Columns that
    tell the same share what they are worth: each alone can be missed. The parts of a date go
    together.
    """
    rows, targets = plan.prepared[part_of(plan)], model.targets
    name = JUDGED.get(model.task, "accuracy")

    def score(X: NDArray[Any]) -> float:
        return scores(targets, mean_outputs(model.network, model.weights, X), rows.T)[name]

    full, rng, found = score(rows.X), stream(0, _PERMUTE), {}
    for column, inputs in _inputs_of(model.inputs).items():
        falls = []
        for _ in range(_REPEATS):
            X = rows.X.copy()
            X[:, inputs] = X[rng.permutation(len(X))][:, inputs]
            falls.append(full - score(X))
        found[column] = (float(np.mean(falls)), float(np.std(falls, ddof=1)))
    return dict(sorted(found.items(), key=lambda item: -item[1][0]))


def dependence(plan: Plan, model: Model, columns: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return how what a model says depends on some columns, on average over judged rows.

    Of each column it has `values`, numbers or categories, and `means`, a row for each value: the
    mean prediction in the target's own units, or the mean probability of every class (of two, of
    the second one). A column that is taken apart, such as a date, is passed over.
    """
    encoder = model.inputs
    X = plan.prepared[part_of(plan)].X
    X = X[np.linspace(0, len(X) - 1, min(_ROWS, len(X))).astype(int)]
    places, numeric = _inputs_of(encoder), list(encoder.numeric)
    found = {}
    for column in columns:
        if column not in encoder.names or column in encoder.constant:
            continue
        inputs = places[column]
        if column in numeric:
            k = numeric.index(column)
            at = np.unique(np.quantile(X[:, inputs[0]], np.linspace(0.01, 0.99, _POINTS)))
            cells = at[:, None]
            offset, scale = encoder.scaler.offset[k], encoder.scaler.scale[k]
            values = (at.astype(np.float64) * scale + offset).tolist()
        else:
            values = list(encoder.categories[encoder.names.index(column)])
            cells = np.eye(len(values))
        means = []
        for cell in cells:
            changed = X.copy()
            changed[:, inputs] = cell
            said = model.targets.inverse(mean_outputs(model.network, model.weights, changed))
            means.append(said.mean(axis=0).tolist())
        found[column] = {"values": values, "means": means}
    return found


def _inputs_of(encoder: InputEncoder) -> dict[str, list[int]]:
    """Return which inputs a column of the table has become; the parts of a date go together."""
    source = {name: record.name for record in encoder.derived for name in record.names}
    found: dict[str, list[int]] = {}
    first = 0
    for column, categories in zip(encoder.names, encoder.categories, strict=True):
        width = max(1, len(categories))
        found.setdefault(source.get(column, column), []).extend(range(first, first + width))
        first += width
    return found
