"""Quantiles of forecasts from the errors that earlier forecasts made: split conformal prediction.

r_1, ..., r_k are errors g(y) - g(f) of forecasts that were made without having seen y. Below the
median the quantile tau is f plus the floor((k + 1) tau)-th smallest of them, above it f plus the
ceil((k + 1) tau)-th: where errors are exchangeable, y lies below it with probability at most tau
(at least tau), whatever their distribution (Vovk et al. 2005; Lei et al. 2018). Errors of a series
are not quite exchangeable, which is why the backtest counts how many values lay inside.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from deltarule.series.transforms import Pointwise

Array = NDArray[np.float64]


def needed(levels: Sequence[float]) -> int:
    """Return how many errors these quantiles need: the rank of each has to be there.

    >>> needed((0.1, 0.5, 0.9)), needed((0.05, 0.95))
    (9, 19)
    """
    extreme = min(min(tau, 1.0 - tau) for tau in levels)
    return math.ceil(1.0 / extreme - 1e-9) - 1


def quantiles(f: Array, errors: Array, levels: Sequence[float], g: Pointwise) -> Array | None:
    """Return the quantiles (r, H, levels) of forecasts f (r, H), given errors (k, H) of g.

    None where the errors are fewer than are `needed`.

    >>> from deltarule.series.transforms import Plain
    >>> errors = np.arange(-4.0, 5.0)[:, None]
    >>> quantiles(np.array([[10.0]]), errors, (0.1, 0.5, 0.9), Plain()).ravel()
    array([ 6., 10., 14.])
    """
    if len(errors) < needed(levels):
        return None
    ordered = np.sort(errors, axis=0)
    k = len(ordered)
    found = np.empty((*f.shape, len(levels)))
    for i, tau in enumerate(levels):
        found[..., i] = g.inverse(g.forward(f) + _quantile(ordered, k, tau))
    return found


def _quantile(ordered: Array, k: int, tau: float) -> Array:
    if tau == 0.5:
        return np.asarray(np.median(ordered, axis=0))
    exact = (k + 1) * tau
    rank = math.floor(exact + 1e-9) if tau < 0.5 else math.ceil(exact - 1e-9)
    return np.asarray(ordered[rank - 1])
