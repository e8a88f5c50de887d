"""One task: its runs are trained side by side, and measured; a row for each."""

from __future__ import annotations

import platform
import warnings
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from deltarule.activations import Activation
from deltarule.core.namespace import NUMPY
from deltarule.engine.reference import data_error, penalty
from deltarule.explanation.slopes import largest_slope, own_slopes
from deltarule.models.metrics import class_numbers
from deltarule.studies.tasks import Made, Task, make
from deltarule.training import Many, train_many

if TYPE_CHECKING:
    import polars as pl

__all__ = ["GOALS", "POINTS", "checkpoints", "measure"]

GOALS = ("all_within", "error_below")
"""The stopping rules that a run ends by because it has solved its problem."""

POINTS = 60
"""At so many epochs the error of every run is kept for the learning curves."""

Array = NDArray[Any]


def checkpoints(epochs: int) -> NDArray[np.int64]:
    """Return the epochs at which a learning curve is kept: evenly in their logarithm.

    >>> checkpoints(10)
    array([ 1,  2,  3,  4,  5,  6,  7,  8,  9, 10])
    """
    return np.unique(np.geomspace(1, epochs, POINTS).round().astype(np.int64))


def measure(task: Task, seeds: Sequence[int], hold: Sequence[str], threads: int | None) -> Any:
    """Return a table with a row per run, and what was warned of.

    Raises `KeyboardInterrupt` where the training was interrupted: half a run is no run.
    """
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        first = task.runs[0][0]
        made = make(first, task.split)
        many = _train(task, made, seeds, hold, threads)
        if (many.stopped == "interrupted").any():
            raise KeyboardInterrupt
        table = _rows(task, made, many)
    return table, sorted({f"{w.message}" for w in said})


def _train(
    task: Task, made: Made, seeds: Sequence[int], hold: Sequence[str], threads: int | None
) -> Many:
    s, own = task.runs[0][0].settings, [seed for _, seed in task.runs]
    starts = [seeds[0]] * len(own) if "weights" in hold else own
    orders = [seeds[0]] * len(own) if "order" in hold else own
    theta = made.network.init_many(starts, s.dtype) if starts != orders else None
    rules = [cell.settings.rule for cell, _ in task.runs]
    optimisers = [cell.settings.optimiser for cell, _ in task.runs]
    return train_many(
        made.network,
        made.parts.X,
        made.parts.T,
        seeds=orders,
        theta=theta,
        loss=made.objective.loss,
        reduction=s.reduction,
        rule=rules,
        optimizer=optimisers,
        epochs=s.epochs,
        batch_size=s.batch_size,
        shuffle=s.shuffle,
        stop=s.stop,
        l2=s.l2,
        clip_norm=s.clip_norm,
        validation=(made.parts.X_held, made.parts.T_held) if len(made.parts.X_held) else None,
        engine=task.engine,
        dtype=s.dtype,
        threads=threads,
    )


def _rows(task: Task, made: Made, many: Many) -> pl.DataFrame:
    import polars as pl

    factors = [name for name, _ in task.runs[0][0].labels]
    labels = [dict(cell.labels) for cell, _ in task.runs]
    goal = any(rule.name in GOALS for rule in task.runs[0][0].settings.stop)
    solved = np.isin(many.stopped, GOALS)
    measured = [_measured(made, theta) for theta in many.theta]
    marks = checkpoints(task.runs[0][0].settings.epochs)
    columns = {
        **{name: [row[name] for row in labels] for name in factors},
        "seed": pl.Series([seed for _, seed in task.runs], dtype=pl.UInt64),
        "solved": pl.Series(solved.tolist() if goal else [None] * len(many), dtype=pl.Boolean),
        "diverged": many.stopped == "non_finite",
        "stopped": many.stopped.tolist(),
        "epochs": many.epochs,
        **{name: _column(measured, name) for name in MEASURED},
        "saturated": pl.Series([row["saturated"] for row in measured], dtype=pl.List(pl.Float64)),
        "seconds": np.full(len(many), many.seconds / len(many)),
        "engine": many.engine,
        "host": platform.node(),
        "message": list(many.messages),
        "curve": pl.Series(_curves(many, marks), dtype=pl.List(pl.Float32)),
    }
    return pl.DataFrame(columns)


MEASURED = ("error", "accuracy", "validation_error", "validation_accuracy")
"""What is measured of every run at the weights that it keeps."""


def _column(rows: Sequence[dict[str, Any]], name: str) -> Any:
    import polars as pl

    return pl.Series(name, [row.get(name) for row in rows], dtype=pl.Float64)


def _measured(made: Made, theta: Array) -> dict[str, Any]:
    """Return E, accuracy and saturation of one run; a number that is not finite is None."""
    parts = made.parts
    found: dict[str, Any] = {}
    with np.errstate(all="ignore"):
        for prefix, X, T in (("", parts.X, parts.T), ("validation_", parts.X_held, parts.T_held)):
            if not len(X):
                continue
            nets, outputs = made.network.forward(theta, X)
            y = outputs[-1]
            error = data_error(made.objective, nets[-1], y, T, None, NUMPY)
            found[prefix + "error"] = _finite(error + penalty(made.objective, theta, NUMPY))
            if parts.task in ("binary", "multiclass"):
                found[prefix + "accuracy"] = float((class_numbers(y) == class_numbers(T)).mean())
            if not prefix:
                found["saturated"] = _saturated(made, nets)
    return found


def _finite(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None


_FLAT = 0.05
"""Where |f'| is below this share of the largest that f has, as in `deltarule.saturation`."""


def _saturated(made: Made, nets: Sequence[Array]) -> list[float | None]:
    """Return the share of saturated (sample, node) pairs of every layer; of others, None."""
    found: list[float | None] = []
    for layer, net in zip(made.network.layers, nets[1:], strict=True):
        if net is None or not np.isfinite(net).all():
            found.append(None)
            continue
        f = layer.activation  # type: ignore[attr-defined]  # a layer that has nets is affine
        flat = np.abs(own_slopes(f, net)) < _FLAT * _largest(f)
        found.append(float(flat.mean()))
    return found


@lru_cache(maxsize=64)
def _largest(f: Activation) -> float:
    return largest_slope(f)


def _curves(many: Many, marks: NDArray[np.int64]) -> list[list[float]]:
    """Return E of every run at the checkpoints; after a run's end its last one goes on."""
    error, found = many.history["error"], []
    for k, done in enumerate(many.epochs):
        if not done:
            found.append([float("nan")] * len(marks))
            continue
        found.append(error[np.minimum(marks, done) - 1, k].tolist())
    return found
