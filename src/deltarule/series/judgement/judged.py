"""The network and its baselines on the same times: who is better, in numbers and in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deltarule.series.judgement.measures import covered, mase_scale, pinball, point_measures
from deltarule.series.judgement.walk import Walk

NETWORK = "network"

Array = NDArray[np.float64]
Measures = dict[str, dict[str, dict[str, float | None]]]
"""By method, period and measure; None where it is not defined."""


@dataclass(frozen=True)
class Period:
    """Times of the test, from `first` to before `stop`, with a name."""

    name: str
    first: int
    stop: int


def judge(
    y: Array,
    walks: Mapping[str, Walk],
    periods: Sequence[Period],
    levels: Sequence[float],
    cut: int,
    season: int,
) -> Measures:
    """Return every measure of every method on the training part and on each period.

    A forecast belongs to a period if all its steps do. The variance of ARV is that of the values
    up to the last period's end; MASE's scale is of the training part.
    """
    scale, variance = mase_scale(y[:cut], season), float(np.var(y[: periods[-1].stop]))
    found: Measures = {}
    for method, walk in walks.items():
        H = walk.f.shape[1]
        parts = {"train": _points(y, walk.fitted_origins, walk.fitted, scale, variance)}
        for period in periods:
            inside = (walk.origins >= period.first) & (walk.origins + H <= period.stop)
            origins = walk.origins[inside]
            parts[period.name] = _points(y, origins, walk.f[inside], scale, variance)
            if walk.quantiles is not None and len(origins):
                some = walk.quantiles[inside]
                parts[period.name] |= _intervals(_true(y, origins, H), some, levels)
        found[method] = {
            part: {name: v if np.isfinite(v) else None for name, v in values.items()}
            for part, values in parts.items()
        }
    return found


def _true(y: Array, origins: NDArray[np.intp], H: int) -> Array:
    return np.asarray(y[origins[:, None] + np.arange(H)])


def _points(
    y: Array, origins: NDArray[np.intp], f: Array, scale: float, variance: float
) -> dict[str, float]:
    if not len(origins):
        return {}
    return point_measures(_true(y, origins, f.shape[1]), f, scale, variance)


def _intervals(y: Array, quantiles: Array, levels: Sequence[float]) -> dict[str, float]:
    found = {"pinball": pinball(y, quantiles, levels)}
    if len(levels) > 1:
        inside, width = covered(y, quantiles[..., 0], quantiles[..., -1])
        found |= {"coverage": inside, "width": width}
    return found


def verdict(
    measures: Measures,
    titles: Mapping[str, str],
    periods: Sequence[str],
    levels: Sequence[float] = (),
) -> list[str]:
    """Return a sentence per period: whether the network beats every baseline, or which beat it.

    With the `levels` of the quantiles it also says how many values lay inside.
    """
    return [
        _points_said(measures, titles, period) + _coverage_said(measures, levels, period)
        for period in periods
    ]


def _points_said(measures: Measures, titles: Mapping[str, str], period: str) -> str:
    errors = {m: parts[period].get("rmse") for m, parts in measures.items()}
    known = {m: e for m, e in errors.items() if e is not None}
    if NETWORK not in known:
        return f"{period}: nothing could be measured"
    own = known.pop(NETWORK)
    better = sorted((e, m) for m, e in known.items() if e <= own)
    if not better:
        closest = min(known, key=lambda m: known[m])
        return (
            f"{period}: the network beats every baseline (RMSE {own:.4g}; next is "
            f"{titles[closest]}, {known[closest]:.4g})"
        )
    names = ", ".join(f"{titles[m]} {e:.4g}" for e, m in better)
    return f"{period}: the network (RMSE {own:.4g}) loses to {names}"


def _coverage_said(measures: Measures, levels: Sequence[float], period: str) -> str:
    inside = measures[NETWORK][period].get("coverage")
    if inside is None or len(levels) < 2:
        return ""
    meant = 100 * (levels[-1] - levels[0])
    return f"; intervals meant for {meant:.3g} % of the values held {100 * inside:.0f} %"
