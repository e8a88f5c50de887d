"""Estimates against other libraries and hand arithmetic; intervals by simulation."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats as st

from deltarule.studies.statistics import paired
from deltarule.studies.statistics.intervals import interquartile_mean, mean, share
from deltarule.studies.statistics.paired import compare, detectable, holm
from deltarule.studies.statistics.survival import restricted_mean, survival


def test_wilson_s_interval_is_the_textbook_s():
    """p = 15/50, by the formula with z = 1.959964."""
    n, p, z = 50, 0.3, 1.959963984540054
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    found = share(15, 50)
    assert (found.low, found.high) == pytest.approx((middle - half, middle + half), rel=1e-12)


@pytest.mark.parametrize("n", [20, 200])
def test_wilson_s_interval_holds_the_share_in_95_of_100(n):
    """Exactly, over all outcomes; averaged over shares, for it swings with each."""
    ends = [share(k, n) for k in range(n + 1)]
    held = [
        sum(st.binom.pmf(k, n, p) for k, e in enumerate(ends) if e.low <= p <= e.high)
        for p in np.linspace(0.02, 0.98, 49)
    ]
    assert 0.94 < np.mean(held) < 0.97


def coverage(estimate, draw, truth, times):
    rng, held = np.random.default_rng(1), 0
    for _ in range(times):
        found = estimate(draw(rng))
        held += found.low <= truth <= found.high
    return held / times


@pytest.mark.parametrize("n", [20, 50, 200])
def test_hall_s_interval_holds_a_skewed_mean(n):
    found = coverage(mean, lambda rng: rng.exponential(size=n), 1.0, 2000)
    assert 0.93 - 0.015 < found < 0.97, found  # 2,000 trials: a standard error of .005


def test_hall_s_interval_ends_where_his_polynomial_is_student_s_quantile():
    """W + c W^2 / 3 + c^2 W^3 / 27 + c / (6 n) = t / sqrt(n), W = (mean - end) / s."""
    x = np.random.default_rng(5).exponential(size=15)
    s, c, n = x.std(ddof=1), st.skew(x, bias=False), len(x)
    found = mean(x)
    for end, t in ((found.low, st.t.ppf(0.975, n - 1)), (found.high, st.t.ppf(0.025, n - 1))):
        W = (x.mean() - end) / s
        left = W + c * W**2 / 3 + c**2 * W**3 / 27 + c / (6 * n)
        assert left == pytest.approx(t / np.sqrt(n), rel=1e-12)
    y = np.concatenate([x, -x])  # no skewness: Student's interval
    assert mean(y).high == pytest.approx(st.t.ppf(0.975, 29) * y.std(ddof=1) / np.sqrt(30))


def test_the_bootstrap_holds_an_interquartile_mean():
    truth = 2 * st.norm.expect(np.exp, lb=st.norm.ppf(0.25), ub=st.norm.ppf(0.75))
    found = coverage(interquartile_mean, lambda rng: rng.lognormal(size=150), truth, 200)
    assert 0.93 - 0.04 < found <= 0.97 + 0.03, found


@pytest.mark.parametrize("n", [40, 200])
def test_the_restricted_mean_s_interval_holds(n):
    """Log-normal epochs, one in seven never solved within the limit."""
    horizon, epochs = 3.0, st.lognorm(1.0)
    truth = epochs.expect(lambda x: np.minimum(x, horizon), epsabs=1e-10)

    def draw(rng):
        return epochs.rvs(n, random_state=rng)

    def estimate(x):
        return restricted_mean(np.minimum(x, horizon), x < horizon, horizon)

    found = coverage(estimate, draw, truth, 1500)
    assert 0.93 < found < 0.97, found


def test_survival_is_scipy_s_kaplan_meier():
    rng = np.random.default_rng(2)
    times = rng.integers(1, 30, 80).astype(float)
    solved = rng.random(80) < 0.7
    known = st.ecdf(st.CensoredData(times[solved], right=times[~solved])).sf
    at, unsolved = survival(times, solved)
    np.testing.assert_allclose(unsolved, [known.evaluate(t) for t in at], atol=1e-12)


def test_the_restricted_mean_is_the_area_under_the_curve():
    rng = np.random.default_rng(3)
    times = rng.integers(1, 30, 80).astype(float)
    solved = rng.random(80) < 0.7
    grid = np.arange(0.5, 25)
    sf = st.ecdf(st.CensoredData(times[solved], right=times[~solved])).sf
    assert restricted_mean(times, solved, 25).value == pytest.approx(sf.evaluate(grid).sum())


def test_without_censoring_the_variance_is_that_of_a_mean():
    times = np.random.default_rng(4).gamma(2.0, size=60)
    found = restricted_mean(times, np.ones(60, bool), 100.0)
    half = st.t.ppf(0.975, 59) * times.std(ddof=1) / np.sqrt(60)
    assert found.value == pytest.approx(times.mean())
    assert found.high - found.value == pytest.approx(half, rel=1e-9)


def test_no_interval_is_made_up():
    assert share(1, 1).low is None
    assert mean([2.0]).low is None
    assert mean(range(9)).low is None
    assert mean([2.0, 2.0]).low is None
    assert mean([]).value is None
    assert restricted_mean([10, 10], [False, False], 10).low is None
    assert mean([1.0, np.inf]).value is None


def test_a_diverged_run_is_the_worst_of_the_middle_half_or_beside_it():
    assert interquartile_mean([1.0, 2.0, 3.0, np.inf]).value == 2.5
    assert interquartile_mean([1.0, 2.0, np.inf, np.inf]).value is None


def test_the_sign_flip_test_is_exact_for_few_pairs():
    """By hand: of the 16 sign patterns of (1, 2, 3, 4) two are as extreme as all alike."""
    assert compare([1, 2, 3, 4], [0, 0, 0, 0], True).p == pytest.approx(2 / 16)
    assert compare([1, 2, 3, 4], [1, 2, 3, 4], True).p == 1.0


def test_p_is_small_where_an_adjustment_for_many_comparisons_needs_it():
    """All 40 alike: exactly 2 of 2^40 patterns. By Hoeffding's bound, never below the truth."""
    found = compare(np.ones(40), np.zeros(40), True).p
    assert 2 / 2**40 <= found < 1e-8


