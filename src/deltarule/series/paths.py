"""Quantiles of forecasts from simulated futures: the networks' own errors drawn into the recursion.

Each path adds, at every step, an error that was made on values no network had seen, less the mean
of these errors, and feeds the sum back. What spreads with the horizon spreads here as the network
lets it. The bootstrap draws the residuals of training in their place: it needs no values that no
network has learnt, and is too narrow where networks have learnt noise (Efron and Tibshirani 1993).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from deltarule.core.random import PATHS, stream
from deltarule.series.forecaster import Forecaster
from deltarule.series.judgement.conformal import needed, quantiles
from deltarule.series.series import Series
from deltarule.series.transforms import Transform

Array = NDArray[np.float64]

_TOGETHER = 32
"""Origins whose paths exist at a time."""


def simulated(
    forecaster: Forecaster, series: Series, origins: NDArray[np.intp], errors: Array, H: int
) -> Array:
    """Return simulated futures (origins, paths, H), in the series' own units.

    `errors` (k, K or more) are of g, as `walk` collects them. Every origin sees the same draws, so
    that nothing depends on which others there are.
    """
    recipe, K = forecaster.recipe, forecaster.networks.outputs
    paths = recipe.paths
    pool = _innovations(errors[:, :K], forecaster.transform)
    pool = np.pad(pool, ((0, 0), (0, K - pool.shape[1])))
    draws = stream(recipe.seed, PATHS).integers(len(pool), size=(-(-H // K), paths))
    blocks = []
    for first in range(0, len(origins), _TOGETHER):
        some = origins[first : first + _TOGETHER]

        def noise(h: int, shape: tuple[int, int], count: int = len(some)) -> Array:
            return np.tile(pool[draws[h // K]], (count, 1))

        repeated = np.repeat(some, paths)
        found = forecaster.forecasts(series, repeated, H, noise)
        blocks.append(found.reshape(len(some), paths, H))
    return np.concatenate(blocks)


def path_quantiles(
    forecaster: Forecaster,
    series: Series,
    origins: NDArray[np.intp],
    errors: Array,
    levels: Sequence[float],
    H: int,
) -> Array:
    """Return the quantiles of the simulated futures, (origins, H, levels)."""
    paths = simulated(forecaster, series, origins, errors, H)
    return np.moveaxis(np.quantile(paths, levels, axis=1), 0, -1)


def spread(
    forecaster: Forecaster, series: Series, origins: NDArray[np.intp], f: Array, errors: Array
) -> Array | None:
    """Return the quantiles (origins, H, levels) of forecasts f (origins, H) that a recipe asks for.

    `errors` (k, H) are of g on values that no network had seen; None where they are too few.
    """
    recipe, H = forecaster.recipe, f.shape[1]
    levels = recipe.quantiles
    if recipe.intervals == "pinball":
        return forecaster.quantiles(series, origins, H)
    if recipe.intervals == "bootstrap":
        return path_quantiles(forecaster, series, origins, residuals(forecaster, series), levels, H)
    if recipe.intervals == "paths" and len(errors) >= needed(levels):
        return path_quantiles(forecaster, series, origins, errors, levels, H)
    return quantiles(f, errors, levels, recipe.transform)


def residuals(forecaster: Forecaster, series: Series) -> Array:
    """Return the errors (k, K) of g on the windows that training has had."""
    stop = forecaster.end - forecaster.networks.outputs + 1
    origins = np.arange(forecaster.first_origin(), stop)
    newest = -forecaster.recipe.window if forecaster.recipe.window else 0
    return errors_at(forecaster, series, origins[newest:])


def errors_at(forecaster: Forecaster, series: Series, origins: NDArray[np.intp]) -> Array:
    """Return the errors (k, K) of g that are made from some origins."""
    K, g = forecaster.networks.outputs, forecaster.recipe.transform
    true = series.values[origins[:, None] + np.arange(K)]
    return np.asarray(g.forward(true) - g.forward(forecaster.forecasts(series, origins, K)))


def _innovations(errors: Array, transform: Transform) -> Array:
    """Return errors of g (k, K) as centred errors of z; before the origin there are none."""
    found = errors.copy()
    for lag in transform.differences:
        found[:, lag:] = found[:, lag:] - found[:, :-lag]
    return np.asarray((found - found.mean(axis=0)) / transform.scale)
