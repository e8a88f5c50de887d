"""How long a diagnosis takes on a 64-32-10 network with 100 observations (float64), in seconds.

Single mistakes and pairs, each planted at every layer by the diagnosis's own backward pass; the
slowest and the median. The goals: one mistake under 1 s, two under 10 s.
"""

from __future__ import annotations

import statistics
import time

import numpy as np

import deltarule as dr
from deltarule.check.diagnose import MISTAKES
from deltarule.check.diagnose.backward import backward, flat
from deltarule.check.diagnose.case import Case
from deltarule.check.diagnose.grammar import QUANTITIES, Point
from deltarule.engine import Objective, as_samples

PAIRS = 30


def case() -> Case:
    """Return the network with random weights and samples."""
    net = dr.Network(64, [dr.Dense(32, "tanh"), dr.Dense(10, "sigmoid")])
    rng = np.random.default_rng(0)
    objective = Objective.of(net, "half_squared_error", "mean", "exact", 0.01)
    X, T = rng.normal(size=(100, 64)), rng.random((100, 10))
    samples = as_samples(net, objective.loss, X, T, None, np.float64)
    return Case(objective, net.init(seed=0), samples)


def planted(at: Case, codes: tuple[str, ...]) -> np.ndarray | None:
    """Return the gradient with the last variant of each mistake; None where one has none."""
    acts: list[tuple[Point, list[int]]] = []
    for code in codes:
        fitting = [
            (QUANTITIES[name], layers)
            for name in MISTAKES[code].points
            if (layers := [l for l in range(1, at.L + 1) if QUANTITIES[name].fits(at, l)])
        ]
        if not fitting or any(p.slot == fitting[-1][0].slot for p, _ in acts):
            return None
        quantity, layers = fitting[-1]
        acts.append((Point(quantity, 0.3 if quantity.number else None, False), layers))
    return flat(backward(at, acts))


def seconds(at: Case, gradient: np.ndarray) -> float:
    """Return the wall time of one diagnosis."""
    o = at.objective
    began = time.perf_counter()
    dr.diagnose(gradient, o.network, at.theta, at.samples.X, at.samples.T, o.loss, l2=o.l2)
    return time.perf_counter() - began


def main() -> dict[str, float]:
    """Return the median and the largest seconds of single mistakes, pairs, right ones and noise."""
    at, rng = case(), np.random.default_rng(1)
    right = flat(backward(at))
    seconds(at, right)  # imports
    codes = list(MISTAKES)
    pairs = [(a, b) for a in codes for b in codes if codes.index(a) < codes.index(b)]
    chosen = [pairs[i] for i in rng.permutation(len(pairs))]
    kinds = {
        "one mistake": [g for code in codes if (g := planted(at, (code,))) is not None],
        "two mistakes": [g for p in chosen if (g := planted(at, p)) is not None][:PAIRS],
        "right": [right] * 3,
        "noise": [rng.normal(size=right.size) for _ in range(3)],
    }
    found: dict[str, float] = {}
    for kind, gradients in kinds.items():
        times = [seconds(at, g) for g in gradients]
        found[kind] = statistics.median(times)
        found[f"{kind}, slowest"] = max(times)
    return found


if __name__ == "__main__":
    print(main())
