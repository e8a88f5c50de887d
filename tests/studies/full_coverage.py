"""How often every interval holds the true value, at length: `make proof`, or pytest -s on this.

Nominal: 95 of 100. FUZZ_CASES sets how many samples are drawn of each size (2,000).
"""

from __future__ import annotations

import os

import numpy as np
import pytest
import scipy.stats as st

from deltarule.studies.statistics.intervals import interquartile_mean, mean, share
from deltarule.studies.statistics.survival import restricted_mean

SAMPLES = int(os.environ.get("FUZZ_CASES", "2000"))
HORIZON = 3.0
LOGNORMAL, EXPONENTIAL = st.lognorm(1.0), st.expon()


def middle_half(distribution):
    low, high = distribution.ppf([0.25, 0.75])
    return 2 * distribution.expect(lambda x: x, lb=low, ub=high)


def epochs(x):
    return restricted_mean(np.minimum(x, HORIZON), x < HORIZON, HORIZON)


CASES = {
    "share .9 (Wilson)": (lambda x: share(int(x.sum()), len(x)), st.bernoulli(0.9), 0.9),
    "share .5 (Wilson)": (lambda x: share(int(x.sum()), len(x)), st.bernoulli(0.5), 0.5),
    "mean, normal (BCa)": (mean, st.norm(), 0.0),
    "mean, exponential (BCa)": (mean, EXPONENTIAL, 1.0),
    "middle half, exponential (BCa)": (interquartile_mean, EXPONENTIAL, middle_half(EXPONENTIAL)),
    "epochs of all, log-normal (Greenwood)": (
        epochs, LOGNORMAL, LOGNORMAL.expect(lambda x: np.minimum(x, HORIZON)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("n", [20, 50, 200])
@pytest.mark.parametrize("name", CASES)
def test_coverage(name, n):
    estimate, distribution, truth = CASES[name]
    rng, held = np.random.default_rng(n), 0
    for _ in range(SAMPLES):
        found = estimate(distribution.rvs(n, random_state=rng))
        held += found.low is not None and found.low <= truth <= found.high
    print(f"{name:40} n = {n:4}: {100 * held / SAMPLES:.1f} %")
    least = 0.93 if n >= 200 else 0.85  # few values: a bootstrap of them is known to be short
    assert least - 3 * np.sqrt(0.06 / SAMPLES) < held / SAMPLES
