"""One task: its runs are trained side by side, and measured; a row for each."""

from __future__ import annotations

import platform
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.arrays import Array
from deltarule.studies.angles import angles_of
from deltarule.studies.outcome import MEASURED, measured_at
from deltarule.studies.reach import reach_of
from deltarule.studies.statistics.values import LAYERWISE
from deltarule.studies.tasks import Made, Task, make
from deltarule.training import Many, train_many

if TYPE_CHECKING:
    import polars as pl

__all__ = ["GOALS", "MEASURED", "POINTS", "checkpoints", "measure"]

GOALS = ("all_within", "error_below")
"""The stopping rules that a run ends by because it has solved its problem."""

POINTS = 60
"""At so many epochs the error of every run is kept for the learning curves."""


def checkpoints(epochs: int) -> NDArray[np.int64]:
    """Return the epochs at which a learning curve is kept: evenly in their logarithm.

    >>> checkpoints(10)
    array([ 1,  2,  3,  4,  5,  6,  7,  8,  9, 10])
    """
    return np.unique(np.geomspace(1, max(1, epochs), POINTS).round().astype(np.int64))


def measure(task: Task, seeds: Sequence[int], hold: Sequence[str], threads: int | None) -> Any:
    """Return a table with a row per run, and what was warned of.

    Raises `KeyboardInterrupt` where the training was interrupted: half a run is no run.
    """
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        first = task.runs[0][0]
        made = make(first, task.split)
        options = _options(task, made, seeds, hold)
        many = _train(task, made, seeds, hold, options, threads)
        if (many.stopped == "interrupted").any():
            raise KeyboardInterrupt
        angles = angles_of(task, made, many, options) if first.settings.alignment else {}
        more = {**angles, "reach": reach_of(made, many.theta)} if first.settings.reach else angles
        table = _rows(task, made, many, more)
    return table, sorted({f"{w.message}" for w in said})


def _seeds(task: Task, seeds: Sequence[int], hold: Sequence[str], source: str) -> list[int]:
    """Return every run's seed for a source of chance: the first one's where it is held."""
    return [seeds[0] if source in hold else seed for _, seed in task.runs]


def _options(task: Task, made: Made, seeds: Sequence[int], hold: Sequence[str]) -> dict[str, Any]:
    """Return how the runs are trained, as `train` and `train_many` have it."""
    s, starts = task.runs[0][0].settings, _seeds(task, seeds, hold, "weights")
    same = starts == _seeds(task, seeds, hold, "order")
    cells = {cell: (cell.settings.rule, cell.settings.optimiser) for cell in task.cells}
    rules, optimisers = zip(*(cells[cell] for cell, _ in task.runs), strict=True)
    return {
        "theta": None if same else made.network.init_many(starts, s.dtype),
        "loss": made.objective.loss,
        "reduction": s.reduction,
        "rule": list(rules),
        "optimizer": list(optimisers),
        "epochs": s.epochs,
        "batch_size": s.batch_size,
        "shuffle": s.shuffle,
        "stop": s.stop,
        "l2": s.l2,
        "penalty": s.penalty,
        "clip_norm": s.clip_norm,
        "class_weight": s.class_weight,
        "validation": (made.parts.X_held, made.parts.T_held) if len(made.parts.X_held) else None,
        "engine": task.engine,
        "dtype": s.dtype,
    }


def _train(
    task: Task,
    made: Made,
    seeds: Sequence[int],
    hold: Sequence[str],
    options: dict[str, Any],
    threads: int | None,
) -> Many:
    orders = _seeds(task, seeds, hold, "order")
    X, T = made.parts.X, made.parts.T
    return train_many(made.network, X, T, seeds=orders, threads=threads, **options)


def _rows(task: Task, made: Made, many: Many, more: dict[str, list[Any]]) -> pl.DataFrame:
    import polars as pl

    factors = [name for name, _ in task.runs[0][0].labels]
    labels = [dict(cell.labels) for cell, _ in task.runs]
    goal = any(rule.name in GOALS for rule in task.runs[0][0].settings.stop)
    solved = np.isin(many.stopped, GOALS)
    measured = {**measured_at(made, many.theta), **more}
    marks, lists = checkpoints(task.runs[0][0].settings.epochs), pl.List(pl.Float64)
    columns = {
        **{name: [row[name] for row in labels] for name in factors},
        "seed": pl.Series([seed for _, seed in task.runs], dtype=pl.UInt64),
        "solved": pl.Series(solved.tolist() if goal else [None] * len(many), dtype=pl.Boolean),
        "diverged": many.stopped == "non_finite",
        "stopped": many.stopped.tolist(),
        "epochs": many.epochs,
        **{name: _numbers(measured.get(name), len(many), pl.Float64) for name in MEASURED},
        **{name: _numbers(measured.get(name), len(many), lists) for name in LAYERWISE},
        "seconds": np.full(len(many), many.seconds / len(many)),
        "engine": [many.engine] * len(many),
        "host": [platform.node()] * len(many),
        "message": list(many.messages),
        "curve": _curves(many, marks),
    }
    found = pl.DataFrame(columns)
    # by way of arrays: polars takes a list of lists a hundred times as long
    none = pl.element().fill_nan(None)
    several = [name for name in LAYERWISE if found[name].dtype != lists]
    return found.with_columns(
        pl.col("curve").arr.to_list(), pl.col(several).arr.to_list().list.eval(none)
    )


def _numbers(values: list[Any] | None, n: int, kind: Any) -> pl.Series:
    """Return a number per run, or an array of them; null for None, and all where there is none."""
    import polars as pl

    if values is None:
        return pl.Series([None], dtype=kind).new_from_index(0, n)
    return pl.Series(np.array(values, np.float64), nan_to_null=True)


def _curves(many: Many, marks: NDArray[np.int64]) -> Array:
    """Return E of every run at the checkpoints (m, points); after a run's end its last goes on."""
    if not many.history["error"].size:
        return np.full((len(many), len(marks)), np.nan, np.float32)
    at = np.maximum(np.minimum(marks, many.epochs[:, None]), 1) - 1
    return np.asarray(many.history["error"][at, np.arange(len(many))[:, None]], np.float32)
