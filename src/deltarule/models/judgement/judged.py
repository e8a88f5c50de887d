"""What a model's scores are worth: how far chance moves them, and what needs no network.

The intervals are the percentile bootstrap (Efron 1979) over the judged rows, the weights held
fixed; of an accuracy Wilson's (1927), for the bootstrap of 30 right ones out of 30 has no width.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.random import stream
from deltarule.data import Part
from deltarule.data.preparation.target import TargetEncoder
from deltarule.models.judgement.baselines import baselines, finite
from deltarule.models.metrics import by_target, class_numbers, mean_outputs, scores
from deltarule.models.model import Model
from deltarule.models.plan import Plan
from deltarule.models.threshold import score_at

JUDGED = {"regression": "r2", "count": "r2", "multilabel": "accuracy"}
"""Per task, the metric by which models are compared; of the others it is the accuracy."""

_HALF = 0.5
_LEVEL, _DRAWN = 0.95, 20_000
"""The intervals' level; at most so many rows are drawn at a time."""

_RESAMPLES, _WORK = (199, 999), 4_000_000
"""How often rows are drawn, less often where that would be more rows in all."""

_BOOTSTRAP = 0xB007


def judged(plan: Plan, model: Model) -> dict[str, Any]:
    """Return the judged part's name, its scores' intervals, and the baselines' scores on it.

    Nothing is judged where there are no validation and no test rows.
    """
    part = part_of(plan)
    if part == "train":
        return {}
    rows = plan.prepared[part]
    outputs = mean_outputs(model.network, model.weights, rows.X)
    each = by_target(model.targets, outputs, rows.T)
    return {
        "part": part,
        "level": _LEVEL,
        "intervals": score_intervals(model.targets, outputs, rows.T),
        "baselines": baselines(plan, rows),
        **_at_threshold(plan, model, outputs, rows),
        **({"targets": {name: finite(values) for name, values in each.items()}} if each else {}),
    }


def _at_threshold(
    plan: Plan, model: Model, outputs: NDArray[Any], rows: Part
) -> dict[str, dict[str, Any]]:
    """Return a chosen threshold, and what it has brought beside 1/2 on the judged rows."""
    rule, value = plan.recipe.threshold, model.targets.threshold
    if not isinstance(rule, str):
        return {}
    p, t = outputs[:, 0], rows.T[:, 0] > _HALF
    scored = {"score": score_at(rule, value, p, t), "at_half": score_at(rule, _HALF, p, t)}
    return {"threshold": {"rule": rule, "value": value, **scored}}


def part_of(plan: Plan) -> str:
    """Return the part that a model is judged by: test, else validation, else train."""
    return next(name for name in ("test", "validation", "train") if len(plan.prepared[name]))


def score_intervals(
    targets: TargetEncoder, outputs: NDArray[Any], T: NDArray[Any]
) -> dict[str, list[float]]:
    """Return the 95% intervals of the scores of rows with these outputs and targets."""
    found = intervals(lambda i: scores(targets, outputs[i], T[i]), len(T))
    if targets.task in ("binary", "multiclass"):
        right = class_numbers(outputs, targets.threshold) == class_numbers(T)
        found["accuracy"] = wilson(int(right.sum()), len(T))
    return found


def wilson(count: int, rows: int) -> list[float]:
    """Return the 95% interval of a share p = count / n of n rows (Wilson 1927).

    It is the p' with |p - p'| <= z sqrt(p' (1 - p') / n), never outside [0, 1]:

        (p + z^2 / (2 n) -+ z sqrt(p (1 - p) / n + z^2 / (4 n^2))) / (1 + z^2 / n).

    >>> [round(end, 4) for end in wilson(30, 30)]
    [0.8865, 1.0]
    """
    p, z = count / rows, NormalDist().inv_cdf((1 + _LEVEL) / 2)
    center, half = p + z**2 / (2 * rows), z * math.sqrt(p * (1 - p) / rows + (z / rows) ** 2 / 4)
    # of no row, and of all, the ends are 0 and 1, but for rounding
    low = 0.0 if count == 0 else (center - half) / (1 + z**2 / rows)
    high = 1.0 if count == rows else (center + half) / (1 + z**2 / rows)
    return [low, high]


def intervals(
    score: Callable[[NDArray[np.intp]], dict[str, float]], rows: int
) -> dict[str, list[float]]:
    """Return 95% intervals of scores by resampling rows: the percentile bootstrap.

    `score` returns the scores of rows that are given by number, some of them several times.

    >>> height = np.random.default_rng(0).normal(170.0, 10.0, 400)
    >>> low, high = intervals(lambda i: {"mean": height[i].mean()}, 400)["mean"]
    >>> bool(low < height.mean() < high), 1.5 < high - low < 2.5
    (True, True)
    """
    rng, m = stream(0, _BOOTSTRAP), min(rows, _DRAWN)
    times = int(np.clip(_WORK // m, *_RESAMPLES))
    with np.errstate(all="ignore"):
        all_rows = score(np.arange(rows))
        drawn = [score(rng.integers(0, rows, m)) for _ in range(times)]
    found = {}
    for name, center in all_rows.items():
        values = np.array([one[name] for one in drawn])
        if np.isfinite(values).mean() > _LEVEL and math.isfinite(center):
            ends = np.nanquantile(values, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
            # m of n rows deviate by sqrt(n / m) more than n of n (Bickel, Goetze, van Zwet 1997)
            found[name] = [float(center + (end - center) * math.sqrt(m / rows)) for end in ends]
    return found
