"""What forecasting takes: sunspots, many seeds of it, nnetar's way on airpassengers, 181 series.

Medians in seconds of whole calls, after a first one that compiles.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np

import deltarule as dr
from deltarule.series.windows import pairs

REPEATS = 5
GOALS = {
    "sunspots 12-8-1, 1,000 epochs": 0.2,
    "the same, 100 seeds": 2.0,
    "airpassengers --auto, 20 networks, intervals": 2.0,
    "m1_yearly, 181 series, 20 networks each": 30.0,
    "windows of 10 million values, 100 lags": 0.001,
}
"""Seconds that each may take."""


def _sunspots(seeds: int) -> Callable[[], object]:
    data = dr.data.load("sunspots")
    X = (data.X[:209] - data.X[:209].mean()) / data.X[:209].std()
    T = (data.T[:209] - data.X[:209].mean()) / data.X[:209].std()
    net = dr.Network(12, [dr.Dense(8, "tanh"), dr.Dense(1)])
    options = {"optimizer": dr.optim.Adam(lr=0.01), "epochs": 1000, "batch_size": None}
    return lambda: dr.train_many(net, X, T, seeds=range(seeds), dtype="float64", **options)


def _automatic() -> object:
    return dr.forecast("airpassengers", lags="auto", horizon=12, intervals="paths")


def _each() -> object:
    return dr.forecast_panel("m1_yearly", lags=3, horizon=6, difference=1, together=False)


def _windows() -> Callable[[], object]:
    z = np.zeros(10_000_000)
    return lambda: pairs(z, range(1, 101), 1)


def main() -> dict[str, float]:
    """Return the median seconds of every case, in the order of `GOALS`."""
    cases = (_sunspots(1), _sunspots(100), _automatic, _each, _windows())
    return {name: _median(case) for name, case in zip(GOALS, cases, strict=True)}


def _median(case: Callable[[], object]) -> float:
    case()
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        case()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


if __name__ == "__main__":
    for name, value in main().items():
        print(f"{name:46s} {value:8.4f} s   goal <= {GOALS[name]:g}")
