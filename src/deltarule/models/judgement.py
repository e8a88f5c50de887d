"""What a model's scores are worth: how far chance moves them, and what needs no hidden layer.

- Intervals: the percentile bootstrap (Efron 1979) over the judged rows, the weights held fixed.
- The baselines: the mean of the training rows (their shares of classes), and a linear model, which
  is a network without hidden layers, trained to its minimum by L-BFGS.
- The importance of a column: how much worse the score is with its cells put into another order
  (Breiman 2001).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.errors import DeltaruleError, NumericError
from deltarule.core.random import stream
from deltarule.data import Part
from deltarule.engine import Objective
from deltarule.layers import Dense
from deltarule.models.metrics import Metrics, mean_outputs, measure, scores
from deltarule.models.model import Model
from deltarule.models.plan import OUTPUTS, Plan
from deltarule.network import Network
from deltarule.training import train

__all__ = ["JUDGED", "importance", "intervals", "judged", "part_of"]

JUDGED = {"regression": "r2", "count": "r2", "multilabel": "accuracy"}
"""Per task, the metric by which models are compared; of the others it is the accuracy."""

_LEVEL, _DRAWN = 0.95, 20_000
"""The intervals' level; at most so many rows are drawn at a time."""

_RESAMPLES, _WORK = (199, 999), 4_000_000
"""How often rows are drawn, less often where that would be more rows in all."""

_BOOTSTRAP, _PERMUTE = 0xB007, 0x9E37
_CELLS, _WIDEST, _STEPS, _L2 = 2_000_000, 2_000, 100, 1e-4
"""The linear model takes so many cells of the training rows, and has no more inputs."""

_REPEATS = 5


def judged(plan: Plan, model: Model) -> dict[str, Any]:
    """Return the judged part's name, its scores' intervals, and the baselines' scores on it.

    Nothing is judged where there are no validation and no test rows.
    """
    part = part_of(plan)
    if part == "train":
        return {}
    rows = plan.prepared[part]
    outputs = mean_outputs(model.network, model.weights, rows.X)
    return {
        "part": part,
        "level": _LEVEL,
        "intervals": intervals(lambda i: scores(model.targets, outputs[i], rows.T[i]), len(rows)),
        "baselines": _baselines(plan, rows),
    }


def part_of(plan: Plan) -> str:
    """Return the part that a model is judged by: test, else validation, else train."""
    return next(name for name in ("test", "validation", "train") if len(plan.prepared[name]))


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


def _baselines(plan: Plan, rows: Part) -> dict[str, Metrics]:
    """Return the scores of models without hidden layers on the judged rows."""
    train_rows, targets = plan.prepared["train"], plan.prepared.targets
    constant = np.broadcast_to(train_rows.T.mean(axis=0, dtype=np.float64), rows.T.shape)
    with np.errstate(all="ignore"):
        found = {"mean": _finite(scores(targets, constant, rows.T))}
    linear = _linear(plan)
    if linear is not None:
        objective, theta = linear
        found["linear"] = measure(objective, theta, targets, [(rows.X, rows.T)])
    return found


def _finite(values: dict[str, float]) -> Metrics:
    return {name: v if math.isfinite(v) else None for name, v in values.items()}


def _linear(plan: Plan) -> tuple[Objective, NDArray[Any]] | None:
    """Return objective and theta of the best network without hidden layers; None for none."""
    part = plan.prepared["train"]
    step = -(-part.X.size // _CELLS)
    if not plan.network.sizes[1:-1] or part.X.shape[1] > _WIDEST:
        return None
    activation, loss = OUTPUTS[plan.task]
    net = Network(part.X.shape[1], [Dense(part.T.shape[1], activation)])
    try:
        run = train(
            net,
            part.X[::step],
            part.T[::step],
            theta=np.zeros(net.size),
            loss=loss,
            optimizer="lbfgs",
            batch_size=None,
            epochs=_STEPS,
            l2=_L2,
        )
    except (NumericError, DeltaruleError):  # it is a yardstick: where there is none, none is shown
        return None
    return None if run.stopped == "interrupted" else (run.objective, run.theta)


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

    source = {name: record.name for record in model.inputs.derived for name in record.names}
    inputs_of: dict[str, list[int]] = {}
    for column, categories in zip(model.inputs.names, model.inputs.categories, strict=True):
        inputs = inputs_of.setdefault(source.get(column, column), [])
        first = sum(map(len, inputs_of.values()))
        inputs += range(first, first + max(1, len(categories)))
    full, rng, found = score(rows.X), stream(0, _PERMUTE), {}
    for column, inputs in inputs_of.items():
        falls = []
        for _ in range(_REPEATS):
            X = rows.X.copy()
            X[:, inputs] = X[rng.permutation(len(X))][:, inputs]
            falls.append(full - score(X))
        found[column] = (float(np.mean(falls)), float(np.std(falls, ddof=1)))
    return dict(sorted(found.items(), key=lambda item: -item[1][0]))
