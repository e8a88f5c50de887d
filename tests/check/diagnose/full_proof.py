"""The whole proof, by `make proof`: not collected by default, as it takes some minutes.

50 random networks for every mistake, one for every pair of mistakes that can be made together,
1,000 right gradients, 1,000 noisy ones. Run with -s to see the figures.
"""

from __future__ import annotations

import numpy as np
import pytest
from plants import MADE
from proof import noisy_gradients, pairs, share_named, share_of_pairs, true_gradients


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
    assert [str(d) for d in noisy_gradients(1000)] == []
