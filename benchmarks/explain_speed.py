"""What an explanation costs: a weight of 784-128-10 with its 20 largest paths, and a deep network.

Medians in seconds of one call, after a first one that imports what is needed.
"""

from __future__ import annotations

import statistics
import time

import numpy as np

import deltarule as dr

REPEATS = 15
LIMIT = 20


def case(sizes: tuple[int, ...], hidden: str) -> tuple[dr.Network, np.ndarray, np.ndarray]:
    """Return a network with a softmax output, its parameters and one observation."""
    *inner, outputs = sizes[1:]
    layers = [*(dr.Dense(n, hidden) for n in inner), dr.Dense(outputs, "softmax")]
    net = dr.Network(sizes[0], layers)
    return net, net.init(seed=0), np.random.default_rng(0).random(sizes[0])


def seconds(sizes: tuple[int, ...], hidden: str, loss: str) -> float:
    """Return the median time of explaining one weight of the first layer."""
    net, theta, x = case(sizes, hidden)
    t = np.eye(sizes[-1])[3]
    active = int(np.argmax(net.forward(theta, x[None])[0][1][0])) + 1  # a node that is not dead
    times = []
    for _ in range(REPEATS + 1):
        began = time.perf_counter()
        found = dr.explain(net, theta, x, t, weight=(1, active, 400), loss=loss, limit=LIMIT)
        times.append(time.perf_counter() - began)
        expected = min(LIMIT, found.path_count)
        if len(found.paths) != expected:
            raise SystemExit(f"{len(found.paths)} paths were found, not {expected}")
    return statistics.median(times[1:])


def main() -> dict[str, float]:
    """Return the median seconds per explanation.

    With cross-entropy a weight of the first layer of 784-128-10 has 10 paths, with the squared
    error 100 (through every output of the softmax); the deep network has 2.6e11.
    """
    return {
        "784-128-10, cross_entropy": seconds((784, 128, 10), "relu", "cross_entropy"),
        "784-128-10, half_squared_error": seconds((784, 128, 10), "relu", "half_squared_error"),
        "784-128-128-128-128-128-10, half_squared_error": seconds(
            (784, *[128] * 5, 10), "tanh", "half_squared_error"
        ),
    }


if __name__ == "__main__":
    for name, value in main().items():
        print(f"{name:50s} {1e3 * value:7.2f} ms")
