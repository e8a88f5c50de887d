"""What the estimators have in common: parameters by name, and networks fitted to plain arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deltarule.core.arguments import array
from deltarule.core.errors import DataError, UsageError
from deltarule.series.automatic import automatic_lags
from deltarule.series.forecaster import Forecaster, fit
from deltarule.series.paths import errors_at, path_quantiles, residuals
from deltarule.series.recipe import Recipe
from deltarule.series.series import Series, as_series

Array = NDArray[np.float64]

_FEWEST = 9
"""Errors that futures are simulated with, at least."""


class Options:
    """The parameters of `deltarule.series.Recipe` that make networks; the names are the same.

    `random_state` is its seed. `horizon` matters to the strategy "direct" alone: any number of
    steps can be forecast.
    """

    def __init__(
        self,
        lags: int | Sequence[int] | str | None = None,
        horizon: int = 1,
        network: str | None = None,
        strategy: str = "recursive",
        activation: str = "tanh",
        networks: int = 20,
        optimizer: Any = "adam:0.01",
        epochs: int = 1000,
        batch_size: int | None = None,
        patience: int = 0,
        l2: float = 0.003,
        penalty: Any = None,
        half_life: float | None = None,
        loss: Any = "half_squared_error",
        rule: Any = "exact",
        transform: Any = "none",
        detrend: bool = False,
        deseason: str = "none",
        difference: int | Sequence[int] = (),
        season: int | None = None,
        random_state: int = 0,
        engine: str = "auto",
        threads: int | None = None,
    ) -> None:
        given = dict(locals())
        for name in given.keys() - {"self", "__class__"}:
            setattr(self, name, given[name])
        super().__init__()


def fitted(options: Any, y: ArrayLike, X: ArrayLike | None) -> tuple[Series, Forecaster]:
    """Return the series of y (n,) and covariates X (n, k), and networks that have learnt it.

    Raises what `dr.forecast` raises.
    """
    values = array("y", y, np.float64)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    covariates = _covariates(X, len(values))
    plain = as_series(values)
    series = replace(plain, known={f"X{i}": c for i, c in enumerate(covariates.T)})
    own = {**options, "seed": options["random_state"]}
    recipe = Recipe(**{name: v for name, v in own.items() if name != "random_state"})
    lags = recipe.lags
    if lags == "auto":
        lags = automatic_lags(recipe.transform.forward(series.values), recipe.season or 1)
    return series, fit(series, recipe.with_(lags=lags), lags, len(series))


def continued(series: Series, model: Forecaster, steps: int, X: ArrayLike | None) -> Array:
    """Return forecasts (steps,) after the series' end, given the covariates of these steps."""
    longer = _longer(series, steps, X)
    return np.asarray(model.forecasts(longer, np.array([len(series)]), steps)[0])


def quantiles_ahead(
    series: Series, model: Forecaster, steps: int, X: ArrayLike | None, levels: Sequence[float]
) -> Array:
    """Return quantiles (steps, levels) after the series' end: the "paths" of `dr.forecast`.

    Their errors are those of other networks on the last quarter, fitted to what is before it; where
    that is too short for them, the residuals of training.
    """
    longer, origin = _longer(series, steps, X), np.array([len(series)])
    errors = _errors(series, model)
    return np.asarray(path_quantiles(model, longer, origin, errors, levels, steps)[0])


def _errors(series: Series, model: Forecaster) -> Array:
    recipe, K, n = model.recipe, model.networks.outputs, len(series)
    wanted = max(round(recipe.calibration * (n - model.first_origin())), _FEWEST + K - 1)
    try:
        before = fit(series, recipe, model.networks.lags, n - wanted)
    except DataError:
        return residuals(model, series)
    return errors_at(before, series, np.arange(n - wanted, n - K + 1))


def _longer(series: Series, steps: int, X: ArrayLike | None) -> Series:
    """Return the series with the covariates of the steps to come."""
    if steps < 1:
        raise UsageError(f"the steps to forecast are 1 or more, not {steps}")
    future = _covariates(X, steps)
    if future.shape[1] != len(series.known):
        raise DataError(
            f"X has {future.shape[1]} columns for the steps to come, and {len(series.known)} were "
            "given to fit"
        )
    known = {
        name: np.concatenate([values, column])
        for (name, values), column in zip(series.known.items(), future.T, strict=True)
    }
    return replace(series, known=known)


def _covariates(X: ArrayLike | None, rows: int) -> Array:
    """Return X as (rows, k); none are no columns."""
    if X is None:
        return np.empty((rows, 0))
    found = array("X", X, np.float64)
    found = found[:, None] if found.ndim == 1 else found
    if found.ndim != 2 or len(found) < rows:
        raise DataError(f"X has the shape {found.shape}; {rows} rows of covariates are needed")
    if not np.isfinite(found).all():
        raise DataError("X: there are values that are missing or not finite. Fill them before.")
    return np.asarray(found[:rows])