@pytest.mark.parametrize(("n", "shift"), [(1 + 1, 0.0), (5, 0.3), (16, 0.6), (17, 0.0)])
def test_up_to_30_pairs_are_flipped_in_every_way(n, shift):
    d = np.random.default_rng(n).normal(shift, 1.0, n)
    signs = 1 - 2 * (np.arange(2**n)[:, None] >> np.arange(n) & 1)
    exact = (np.abs(signs @ d) >= abs(d.sum()) - 1e-9).mean()
    assert compare(d, np.zeros(n), True).p == pytest.approx(exact, rel=1e-12)
    assert compare(np.ones(20), np.zeros(20), True).p == 2 / 2**20


def test_a_diverged_run_loses_its_pair():
    found = compare([np.nan, 1.0, 1.0], [5.0, 2.0, 2.0], lower_is_better=True)
    assert found.better.value == pytest.approx(2 / 3)
    assert found.difference.value is None
    assert compare([np.nan], [0.1], lower_is_better=False).better.value == 0.0


def test_holm_on_his_own_kind_of_example():
    """Sorted .01 .02 .03 .04 times 4 3 2 1, never falling."""
    np.testing.assert_allclose(holm([0.04, 0.01, 0.03, 0.02]), [0.06, 0.04, 0.06, 0.06])
    assert holm([0.6, 0.9]).tolist() == [1.0, 1.0]


@pytest.fixture
def fewer_permutations(monkeypatch):
    monkeypatch.setattr(paired, "_PERMUTATIONS", 999)


@pytest.mark.usefixtures("fewer_permutations")
def test_false_claims_are_rare_where_there_is_nothing_to_claim():
    """Three comparisons of 30 pairs in each of 150 studies without any difference."""
    rng, wrong = np.random.default_rng(5), 0
    for _ in range(150):
        p = [compare(rng.normal(size=30), rng.normal(size=30), True).p for _ in range(3)]
        wrong += (holm(p) < 0.05).any()
    assert wrong / 150 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 150)


@pytest.mark.usefixtures("fewer_permutations")
def test_what_is_detectable_is_detected_in_8_of_10():
    rng, n = np.random.default_rng(6), 40
    shift, found = detectable(n), 0
    for _ in range(200):
        d = rng.normal(shift, 1.0, n)
        found += compare(d, np.zeros(n), True).p < 0.05
    assert 0.7 < found / 200 < 0.9


def test_what_overflows_has_no_mean():
    assert mean([1e308] * 20).value is None
    assert interquartile_mean([1.0] * 10 + [1e308] * 2).value == 1.0
