"""Every mistake, planted by hand-written NumPy in random networks, is named.

A few networks per mistake; `make proof` takes 50 of each, and 1,000 right and noisy gradients.
"""

from __future__ import annotations

import numpy as np
import pytest
from plants import MADE
from proof import noisy_gradients, pairs, share_named, share_of_pairs, true_gradients


@pytest.mark.parametrize("code", MADE)
def test_a_mistake_is_named(code: str) -> None:
    share, others = share_named((code,), 6)
    assert share == 1.0, "\n\n".join(others)


def test_pairs_are_named() -> None:
    share, tried, others = share_of_pairs(pairs(np.random.default_rng(0), 40))
    assert tried >= 20
    assert share >= 0.95, "\n\n".join(others)


def test_true_gradients_raise_no_alarm() -> None:
    assert true_gradients(60) == 0


def test_noise_gets_no_name() -> None:
    assert [str(d) for d in noisy_gradients(16)] == []
