"""The reference engine against a hand-written NumPy loop, on 784-128-10, batch 128, float32.

Same rows in the same order, same start, same updates; both are checked to reach the same error.
Alternating repetitions in one process, medians.
"""

from __future__ import annotations

import statistics
import time

import numpy as np
import plain_numpy

import deltarule as dr
from deltarule.core.random import SHUFFLE, stream

ROWS, BATCH, LR, EPOCHS, REPEATS = 12_800, 128, 0.05, 2, 7


def data() -> tuple[np.ndarray, np.ndarray]:
    """Return MNIST-shaped samples whose classes can be learnt."""
    rng = np.random.default_rng(0)
    label = rng.integers(0, 10, ROWS)
    centres = rng.random((10, 784), dtype=np.float32)
    X = centres[label] + rng.normal(0, 0.5, (ROWS, 784)).astype(np.float32)
    return X, np.eye(10, dtype=np.float32)[label]


def ours(net, theta, X, T) -> tuple[float, float]:
    """Return seconds and the last epoch's error."""
    began = time.perf_counter()
    run = dr.train(
        net, X, T, theta=theta, loss="cross_entropy", optimizer=dr.optim.SGD(LR),
        epochs=EPOCHS, batch_size=BATCH, engine="reference",
    )  # fmt: skip
    return time.perf_counter() - began, run.history["error"][-1]


def plain(net, theta, X, T) -> tuple[float, float]:
    """Return seconds and the last epoch's error."""
    layers = net.unpack(theta.copy())
    W1, b1, W2, b2 = (layers[k][name] for k in (0, 1) for name in ("W", "b"))
    began = time.perf_counter()
    for e in range(EPOCHS):
        order = stream(0, SHUFFLE, e).permutation(len(X))
        error = plain_numpy.epoch(W1, b1, W2, b2, X, T, order, BATCH, np.float32(LR))
    return time.perf_counter() - began, error


def main() -> dict[str, float]:
    """Return the medians in microseconds per update, and their ratio."""
    X, T = data()
    net = dr.Network(784, [dr.Dense(128, "relu"), dr.Dense(10, "softmax")])
    theta = net.init(seed=0, dtype=np.float32)
    times: dict[str, list[float]] = {"ours": [], "plain": []}
    errors = {}
    for _ in range(REPEATS + 1):
        for name, trained in (("ours", ours), ("plain", plain)):
            seconds, errors[name] = trained(net, theta, X, T)
            times[name].append(seconds)
    if abs(errors["ours"] - errors["plain"]) > 1e-3 * errors["plain"]:
        raise SystemExit(f"the two loops do not do the same work: {errors}")
    updates = EPOCHS * ROWS // BATCH
    micro = {k: 1e6 * statistics.median(v[1:]) / updates for k, v in times.items()}
    return {**micro, "ratio": micro["ours"] / micro["plain"]}


if __name__ == "__main__":
    print(main())
