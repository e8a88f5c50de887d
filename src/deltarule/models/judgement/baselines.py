"""What needs no network beside it: the mean, a linear model, the nearest rows, boosted trees.

- mean: that of the training rows, of classes their shares.
- linear: a network without hidden layers, trained to its minimum by L-BFGS.
- nearest: the mean of the k nearest training rows (Fix and Hodges 1951), k being 1, 2, 4, ... or
  64, as suits the validation rows best.
- boosting: scikit-learn's histogram gradient boosting with its defaults, where it is installed and
  there are 2,000 rows or more.

All learn from the network's encoded training rows, of many from every second, third, ... one, so
that each is done in seconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.errors import DeltaruleError
from deltarule.data import Part
from deltarule.layers import Dense
from deltarule.models.metrics import Metrics, scores
from deltarule.models.plan import OUTPUTS, Plan
from deltarule.network import Network
from deltarule.training import train

Outputs = NDArray[Any]

_HALF = 0.5
_CELLS = 2_000_000
"""So many cells of the training rows a baseline learns from."""

_WIDEST, _STEPS, _L2 = 2_000, 100, 1e-4
"""The linear model has no more inputs."""

_NEAREST, _USUAL = (1, 2, 4, 8, 16, 32, 64), 8
_PAIRS = 100_000_000
"""So many distances are measured at most, for a second or two."""

_BOOSTED, _CLASSES = 2_000, 30
"""From so many training rows on trees are boosted, for so many outputs at most: fewer rows are
trained on sooner than scikit-learn is imported, and every class has trees of its own."""


def baselines(plan: Plan, rows: Part) -> dict[str, Metrics]:
    """Return the scores of models without hidden layers on the judged rows, by their names."""
    targets = replace(plan.prepared.targets, threshold=_HALF)
    found = {}
    with suppress(KeyboardInterrupt):  # what is trained is worth more than its yardsticks
        for name, outputs in _BASELINES.items():
            y = outputs(plan, rows)
            if y is not None:
                with np.errstate(all="ignore"):
                    loss = float(np.sum(plan.objective.loss(y, rows.T))) / len(rows)
                    found[name] = finite({"loss": loss, **scores(targets, y, rows.T)})
    return found


def finite(values: dict[str, float]) -> Metrics:
    """Return scores, None for what is not finite."""
    return {name: v if math.isfinite(v) else None for name, v in values.items()}


def _learned_from(plan: Plan, share: float) -> tuple[Outputs, Outputs]:
    """Return X and T of the training rows, of every second, third, ... one for a small share."""
    part, step = plan.prepared["train"], math.ceil(1 / share)
    return part.X[::step], part.T[::step]


def _of_cells(plan: Plan) -> float:
    return _CELLS / plan.prepared["train"].X.size


def _mean(plan: Plan, rows: Part) -> Outputs:
    mean = plan.prepared["train"].T.mean(axis=0, dtype=np.float64)
    return np.broadcast_to(mean, rows.T.shape)


def _linear(plan: Plan, rows: Part) -> Outputs | None:
    X, T = _learned_from(plan, _of_cells(plan))
    if not plan.network.sizes[1:-1] or X.shape[1] > _WIDEST:
        return None
    activation, loss = OUTPUTS[plan.task]
    net = Network(X.shape[1], [Dense(T.shape[1], activation)])
    options: dict[str, Any] = {"optimizer": "lbfgs", "batch_size": None, "epochs": _STEPS}
    try:
        run = train(net, X, T, theta=np.zeros(net.size), loss=loss, l2=_L2, **options)
    except DeltaruleError:  # it is a yardstick: where there is none, none is shown
        return None
    return None if run.stopped == "interrupted" else net(run.theta, rows.X)


def _nearest(plan: Plan, rows: Part) -> Outputs | None:
    from scipy.spatial import cKDTree

    held_out = plan.prepared["validation"]
    pairs = len(plan.prepared["train"]) * (len(rows) + len(held_out))
    X, T = _learned_from(plan, _PAIRS / pairs)
    tree = cKDTree(X)

    def near(part: Part, most: int) -> NDArray[np.intp]:
        """Return the numbers of the nearest rows, (n, most)."""
        return np.asarray(tree.query(part.X, range(1, most + 1), workers=-1)[1])

    ks = [k for k in _NEAREST if k <= len(X)]
    best = min(_USUAL, ks[-1])
    if len(held_out) and held_out is not rows:
        around = near(held_out, ks[-1])
        errors = {k: np.square(T[around[:, :k]].mean(axis=1) - held_out.T).mean() for k in ks}
        best = min(ks, key=lambda k: errors[k])
    return np.asarray(T[near(rows, best)].mean(axis=1))


def _boosting(plan: Plan, rows: Part) -> Outputs | None:
    X, T = _learned_from(plan, _of_cells(plan) / plan.prepared["train"].T.shape[1])
    if len(X) < _BOOSTED or T.shape[1] > _CLASSES or find_spec("sklearn") is None:
        return None
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits

    def shares(classes: NDArray[Any], count: int) -> Outputs:
        """Return the probability of every class, (n, count), where the rows hold some of them."""
        found = np.zeros((len(rows), count))
        model = HistGradientBoostingClassifier(random_state=0).fit(X, classes)
        found[:, model.classes_.astype(np.intp)] = model.predict_proba(rows.X)
        return found

    with threadpool_limits(1):  # on a busy machine its threads wait for each other most of the time
        if plan.task == "multiclass":
            return shares(T.argmax(axis=1), T.shape[1])
        if not plan.prepared.targets.quantity:
            return np.stack([shares(t > _HALF, 2)[:, 1] for t in T.T], axis=1)
        loss = "poisson" if plan.task == "count" else "squared_error"
        model = HistGradientBoostingRegressor(loss=loss, random_state=0)
        return np.stack([model.fit(X, t).predict(rows.X) for t in T.T], axis=1)


_BASELINES: dict[str, Callable[[Plan, Part], Outputs | None]] = {
    "mean": _mean,
    "linear": _linear,
    "nearest": _nearest,
    "boosting": _boosting,
}
