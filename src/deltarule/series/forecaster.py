"""A fitted forecaster: networks with the transforms of the series around them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deltarule.core.errors import DataError, NumericError, UsageError
from deltarule.data.preparation.scale import Scaler
from deltarule.layers import Dense
from deltarule.network import Network
from deltarule.series.recipe import Recipe, sizes_of
from deltarule.series.recursion import Networks, Noise
from deltarule.series.series import Series
from deltarule.series.transforms import Transform
from deltarule.series.windows import check_length
from deltarule.training import Patience, train_many

__all__ = ["FEWEST", "Forecaster", "check_future", "fit", "fit_together", "network_of"]

FEWEST = 3
"""Windows that training needs at least."""
_WATCHED = 10
"""One window in so many is watched where training stops by patience."""

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

    def scaled(self, series: Series) -> tuple[list[Array], Array, tuple[Array, Array]]:
        """Return the stages of y, z, and the scaled covariates (past, known)."""
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

    def first_origin(self) -> int:
        """Return the first time that has all its lags."""
        return self.transform.lost + max(self.networks.lags)


def network_of(recipe: Recipe, lags: tuple[int, ...], past: int, known: int) -> Network:
    """Return the network: as the recipe says, else inputs, half as many hidden nodes, one output.

    Raises `UsageError` where its inputs are not those that there are.
    """
    sizes = sizes_of(recipe.network) if recipe.network is not None else None
    K = sizes[-1] if sizes else 1
    inputs = len(lags) * (1 + past) + known * K
    if sizes is None:
        sizes = (inputs, max(1, round((inputs + 1) / 2)), 1)
    if sizes[0] != inputs:
        more = f" and {len(lags) * past + known * K} of covariates" if past or known else ""
        right = "-".join(map(str, (inputs, *sizes[1:])))
        raise UsageError(
            f"the network {recipe.network} has {sizes[0]} inputs, and there are {len(lags)} "
            f"lags{more}: write {right}, or change the lags"
        )
    if past and recipe.horizon > K:
        raise UsageError(
            f"a covariate known in the past alone is not there for {recipe.horizon} steps: give "
            f"the network {recipe.horizon} outputs ({recipe.network or 'network'} has {K}), or "
            "forecast it first and give it as one known in the future"
        )
    hidden = [Dense(n, recipe.activation) for n in sizes[1:-1]]
    return Network(inputs, [*hidden, Dense(K)])


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
    network = network_of(recipe, lags, len(several[0].past), len(several[0].known))
    kept = [len(p.X) - (len(p.X) // _WATCHED if recipe.patience else 0) for p in prepared]
    learnt = _joined([(p.X[:k], p.T[:k]) for p, k in zip(prepared, kept, strict=True)])
    watched = _joined([(p.X[k:], p.T[k:]) for p, k in zip(prepared, kept, strict=True)])
    watch = recipe.patience > 0 and len(watched[0]) > 0
    m = recipe.networks
    many = train_many(
        network,
        *learnt,
        seeds=range(recipe.seed * m, (recipe.seed + 1) * m),
        loss=recipe.loss,
        rule=recipe.rule,
        optimizer=recipe.optimizer,
        epochs=recipe.epochs,
        batch_size=recipe.batch_size,
        l2=recipe.l2,
        sample_weight=_recent(kept, recipe.half_life),
        validation=watched if watch else None,
        stop=Patience(recipe.patience) if watch else (),
        dtype=recipe.dtype,
        engine=recipe.engine,
        threads=recipe.threads,
        progress=progress,
    )
    failed = [message for message in many.messages if message]
    if failed:
        raise NumericError(failed[0])
    if np.any(many.stopped == "interrupted"):
        raise KeyboardInterrupt
    history = {name: np.nanmean(values, axis=1) for name, values in many.history.items()}
    fitted = Networks(network, many.theta, lags, len(several[0].past), len(several[0].known))
    return [
        Forecaster(recipe, fitted, p.transform, p.scales, end, history)
        for p, end in zip(prepared, ends, strict=True)
    ]


def _joined(parts: Sequence[tuple[Array, Array]]) -> tuple[Array, Array]:
    """Return the windows of all series, those of one series without a copy."""
    if len(parts) == 1:
        return parts[0]
    X, T = zip(*parts, strict=True)
    return np.concatenate(X), np.concatenate(T)


def _recent(counts: Sequence[int], half_life: float | None) -> Array | None:
    """Return a weight per window, 2^(-age / half_life): the last window of each series has age 0.

    >>> _recent([3, 1], 1.0)
    array([0.25, 0.5 , 1.  , 1.  ])
    """
    if half_life is None:
        return None
    ages = [np.arange(n - 1.0, -1.0, -1.0) for n in counts]
    return np.asarray(np.exp2(-np.concatenate(ages) / half_life))


@dataclass(frozen=True, eq=False)
class _Prepared:
    """A series' windows before a time, with what scaled them."""

    X: Array
    T: Array
    transform: Transform
    scales: dict[str, tuple[float, float]]


def _prepared(series: Series, recipe: Recipe, lags: tuple[int, ...], end: int) -> _Prepared:
    y = series.values[:end]
    network = network_of(recipe, lags, len(series.past), len(series.known))
    lost = sum(recipe.difference)
    why = f"{FEWEST} windows to train on, each with {network.sizes[-1]} more"
    check_length(series.source, end, lags, lost, FEWEST + network.sizes[-1] - 1, why)
    transform = recipe.transform_of(y, series.calendar.season)
    z = transform.scaled(transform.stages(y))
    scales = {}
    for name, values in {**series.past, **series.known}.items():
        scaler = Scaler.fit("standard", [values[:end]])
        scales[name] = float(scaler.offset[0]), float(scaler.scale[0])
    blank = np.zeros((1, network.size))
    networks = Networks(network, blank, lags, len(series.past), len(series.known))
    X, T = networks.samples(z, lost, end, _scaled(series, scales))
    return _Prepared(X, T, transform, scales)


def _scaled(series: Series, scales: Mapping[str, tuple[float, float]]) -> tuple[Array, Array]:
    def block(columns: Mapping[str, Array]) -> Array:
        rows = [(v - scales[name][0]) / scales[name][1] for name, v in columns.items()]
        return np.stack(rows) if rows else np.empty((0, 0))

    return block(series.past), block(series.known)


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
