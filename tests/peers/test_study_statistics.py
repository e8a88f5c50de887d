"""The statistics of studies against lifelines (Kaplan-Meier) and rliable (interquartile mean)."""

from __future__ import annotations

import numpy as np
import pytest

from deltarule.studies.statistics.intervals import interquartile_mean
from deltarule.studies.statistics.survival import restricted_mean, survival

pytestmark = [
    pytest.mark.peers,
    pytest.mark.filterwarnings("ignore:::(?!deltarule)"),  # of what they import
]


def censored(seed: int, n: int = 80, horizon: float = 25.0) -> tuple[np.ndarray, np.ndarray]:
    """Return epochs and whether a run was solved: some end early, unsolved, others at the limit."""
    rng = np.random.default_rng(seed)
    solved_at, lost_at = rng.weibull(1.3, n) * 15, rng.exponential(60.0, n)
    times = np.minimum(np.minimum(solved_at, lost_at), horizon).round() + 1
    return times, (solved_at <= lost_at) & (solved_at <= horizon)


@pytest.mark.parametrize("seed", range(20))
def test_kaplan_and_meier_s_curve_and_its_area_are_lifelines_s(seed):
    lifelines = pytest.importorskip("lifelines", reason="lifelines is in the extra `oracles`")
    from lifelines.utils import restricted_mean_survival_time

    times, solved = censored(seed)
    theirs = lifelines.KaplanMeierFitter().fit(times, solved)
    at, unsolved = survival(times, solved)
    np.testing.assert_allclose(unsolved, theirs.predict(at), rtol=1e-12)
    for horizon in (10.0, 20.0):
        area = restricted_mean_survival_time(theirs, t=horizon)
        assert restricted_mean(times, solved, horizon).value == pytest.approx(area, rel=1e-9)


@pytest.mark.parametrize("seed", range(10))
def test_the_interquartile_mean_is_rliable_s(seed):
    """Of 4 k runs, where no share of a run has to be cut."""
    metrics = pytest.importorskip("rliable.metrics", reason="rliable is in the extra `oracles`")
    values = np.random.default_rng(seed).lognormal(size=40)
    theirs = metrics.aggregate_iqm(values[:, None])
    assert interquartile_mean(values).value == pytest.approx(theirs, rel=1e-12)
