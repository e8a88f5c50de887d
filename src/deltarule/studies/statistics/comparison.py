"""Every level of a factor beside the baseline, in every cell of the other factors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from deltarule.studies.statistics.paired import Pair, compare, holm
from deltarule.studies.statistics.sentences import called, sentence, verdict
from deltarule.studies.statistics.values import MEASURES

if TYPE_CHECKING:
    import polars as pl

Cells = Mapping[tuple[str, ...], "pl.DataFrame"]


def comparisons(
    cells: Cells,
    epochs: Mapping[tuple[str, ...], int],
    factors: Sequence[str],
    factor: str,
    baseline: str,
    measures: Sequence[str],
) -> list[dict[str, Any]]:
    """Return a row for every level of `factor` other than the baseline, cell by cell.

    Pairs are runs of equal seeds. The p-values are adjusted over all rows (Holm): each claim may
    be wrong in 5 of 100 studies, all of them together.
    """
    at = factors.index(factor)
    rows, pairs = [], []
    for name in measures:
        measure = MEASURES[name]
        for key, other in _beside(cells, at, baseline):
            seeds, a, b = _common(cells[key], cells[other])
            horizon = max(epochs[key], epochs[other])
            values = measure.values(a, horizon), measure.values(b, horizon)
            pair = compare(*values, measure.lower_is_better)
            pairs.append((pair, measure))
            rows.append({**_places(key, factors, at, baseline), "measure": name, "n": seeds,
                         **_numbers(pair, *values)})  # fmt: skip
    tested = [k for k, (pair, _) in enumerate(pairs) if pair.p is not None]
    adjusted = dict(zip(tested, holm([pairs[k][0].p or 0.0 for k in tested]).tolist(), strict=True))
    for k, (row, (pair, measure)) in enumerate(zip(rows, pairs, strict=True)):
        row["p_holm"], row["of"] = adjusted.get(k), len(tested)
        row["verdict"] = verdict(pair, row["p_holm"], measure)
        row["sentence"] = sentence(row, measure)
    return rows


def _beside(
    cells: Cells, at: int, baseline: str
) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    for key in cells:
        other = (*key[:at], baseline, *key[at + 1 :])
        if key[at] != baseline and other in cells:
            yield key, other


def _common(a: pl.DataFrame, b: pl.DataFrame) -> tuple[int, pl.DataFrame, pl.DataFrame]:
    """Return how many seeds two cells share, and their runs on these, in one order."""
    one, other = a.join(b, on="seed", how="semi"), b.join(a, on="seed", how="semi")
    return len(one), one.sort("seed"), other.sort("seed")


def _places(key: tuple[str, ...], factors: Sequence[str], at: int, baseline: str) -> dict[str, Any]:
    others = {f: v for k, (f, v) in enumerate(zip(factors, key, strict=True)) if k != at}
    where = ", ".join(called(factor, label) for factor, label in others.items())
    return {**others, "where": where, "a": key[at], "b": baseline}


def _numbers(pair: Pair, a: Any, b: Any) -> dict[str, Any]:
    def finite_mean(values: Any) -> float | None:
        with np.errstate(invalid="ignore", over="ignore"):
            mean = float(np.mean(values))
        return mean if np.isfinite(mean) else None

    return {
        "value_a": finite_mean(a),
        "value_b": finite_mean(b),
        "difference": pair.difference.value,
        "low": pair.difference.low,
        "high": pair.difference.high,
        "better": pair.better.value,
        "better_low": pair.better.low,
        "better_high": pair.better.high,
        "p": pair.p,
    }
