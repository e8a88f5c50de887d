"""Whether probabilities are what they say: of the rows with 0.8, do 8 in 10 turn out so?"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.models.judgement.judged import part_of, wilson
from deltarule.models.metrics import mean_outputs
from deltarule.models.model import Model
from deltarule.models.plan import Plan

_BINS, _LEAST = 10, 20
"""So many bins, but fewer where that leaves fewer rows in each."""


def calibration(plan: Plan, model: Model) -> list[dict[str, float]]:
    """Return the bins of `reliability` on the judged rows; nothing for a quantity.

    Of two classes it is the probability of the second, of labels that of each, of several classes
    that of the most probable one.
    """
    if model.targets.quantity:
        return []
    part = plan.prepared[part_of(plan)]
    p, true = mean_outputs(model.network, model.weights, part.X), part.T > 0.5
    if model.task == "multiclass":
        best = (np.arange(len(p)), p.argmax(axis=1))
        p, true = p[best], true[best]
    return reliability(np.ravel(p), np.ravel(true))


def reliability(p: NDArray[Any], true: NDArray[np.bool_]) -> list[dict[str, float]]:
    """Return bins of equally many rows: mean probability, share that is true, Wilson's interval.

    The interval of a share (Wilson 1927) is that of 95%; equal probabilities share a bin.

    >>> bins = reliability(np.repeat([0.2, 0.7], 50), np.arange(100) % 5 == 0)
    >>> [(round(b["p"], 2), b["share"], b["rows"]) for b in bins]
    [(0.2, 0.2, 50), (0.7, 0.2, 50)]
    """
    p = np.asarray(p, np.float64)
    bins = max(2, min(_BINS, len(p) // _LEAST))
    edges = np.unique(np.quantile(p, np.linspace(0, 1, bins + 1)[1:-1]))
    places = np.searchsorted(edges, p, side="right")
    found = []
    for k in np.unique(places):
        here = places == k
        count, rows = int(true[here].sum()), int(here.sum())
        low, high = wilson(count, rows)
        share = {"p": float(p[here].mean()), "share": count / rows, "low": low, "high": high}
        found.append({**share, "rows": rows})
    return found
