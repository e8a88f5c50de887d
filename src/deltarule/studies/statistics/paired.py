"""Two cells on the same seeds: how far apart, how often which is better, and could it be chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deltarule.studies.statistics.intervals import Estimate, mean, share, share_difference

_PERMUTATIONS, _EXACT = 9999, 30
"""So many pairs are flipped in every way; of more, so many ways are drawn."""


@dataclass(frozen=True)
class Pair:
    """What n pairs (a, b) show."""

    n: int
    difference: Estimate
    """The mean of a - b."""
    better: Estimate
    """In which share of the pairs a is better; a tie counts as half."""
    p: float | None
    """Of a mean at least as far from 0, if the sign of each difference were a coin's."""


def compare(a: ArrayLike, b: ArrayLike, lower_is_better: bool) -> Pair:
    """Compare two cells seed by seed; a value that is not finite is worse than any that is.

    The difference has Hall's interval, Agresti and Min's where every value is 0 or 1; it is left
    out where a value is not finite. How often a is better (Bouthillier et al. 2021) has Wilson's
    interval, Hall's with ties. The test flips the signs of the differences (Fisher 1935): in every
    way up to 30 pairs, else at random. There so few flips tell no p below 1/5,000 from another,
    which an adjustment for many comparisons needs; p is then Hoeffding's bound (1963),
    2 exp(-(sum d)^2 / (2 sum d^2)), which no p is above.

    >>> found = compare([1.0, 2.0, 3.0, 4.0], [2.0, 4.0, 6.0, 8.0], lower_is_better=True)
    >>> found.difference.value, found.better.value, found.p
    (-2.5, 1.0, 0.125)
    """
    worst = np.inf if lower_is_better else -np.inf
    a, b = (np.where(np.isnan(v), worst, v) for v in (np.asarray(a, float), np.asarray(b, float)))
    with np.errstate(invalid="ignore"):
        scores = np.where(a == b, 0.5, (a < b) == lower_is_better).astype(float)
        differences = np.where(a == b, 0.0, a - b)
    finite = bool(np.isfinite(differences).all())
    ties = bool((scores == 0.5).any())
    better = _within(mean(scores)) if ties else share(int(scores.sum()), len(scores))
    # without a finite difference the order alone is tested
    tested = differences if finite else scores - 0.5
    difference = share_difference if np.isin((a, b), (0, 1)).all() else mean
    return Pair(len(a), difference(differences) if finite else Estimate(None), better, _p(tested))


def _within(found: Estimate) -> Estimate:
    """Return the estimate of a share: no interval of one goes beyond [0, 1]."""
    if found.low is None or found.high is None:
        return found
    return Estimate(found.value, max(0.0, found.low), min(1.0, found.high))


def _p(differences: NDArray[np.float64]) -> float | None:
    from scipy.stats import permutation_test

    if len(differences) < 2:
        return None
    if not differences.any():
        return 1.0
    if len(differences) <= _EXACT:
        return _exact(differences)
    found = permutation_test((differences,), lambda d, axis: d.mean(axis=axis), vectorized=True,
                             permutation_type="samples", n_resamples=_PERMUTATIONS,
                             rng=np.random.default_rng(0))  # fmt: skip
    d = differences / np.abs(differences).max()
    bound = 2.0 * np.exp(-0.5 * d.sum() ** 2 / (d @ d))
    return float(min(found.pvalue, bound))


def _exact(d: NDArray[np.float64]) -> float:
    """Return the share of all 2^n sums of +-d that are at least as far from 0 as that of d.

    Every sum is one of the first half's and one of the second half's (Horowitz and Sahni 1974).
    """
    far = abs(d.sum()) - 1e-12 * np.abs(d).sum()  # sums that are equal differ by rounding
    halves = [_sums(part) for part in np.array_split(d, 2)]
    second = np.sort(halves[1])
    above = len(second) - np.searchsorted(second, far - halves[0], side="left")
    below = np.searchsorted(second, -far - halves[0], side="right")
    return min(1.0, float((above + below).sum()) / 2.0 ** len(d))


def _sums(d: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return all 2^n sums of +-d."""
    found = np.zeros(1)
    for value in d:
        found = np.concatenate([found + value, found - value])
    return found


def holm(p: ArrayLike) -> NDArray[np.float64]:
    """Return p-values adjusted for having made them all (Holm 1979).

    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    given = np.asarray(p, float)
    order = np.argsort(given)
    stepped = np.maximum.accumulate(given[order] * np.arange(len(given), 0, -1))
    found = np.empty(len(given))
    found[order] = np.minimum(1.0, stepped)
    return found


def detectable(n: int, comparisons: int = 1) -> float:
    """Return the difference, in standard deviations of the paired differences, that n pairs show.

    In 8 of 10 studies, at 5 % over all comparisons: (z_{1 - .025 / k} + z_{.8}) / sqrt(n).

    >>> round(detectable(200), 3)
    0.198
    """
    from scipy.stats import norm

    z = norm.ppf(1.0 - 0.025 / max(1, comparisons)) + norm.ppf(0.8)
    return float(z / np.sqrt(n))
