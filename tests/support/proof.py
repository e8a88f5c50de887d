"""The proof of the diagnosis: mistakes planted by hand-written NumPy, right and noisy gradients."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np
from beginner import Problem, wrong
from plants import MADE, count, diagnose, named_rightly, plant, problem

import deltarule as dr

FITTED = ("sequential_update", "l2_scaled", "dead_relu_slope", "clipped", "accumulated")
"""One number that is fitted to one entry says nothing: these are planted where two differ."""

SAME_STEP = (
    ("missing_derivative", "double_derivative", "derivative_of_output", "derivative_wrong_layer",
     "relu_kink", "dead_relu_slope", "wrong_activation"),
    ("softmax_diagonal", "softmax_double", "missing_derivative", "derivative_of_output"),
    ("sequential_update", "untransposed_weights", "single_path"),
    ("net_for_output", "input_for_hidden", "delta_for_gradient"),
    ("missing_bias", "bias_not_per_node"),
    ("l2_missing", "l2_scaled"),
    ("transposed_output", "bias_first_row", "swapped_layers"),
    ("sum_for_mean", "mean_for_sum"),
)  # fmt: skip
"""Two of a group change the same step: the second takes the first's place."""


def plants(codes: tuple[str, ...], wanted: int) -> Iterator[tuple[Problem, dict, np.ndarray]]:
    """Yield random problems with these mistakes made, where each changes the gradient."""
    rng = np.random.default_rng(sum(map(ord, "".join(codes))))
    made = 0
    for _ in range(200 * wanted):
        if made == wanted:
            return
        p = problem(rng, codes[int(rng.integers(len(codes)))])
        found = [plant(code, p, rng) for code in codes]
        if any(f is None for f in found):
            continue
        mistakes = {code: how for f in found for code, how in f.items()}
        given = wrong(p, mistakes)
        if all(_matters(p, given, mistakes, code) for code in codes):
            made += 1
            yield p, mistakes, given


def _matters(p: Problem, given: np.ndarray, mistakes: dict, code: str) -> bool:
    without = wrong(p, {k: v for k, v in mistakes.items() if k != code})
    if code == "float_noise":
        return True
    return np.all(np.isfinite(given)) and count(p, given, without) > (code in FITTED)


def share_named(codes: tuple[str, ...], wanted: int) -> tuple[float, list[str]]:
    """Return how many of the plants are named rightly, and what was said of the others."""
    right, total, others = 0, 0, []
    for p, mistakes, given in plants(codes, wanted):
        found = diagnose(p, given)
        total += 1
        if named_rightly(p, mistakes, given, found):
            right += 1
        else:
            others.append(f"{mistakes}\n{p.activations} {p.loss} n={len(p.X)}\n{found}")
    assert total == wanted, f"only {total} networks in which {codes} change the gradient"
    return right / total, others


def pairs(rng: np.random.Generator, wanted: int) -> list[tuple[str, ...]]:
    every = [
        pair
        for pair in combinations(MADE, 2)
        if not any(set(pair) <= set(group) for group in SAME_STEP)
    ]
    return [every[i] for i in rng.permutation(len(every))[:wanted]]


def share_of_pairs(wanted: list[tuple[str, ...]]) -> tuple[float, int, list[str]]:
    """Return the share of pairs named rightly, in one network each; how many; the others.

    Some pairs cannot be made together, such as 'summed' and 'divided': they are passed over.
    """
    right, tried, others = 0, 0, []
    for pair in wanted:
        for p, mistakes, given in plants(pair, 1):
            found = diagnose(p, given)
            good = named_rightly(p, mistakes, given, found)
            right, tried = right + good, tried + 1
            others += (
                [] if good else [f"{mistakes}\n{p.activations} {p.loss} n={len(p.X)}\n{found}"]
            )
    return right / tried, tried, others


def true_gradients(wanted: int) -> int:
    """Return the number of false alarms among so many true gradients."""
    rng = np.random.default_rng(11)
    problems = (problem(rng) for _ in range(wanted))
    return sum(diagnose(p, wrong(p)).verdict != "correct" for p in problems)


def noisy_gradients(wanted: int) -> list[dr.Diagnosis]:
    """Return the diagnoses of noisy gradients that name something."""
    rng, found = np.random.default_rng(12), []
    while wanted:
        p = problem(rng)
        size = 10.0 ** rng.uniform(-5, 1)
        given = wrong(p)
        kind = rng.integers(3)
        if kind == 0:  # every entry by its own share
            given = given * (1 + size * rng.normal(size=given.shape))
        elif kind == 1:  # all by the same amount
            given = given + size * np.std(given) * rng.normal(size=given.shape)
        else:  # nothing of it is left
            given = rng.normal(size=given.shape)
        if count(p, given, wrong(p)) < 2:
            continue
        wanted -= 1
        d = diagnose(p, given)
        found += [d] if d.verdict != "unexplained" else []
    return found
