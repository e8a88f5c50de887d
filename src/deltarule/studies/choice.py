"""A factor whose level is chosen: by one half of the seeds, and told by the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deltarule.core.errors import DataError
from deltarule.studies.definition import Definition
from deltarule.studies.statistics.values import MEASURES

if TYPE_CHECKING:
    import polars as pl

    from deltarule.studies.results import Results


def told(results: Results) -> Results:
    """Return the results as they are told; see `Results.told`."""
    factor = results.definition.plain.get("choose")
    return results if factor is None else chosen(results, factor)


def chosen(results: Results, factor: str) -> Results:
    """Return the results with two levels of a factor: the baseline, and in every cell its best one.

    The best is chosen by the first half of the seeds, by what is solved, then by the mean of the
    epochs of all runs; without a goal by the mean of the metric. Both are told by the other half:
    what wins by chance in one half has no chance of its own in the other.

    Raises `DataError` where the seeds are not there for both.
    """
    import polars as pl

    d = results.definition
    names, levels, seeds = list(d.factors), d.factors[factor], d.plain["seeds"]
    at, half = names.index(factor), len(d.plain["seeds"]) // 2
    own, best = d.plain["baseline"].get(factor, levels[0]), f"best of {len(levels)}"
    there = [seed for cell in results.cells.values() for seed in cell["seed"]]
    if not set(there) & set(seeds[:half]) or not set(there) & set(seeds[half:]):
        raise DataError(f"{factor} is chosen by one half of the seeds and told by the other: more "
                        "seeds are needed, or more runs")  # fmt: skip
    groups: dict[tuple[str, ...], dict[str, pl.DataFrame]] = {}
    for key, cell in results.cells.items():
        groups.setdefault((*key[:at], *key[at + 1 :]), {})[key[at]] = cell
    tables = []
    for rest, cells in groups.items():
        scores = {
            level: _score(d, (*rest[:at], level, *rest[at:]), cell, seeds[:half])
            for level, cell in cells.items()
        }
        winner = min(scores, key=lambda level: scores[level])
        for label, level in ((own, own), (best, winner)):
            if level in cells:
                told = cells[level].filter(pl.col("seed").is_in(seeds[half:]))
                words = pl.lit(label).alias(factor), pl.lit(level).alias("chosen")
                tables.append(told.with_columns(*words))
    return type(results)(_narrowed(d, factor, own, best), pl.concat(tables), results.notes)


def _score(
    d: Definition, key: tuple[str, ...], cell: pl.DataFrame, seeds: list[int]
) -> tuple[float, ...]:
    """Return what orders levels, the lowest being the best; a diverged run is the worst."""
    import polars as pl

    some, found = cell.filter(pl.col("seed").is_in(seeds)), []
    for name in d.measures:
        values = MEASURES[name].values(some, d.epochs[key])
        signed = values if MEASURES[name].lower_is_better else -values
        with np.errstate(over="ignore"):
            found.append(float(np.where(np.isnan(signed), np.inf, signed).mean()))
    return tuple(found)


def _narrowed(d: Definition, factor: str, own: str, best: str) -> Definition:
    """Return the definition with the two levels, and the seeds that tell."""
    plain, at = d.plain, list(d.factors).index(factor)
    levels = {own: plain["factors"][factor][own], best: {}}
    cells: dict[tuple[str, ...], int] = {}
    for key, epochs in d.epochs.items():
        for label in (own, best):
            cells.setdefault((*key[:at], label, *key[at + 1 :]), epochs)
    return Definition(
        {
            **plain,
            "factors": {**plain["factors"], factor: levels},
            "cells": [list(key) for key in cells],
            "epochs": list(cells.values()),
            "seeds": plain["seeds"][len(plain["seeds"]) // 2 :],
            "baseline": {k: v for k, v in plain["baseline"].items() if k != factor},
            "choose": None,
        }
    )
