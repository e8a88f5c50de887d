"""A row per cell: what its runs show, each number with its interval."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deltarule.studies.statistics.intervals import Estimate, interquartile_mean, mean, share
from deltarule.studies.statistics.survival import restricted_mean
from deltarule.studies.statistics.values import LAYERWISE, time_of

if TYPE_CHECKING:
    import polars as pl

_MEASURED = ("error", "accuracy", "validation_error", "validation_accuracy", "reach")


def summarise(cell: pl.DataFrame, horizon: int, goal: bool) -> dict[str, Any]:
    """Return the numbers of one cell; an interval is NAME_low and NAME_high, None for none.

    n, diverged; with a goal: solved (a number of runs), solved_share, epochs_median, _q1, _q3 (of
    the solved runs), epochs_mean (all runs, an unsolved one counting as what the limit is, by
    Kaplan and Meier); of every measure its mean, and the mean of its middle half (_iqm); of what
    is measured layer by layer the mean, as NAME_1, NAME_2, ...
    """
    found: dict[str, Any] = {"n": len(cell), "diverged": int(cell["diverged"].sum())}
    if goal:
        times, solved = time_of(cell, horizon)
        quartiles = np.quantile(times[solved], [0.25, 0.5, 0.75]) if solved.any() else [None] * 3
        found |= {"solved": int(solved.sum())}
        found |= _with_interval("solved_share", share(int(solved.sum()), len(cell)))
        found |= dict(zip(("epochs_q1", "epochs_median", "epochs_q3"), quartiles, strict=True))
        found |= _with_interval("epochs_mean", restricted_mean(times, solved, horizon))
    for name in _MEASURED:
        if name not in cell.columns:  # runs of a version that did not measure it
            continue
        values = cell[name].cast(float)
        if values.is_null().all() and name != "error":
            continue
        lost = np.inf if name.endswith("error") else -np.inf  # a diverged run is no missing one
        all_ = values.fill_null(lost).to_numpy().astype(float)
        found |= _with_interval(f"{name}_mean", mean(all_))
        found |= _with_interval(f"{name}_iqm", interquartile_mean(all_))
    for name in LAYERWISE:
        found |= {f"{name}_{l}": value for l, value in enumerate(by_layer(cell, name), 1)}
    return found


def by_layer(cell: pl.DataFrame, name: str) -> list[float | None]:
    """Return the mean over a cell's runs of a number of every layer; None where no run has one."""
    if name not in cell.columns:
        return []
    rows = [row for row in cell[name].to_list() if row]
    columns = ([v for v in column if v is not None] for column in zip(*rows, strict=True))
    return [sum(values) / len(values) if values else None for values in columns]


def _with_interval(name: str, estimate: Estimate) -> dict[str, float | None]:
    return {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
