"""What a changed rule costs beside the exact one, in the compiled engine.

Ratios of the medians of whole trainings, one rule after the other, again and again. The networks
side by side are 1,024; what draws their matrices is in the time.
"""

from __future__ import annotations

import statistics
import time
import warnings
from collections.abc import Callable

import numpy as np

import deltarule as dr

REPEATS = 5
GOAL = 1.15
RULES = (
    "exact", "hidden=constant", "hidden=offset:0.1", "hidden=floor:0.1", "hidden=symmetric",
    "hidden=power:0.5", "hidden=random", "feedback=random", "feedback=sign:0.5",
    "feedback=sign_fixed", "feedback=direct", "feedback=kolen_pollack", "layerwise",
    "choice=largest:1", "choice=random:1",
)  # fmt: skip
CASES = {
    "3-3-3-1, batch 1": ((3, 3, 3, 1), 1, 300, 1),
    "3-3-3-1, batch 32": ((3, 3, 3, 1), 32, 1500, 1),
    "3-3-3-1, batch 1, 1,024 networks": ((3, 3, 3, 1), 1, 30, 1024),
    "64-32-10, batch 32": ((64, 32, 10), 32, 30, 1),
}
"""Sizes, batch, epochs, networks."""


def job(case: str) -> Callable[[str], object]:
    """Return what trains under a rule."""
    sizes, batch, epochs, networks = CASES[case]
    rng, n = np.random.default_rng(0), 500 if networks > 1 else 1000
    net = dr.Network(sizes[0], [dr.Dense(k, "sigmoid") for k in sizes[1:]])
    X, T = rng.normal(size=(n, sizes[0])), rng.uniform(0.1, 0.9, size=(n, sizes[-1]))
    options = {"epochs": epochs, "batch_size": batch, "optimizer": "sgd", "engine": "compiled",
               "shuffle": False}  # fmt: skip

    def train(rule: str) -> object:
        if networks > 1:
            return dr.train_many(net, X, T, seeds=range(networks), rule=rule, **options)
        return dr.train(net, X, T, rule=rule, **options)

    return train


def ratios(case: str) -> dict[str, float]:
    """Return every rule's time as a multiple of the exact one's."""
    train = job(case)
    several = [rule for rule in RULES if not (rule.startswith("choice") and case[0] == "6")]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        times: dict[str, list[float]] = {rule: [] for rule in several}
        for turn in range(REPEATS + 1):
            for rule in several:
                began = time.perf_counter()
                train(rule)
                if turn:  # the first one compiles
                    times[rule].append(time.perf_counter() - began)
    exact = statistics.median(times["exact"])
    return {rule: statistics.median(times[rule]) / exact for rule in several[1:]}


def main() -> dict[str, dict[str, float]]:
    """Return the ratios of every case."""
    return {case: ratios(case) for case in CASES}


if __name__ == "__main__":
    for case, found in main().items():
        print(case)
        for rule, ratio in found.items():
            print(f"  {rule:26s} {ratio:6.2f}")
