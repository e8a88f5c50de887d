"""Every mistake, planted by hand-written NumPy in random networks, is named.

A few networks per mistake; `make proof` takes 50 of each, and 1,000 right and noisy gradients.
"""

from __future__ import annotations

import numpy as np
import pytest
from proof import noisy_gradients, pairs, possible, share_named, true_gradients

from deltarule.check.diagnose import MISTAKES


@pytest.mark.parametrize("code", MISTAKES)
def test_a_mistake_is_named(code: str) -> None:
    share, others = share_named((code,), 6)
    assert share == 1.0, "\n\n".join(others)


@pytest.mark.parametrize("seed", range(3))
def test_pairs_are_named(seed: int) -> None:
    shares = []
    for pair in pairs(np.random.default_rng(seed), 15):
        if possible(pair):
            shares.append(share_named(pair, 1)[0])
    assert len(shares) >= 8
    assert np.mean(shares) >= 0.95 - 1 / len(shares)


def test_true_gradients_raise_no_alarm() -> None:
    assert true_gradients(60) == 0


def test_noise_gets_no_name() -> None:
    assert [str(d) for d in noisy_gradients(60)] == []
