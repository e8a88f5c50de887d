"""What mattered in a search: the share of the scores' ranks that goes with a setting, if any does.

Three rates share a structure, so trials are no independent draws: chance is what comes of dealing
the structures' settings out anew among them, or the rates within each.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from deltarule.core.arrays import Array
from deltarule.studies.statistics.paired import holm
from deltarule.studies.tuning.space import Trial

_DEALT = 999
_CHANCE = 0.05


def mattered(trials: Sequence[Trial], errors: Sequence[float]) -> dict[str, float | None]:
    """Return every setting's share of the ranks' variance, on its own, the largest first.

    Epsilon squared (Kelley 1935) of a one-way analysis of variance; settings act together, so the
    shares do not add up. The rate counts by the third of its optimizer's range. None where chance
    explains as much in one of 20 searches (a permutation test, adjusted over the settings by Holm):
    with a few trials that is all of them.
    """
    from scipy.stats import rankdata

    ranks, rng = rankdata(errors), np.random.default_rng(0)
    _, structure = np.unique([repr(t.structure) for t in trials], return_inverse=True)
    shares, chance = {}, {}
    for name in trials[0].options:
        values = [t.third if name == "lr" else str(t.options[name]) for t in trials]
        _, levels = np.unique(values, return_inverse=True)
        shares[name] = epsilon(ranks, levels)
        dealt = _rates(levels, structure, rng) if name == "lr" else _deal(levels, structure, rng)
        between = _between(ranks, np.concatenate([levels[None], dealt]))
        chance[name] = float(np.mean(between >= between[0] - 1e-9))
    adjusted = dict(zip(chance, holm(list(chance.values())), strict=True))
    order = sorted(shares, key=lambda name: (adjusted[name] >= _CHANCE, -shares[name]))
    return {name: shares[name] if adjusted[name] < _CHANCE else None for name in order}


def epsilon(ranks: Array, levels: Array) -> float:
    """Return epsilon squared of ranks in levels; 0 for what chance would give.

    >>> epsilon(np.array([1.0, 2, 3, 4]), np.array([0, 0, 1, 1]))
    0.7
    """
    groups = [ranks[levels == level] for level in np.unique(levels)]
    n, k = len(ranks), len(groups)
    total = float(((ranks - ranks.mean()) ** 2).sum())
    if k < 2 or n <= k or total == 0.0:
        return 0.0
    within = float(sum(((group - group.mean()) ** 2).sum() for group in groups))
    return max(0.0, 1.0 - within / (n - k) / (total / (n - 1)))


def _deal(levels: Array, structure: Array, rng: np.random.Generator) -> Array:
    """Return levels dealt out anew among structures, each with all of its trials: (dealt, n)."""
    _, first = np.unique(structure, return_index=True)
    own = np.tile(levels[first], (_DEALT, 1))
    return rng.permuted(own, axis=1)[:, structure]


def _rates(levels: Array, structure: Array, rng: np.random.Generator) -> Array:
    """Return levels dealt out anew within every structure: (dealt, n)."""
    found = np.tile(levels, (_DEALT, 1))
    for k in range(structure.max() + 1):
        own = structure == k
        found[:, own] = rng.permuted(found[:, own], axis=1)
    return found


def _between(ranks: Array, levels: Array) -> Array:
    """Return the part of the ranks' sum of squares that lies between the levels, row by row."""
    found = np.zeros(len(levels))
    for level in range(levels.max() + 1):
        among = levels == level
        found += (among @ ranks) ** 2 / np.maximum(among.sum(axis=1), 1)
    return found
