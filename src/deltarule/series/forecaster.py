"""A fitted forecaster: networks with the transforms of the series around them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deltarule.core.errors import DataError
from deltarule.data.preparation.scale import Scaler
from deltarule.series.learning import blank, learn, steps_of
from deltarule.series.recipe import Recipe
from deltarule.series.recursion import Covariates, Networks, Noise
from deltarule.series.series import Series
from deltarule.series.transforms import Transform
from deltarule.series.windows import before, check_length

FEWEST = 3
"""Windows that training needs at least."""

Array = NDArray[np.float64]
Origins = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Forecaster:
    """Networks and transforms that were fitted to the values before `end`, and to nothing else."""

    recipe: Recipe
    networks: Networks
    transform: Transform
    covariates: Mapping[str, tuple[float, float]]
    """Offset and scale of each covariate."""
    end: int
    history: Mapping[str, NDArray[np.float64]]
    """Error and rate of every epoch, the networks' mean."""
    bands: tuple[Networks, ...] = ()
    """With intervals "pinball": for every quantile networks that learnt it by its own loss."""

    def scaled(self, series: Series) -> tuple[list[Array], Array, Covariates]:
        """Return the stages of y, z, and the scaled covariates."""
        stages = self.transform.stages(series.values)
        return stages, self.transform.scaled(stages), _scaled(series, self.covariates)

    def forecasts(
        self, series: Series, origins: Origins, horizon: int, noise: Noise | None = None
    ) -> Array:
        """Return forecasts (origins, horizon) in the series' own units.

        Origin t is the first time that is forecast: values from t on are not looked at.
        """
        stages, z, covariates = self.scaled(series)
        found = self.networks.forecasts(z, origins, horizon, covariates, noise)
        return self.transform.inverse(found, stages, origins)

    def quantiles(self, series: Series, origins: Origins, horizon: int) -> Array:
        """Return the quantiles that the bands say, (origins, horizon, levels), in order."""
        stages, z, covariates = self.scaled(series)
        windows = before(z, origins, max(self.networks.lags))
        X = self.networks.inputs(windows, origins, covariates)
        found = [self.transform.inverse(b(X)[:, :horizon], stages, origins) for b in self.bands]
        return np.sort(np.stack(found, axis=-1), axis=-1)  # networks of two quantiles may cross

    def first_origin(self) -> int:
        """Return the first time that has all its lags."""
        return self.transform.lost + max(self.networks.lags)


def fit(
    series: Series, recipe: Recipe, lags: tuple[int, ...], end: int, progress: bool = False
) -> Forecaster:
    """Fit transforms, scaling and networks to the values before `end`.

    Raises `DataError` where they are too few or constant, `NumericError` where training ends in
    numbers that are not finite.
    """
    return fit_together([series], recipe, lags, [end], progress)[0]


def fit_together(
    several: Sequence[Series],
    recipe: Recipe,
    lags: tuple[int, ...],
    ends: Sequence[int],
    progress: bool = False,
) -> list[Forecaster]:
    """Fit the same networks to several series, each with transforms and scaling of its own."""
    prepared = [
        _prepared(series, recipe, lags, end) for series, end in zip(several, ends, strict=True)
    ]
    like = blank(several[0], recipe, lags)
    found = learn(like, recipe, [(p.X, p.T) for p in prepared], progress)
    return [
        Forecaster(recipe, found.networks, p.transform, p.scales, end, found.history, found.bands)
        for p, end in zip(prepared, ends, strict=True)
    ]


@dataclass(frozen=True, eq=False)
class _Prepared:
    """A series' windows before a time, with what scaled them."""

    X: Array
    T: Array
    transform: Transform
    scales: dict[str, tuple[float, float]]


def _prepared(series: Series, recipe: Recipe, lags: tuple[int, ...], end: int) -> _Prepared:
    y = series.values[:end]
    lost, K = sum(recipe.difference), steps_of(recipe)
    why = f"{FEWEST} windows to train on, each with {K} more"
    check_length(series.source, end, lags, lost, (FEWEST - 1) * recipe.stride + K, why)
    transform = recipe.transform_of(y, series.calendar.season)
    z = transform.scaled(transform.stages(y))
    scales = {}
    for name, values in {**series.past, **series.known}.items():
        scaler = Scaler.fit("standard", [values[:end]])
        scales[name] = float(scaler.offset[0]), float(scaler.scale[0])
    like = blank(series, recipe, lags)
    X, T = like.samples(z, lost, end, _scaled(series, scales))
    newest = slice(-recipe.window if recipe.window else None, None)
    X, T = X[newest], T[newest]
    learnt = slice((len(X) - 1) % recipe.stride, None, recipe.stride)
    return _Prepared(X[learnt], T[learnt], transform, scales)


def _scaled(series: Series, scales: Mapping[str, tuple[float, float]]) -> Covariates:
    def block(columns: Mapping[str, Array]) -> Array:
        rows = [(v - scales[name][0]) / scales[name][1] for name, v in columns.items()]
        return np.stack(rows) if rows else np.empty((0, 0))

    static = np.array(list(series.static.values()), np.float64).reshape(-1, 1)
    return block(series.past), block(series.known), static


def check_future(series: Series, horizon: int) -> None:
    """Refuse known covariates that are not there for the steps to come."""
    missing = horizon - series.to_come if series.known else 0
    if missing > 0:
        raise DataError(
            f"{series.source}: {', '.join(map(repr, series.known))} must be known for the "
            f"{horizon} steps to come ({series.calendar.label(len(series))} on), and "
            f"{series.to_come} of them are there. Add {missing} rows with the time and the "
            "covariates, and without the target."
        )
