"""Levenberg-Marquardt beside SciPy's, given our Jacobian: a step, and the way to its error.

The network is 10-20-1 with tanh on the 442 rows of `diabetes`, standardised. SciPy's MINPACK and
trust-region methods get residuals and J from `dr.jacobian`, as a user would give them. One thread
multiplies matrices, for all.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
import scipy.optimize

import deltarule as dr

REPEATS = 5
EPOCHS = 100
GOAL_MS = 1.0


def median(work: Callable[[], object]) -> float:
    """Return the median of a few times, in seconds."""
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def main() -> dict[str, float]:
    """Return milliseconds a step, and SciPy's times as multiples of ours."""
    from threadpoolctl import threadpool_limits

    data = dr.data.load("diabetes")
    X = (data.X - data.X.mean(axis=0)) / data.X.std(axis=0)
    T = (data.T - data.T.mean(axis=0)) / data.T.std(axis=0)
    net = dr.Network(10, [dr.Dense(20, "tanh"), dr.Dense(1)])
    theta = net.init(seed=1)
    options = {"optimizer": "levenberg_marquardt", "batch_size": None, "theta": theta}

    def ours() -> dr.Run:
        return dr.train(net, X, T, reduction="sum", epochs=EPOCHS, **options)

    found: dict[str, float] = {}
    with threadpool_limits(1, user_api="blas"):
        found["ms a step"] = 1e3 * median(ours) / EPOCHS
        for method in ("lm", "trf"):
            last = theirs(net, theta, X, T, method)
            below = float(last.cost)
            run = dr.train(
                net, X, T, reduction="sum", epochs=3000, stop=dr.ErrorBelow(below), **options
            )
            if run.stopped != "error_below":
                found[f"E of least_squares({method}) reached"] = 0.0
                continue
            mine = median(
                lambda epochs=run.epochs: dr.train(
                    net, X, T, reduction="sum", epochs=epochs, **options
                )
            )
            other = median(lambda method=method: theirs(net, theta, X, T, method))
            found[f"least_squares({method}), to its E = {below:.3f}, over ours"] = other / mine
    return found


def theirs(net: dr.Network, theta: np.ndarray, X: np.ndarray, T: np.ndarray, method: str):
    """Run SciPy's least squares as long as ours runs."""
    return scipy.optimize.least_squares(
        lambda w: (net(w, X) - T).ravel(),
        theta,
        jac=lambda w: dr.jacobian(net, w, X).reshape(-1, net.size),
        method=method,
        max_nfev=EPOCHS,
    )


if __name__ == "__main__":
    for name, value in main().items():
        print(f"{name:60s} {value:8.2f}")
