"""How often every interval holds the true value, and how often a difference is claimed where there
is none, at length: `make proof`, or pytest -s on this.

Nominal: 95 of 100, and 5. That of a share is counted exactly in test_statistics.py. FUZZ_CASES sets
how many samples are drawn of each size (2,000).
"""

from __future__ import annotations

import os

import numpy as np
import polars as pl
import pytest
import scipy.stats as st

from deltarule.studies.statistics.comparison import comparisons
from deltarule.studies.statistics.intervals import interquartile_mean, mean, share_difference
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
    "mean, normal (Hall)": (mean, st.norm(), 0.0),
    "mean, exponential (Hall)": (mean, EXPONENTIAL, 1.0),
    "mean, uniform (Hall)": (mean, st.uniform(), 0.5),
    "middle half, exponential (BCa)": (interquartile_mean, EXPONENTIAL, middle_half(EXPONENTIAL)),
    "epochs of all, log-normal (Greenwood)": (
        epochs, LOGNORMAL, LOGNORMAL.expect(lambda x: np.minimum(x, HORIZON)),
    ),
}  # fmt: skip
LEVELS = {"8 and 9 in 10": (0.8, 0.9), "9 and 9 in 10": (0.9, 0.9), "3 and 9 in 10": (0.3, 0.9)}
LEAST, MOST = 0.93, 0.97


@pytest.mark.parametrize("n", [20, 50, 200])
@pytest.mark.parametrize("name", CASES)
def test_coverage(name, n):
    estimate, distribution, truth = CASES[name]
    rng, held = np.random.default_rng(n), 0
    for _ in range(SAMPLES):
        found = estimate(distribution.rvs(n, random_state=rng))
        held += found.low is not None and found.low <= truth <= found.high
    print(f"{name:40} n = {n:4}: {100 * held / SAMPLES:.1f} %")
    chance = 3 * np.sqrt(0.05 * 0.95 / SAMPLES)  # of the simulation itself
    assert LEAST - chance < held / SAMPLES < MOST + chance


@pytest.mark.parametrize("n", [20, 50, 200])
@pytest.mark.parametrize("name", LEVELS)
def test_coverage_of_a_difference_of_shares(name, n):
    """Of pairs, Agresti and Min's; whole numbers again, so it is on the safe side of few."""
    (p, q), rng, held = LEVELS[name], np.random.default_rng(n), 0
    for _ in range(SAMPLES):
        a, b = rng.random(n) < p, rng.random(n) < q
        found = share_difference(a.astype(float) - b)
        held += found.low <= p - q <= found.high
    print(f"{'difference of shares, ' + name:40} n = {n:4}: {100 * held / SAMPLES:.1f} %")
    chance = 3 * np.sqrt(0.05 * 0.95 / SAMPLES)
    assert LEAST - chance < held / SAMPLES < 0.99


def cell(rng, n):
    """Runs of which two of three are solved, after as many epochs as log-normal chance would."""
    epochs = np.minimum(np.round(100 * rng.lognormal(size=n)), 1000)
    solved = rng.random(n) < 2 / 3
    return pl.DataFrame(
        {"seed": np.arange(n), "solved": solved, "epochs": np.where(solved, epochs, 1000),
         "stopped": np.where(solved, "all_within", "epochs"), "error": rng.exponential(size=n)}
    )  # fmt: skip


@pytest.mark.parametrize("n", [20, 100])
def test_false_claims(n):
    """Three levels beside a baseline, in three measures, and no difference anywhere."""
    rng, studies, wrong = np.random.default_rng(n), SAMPLES // 5, 0
    for _ in range(studies):
        cells = {(level,): cell(rng, n) for level in "abcd"}
        limits = dict.fromkeys(cells, 1000)
        rows = comparisons(cells, limits, ["rule"], "rule", "a", ["solved", "epochs", "error"])
        wrong += any(row["verdict"] in ("better", "worse") for row in rows)
    print(f"studies without a difference in which one is claimed, n = {n:4}: "
          f"{100 * wrong / studies:.1f} %")  # fmt: skip
    assert wrong / studies <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / studies)
