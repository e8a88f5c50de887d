"""The whole proof, by `make proof`: not collected by default, as it takes some minutes.

50 random networks for every mistake with a name, one for every pair of them that can be made
together, 1,000 right gradients, 1,000 noisy ones; 5,000 random points of the grammar, 2,000
gradients that are wrong outside it, 1,000 right ones under random conventions. Run with -s to see
the figures; PROOF_SHARE=0.1 takes a tenth of the last three.
"""

from __future__ import annotations

import os
import time
from collections import Counter

import numpy as np
import pytest
from grammar_points import diagnosed, outside, right, told
from plants import MADE
from proof import noisy_gradients, pairs, share_named, share_of_pairs, true_gradients

import deltarule as dr


@pytest.mark.parametrize("code", MADE)
def test_a_mistake_is_named_in_99_of_100(code: str) -> None:
    share, others = share_named((code,), 50)
    print(f"{code}: {share:.0%} of 50", flush=True)
    assert share >= 0.99, "\n\n".join(others)


def test_pairs_are_named_in_95_of_100() -> None:
    share, tried, others = share_of_pairs(pairs(np.random.default_rng(9), len(MADE) ** 2))
    print("\n\n".join([*others, f"pairs: {share:.1%} of {tried}"]), flush=True)
    assert tried >= 300
    assert share >= 0.95


def test_no_false_alarm_in_1000() -> None:
    assert true_gradients(1000) == 0


def test_no_confident_name_for_noise_in_1000() -> None:
    found = noisy_gradients(1000)
    print("noise:", dict(Counter(d.verdict for d in found)), flush=True)
    assert [str(d) for d in found if d.verdict != "possible"] == []  # that is no claim


SHARE = float(os.environ.get("PROOF_SHARE", "1"))


def test_random_points_are_named_to_the_slot_or_equal_to_another() -> None:
    counts, failures = told(np.random.default_rng(5), round(5000 * SHARE))
    print("random points:", dict(counts), flush=True)
    assert counts["missed"] + counts["wrong"] == 0, "\n".join(failures)


def test_what_is_outside_the_grammar_is_never_explained() -> None:
    counts: Counter[str] = Counter()
    claims = []
    for kind, case, given in outside(np.random.default_rng(6), round(2000 * SHARE)):
        found = diagnosed(case, given)
        counts[found.verdict] += 1
        claims += [f"{kind}\n{found}"] if found.verdict != "unexplained" else []
    print("outside:", dict(counts), "\n".join(claims), flush=True)
    assert not counts["explained"] + counts["ambiguous"] + counts["correct"], "\n".join(claims)


def test_right_gradients_under_random_conventions_have_no_mistake() -> None:
    counts: Counter[str] = Counter()
    for case, given in right(np.random.default_rng(7), round(1000 * SHARE)):
        found = diagnosed(case, given)
        counts[found.verdict] += 1
        assert found.verdict in ("correct", "possible"), str(found)
        assert not found.mistakes, str(found)
    print("conventions:", dict(counts), flush=True)


def test_five_layers_of_64_nodes_are_searched_in_a_second() -> None:
    """The processor's time of one thread, the median of five, where nothing is found."""
    net = dr.Network(64, [dr.Dense(64, "sigmoid") for _ in range(5)])
    rng = np.random.default_rng(8)
    theta, X, T = net.init(seed=0), rng.normal(size=(5, 64)), rng.random((5, 64))
    given = dr.backprop(net, theta, X, T).gradient * (1 + 0.1 * rng.normal(size=net.size))
    times = []
    for _ in range(5):
        began = time.process_time()
        assert dr.diagnose(given, net, theta, X, T).verdict == "unexplained"
        times.append(time.process_time() - began)
    print(f"5 x 64 nodes: {sorted(times)[2]:.2f} s", flush=True)
    assert sorted(times)[2] < 1.5
