"""`dr.forecast`: a series in, its future with intervals and the judgement of its past out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.errors import UsageError
from deltarule.data.bundled_series import SERIES
from deltarule.series.fitted import future, outside, times_after
from deltarule.series.forecaster import Forecaster, check_future, fit
from deltarule.series.judgement.baselines import BASELINES, Forecasts, ar, ar_name, usable
from deltarule.series.judgement.conformal import quantiles
from deltarule.series.judgement.judged import NETWORK, judge
from deltarule.series.judgement.walk import Fit, Predict, Quantiles, walk
from deltarule.series.paths import spread
from deltarule.series.plan import Planned, planned
from deltarule.series.recipe import Recipe, sizes_of
from deltarule.series.result import Forecast
from deltarule.series.series import Series, as_series
from deltarule.series.transforms import Plain, Pointwise

Array = NDArray[np.float64]

TITLES = {
    NETWORK: "the network",
    "persistence": "persistence",
    "seasonal_naive": "the seasonal naive forecast",
    "drift": "drift",
    "ses": "exponential smoothing",
    "theta": "theta",
}


def forecast(
    data: Any,
    target: str | None = None,
    time: str | None = None,
    lags: int | Sequence[int] | str | None = None,
    horizon: int = 1,
    network: str | None = None,
    *,
    test_from: str | None = None,
    known: Sequence[str] = (),
    past: Sequence[str] = (),
    missing: str = "error",
    resample: str | None = None,
    form: Mapping[str, Any] | None = None,
    progress: bool = False,
    **options: Any,
) -> Forecast:
    """Forecast a series, and judge the network on its past beside what needs no network.

    The values are transformed, scaled by the training part, cut into windows of lags, and learnt
    by several networks from different first weights, whose outputs are averaged. They are judged
    on the test part (from `test_from` on) by what they would have said at each of its times;
    then networks are fitted to the whole series, and forecast what is to come.

    Args:
        data: a bundled series ("sunspots", "lynx", ...), a file, a DataFrame, a dictionary of
            columns, or values alone.
        target, time: the columns of the values and of their times. Bundled series know theirs.
        lags: which values before are inputs: 12 for 1, ..., 12; (1, 2, 12); "auto" finds them
            (see `deltarule.series.automatic`). Else those of the network, or 12.
        horizon: steps to come.
        network: sizes such as "12-8-1"; else half as many hidden nodes as inputs and one, and one
            output. With K outputs it says K steps at a time; one output is fed back for more.
        test_from: the first time of the test part; else the last fifth of the values.
        known, past: covariates: known in the future too (rows without a target at the end give
            them), or up to the last value alone.
        missing: "error", "previous", "interpolate" or "zero", for values that are not there.
        resample: makes rows at any times regular: "month", "week:sum", "day:last", ...
        form: how a text file is written, as `read_table` takes it (`{"separator": ";"}`).
        progress: show a progress bar on stderr for each training.
        options: every other field of `deltarule.series.Recipe`: how the values are transformed
            (`transform`, `detrend`, `deseason`, `difference`, `season`), how the networks are made
            and trained (`strategy`, `networks`, 20 of them, `activation`, `optimizer`, `epochs`,
            `batch_size`, `patience`, `l2`, `penalty`, `stride`, `window`, `half_life`, `loss`,
            `rule`, `seed`, `dtype`, `engine`, `threads`), and how they are judged (`quantiles`,
            `intervals`, `paths`, `calibration`, `gap`, `backtest`).

            `layer="lstm:8"` puts a layer in the place of the hidden ones, to which the lags are
            time steps.

    Returns:
        A `Forecast`: `.table`, `.intervals`, `.backtest`, `.verdict`, `.arv`, `.plot(path)`,
        `.save(folder)`.

    Raises `DataError` naming the cells or the numbers needed, and `UsageError` for options.

    >>> found = forecast("lynx", lags=2, networks=2, epochs=100, transform="log")
    >>> found.table.columns, found.times
    (['time', 'forecast', 'q0.1', 'q0.5', 'q0.9'], ['1935'])
    """
    series = as_series(
        data, target, time, known=known, past=past, missing=missing, resample=resample,
        **(form or {}),
    )  # fmt: skip
    about = SERIES.get(series.source)
    layer = options.get("layer")
    if layer is not None and network is not None:
        raise UsageError(
            f"the network {network} and the layer {layer} are two: give the lags and the layer"
        )
    if lags is None and network is None and about is not None:
        network = about.network
        if layer is not None and network is not None:
            lags, network = sizes_of(network)[0], None
    recipe = Recipe(lags=lags, horizon=horizon, network=network, **options)
    return forecast_series(series, recipe, test_from, progress)


def forecast_series(
    series: Series, recipe: Recipe, test_from: str | None = None, progress: bool = False
) -> Forecast:
    """Forecast a series; see `forecast`."""
    check_future(series, recipe.horizon)
    plan = planned(series, recipe, test_from)
    lags = plan.recipe.lags
    return assembled(series, plan, lambda end: fit(series, plan.recipe, lags, end, progress))


def assembled(series: Series, plan: Planned, fit_to: Callable[[int], Forecaster]) -> Forecast:
    """Walk every method through the past, then forecast what is to come.

    `fit_to(end)` gives networks that know the values before `end`.
    """
    recipe, segments, notes = plan.recipe, plan.segments, list(plan.notes)
    H, y, season = recipe.horizon, series.values, plan.season
    walks = {
        name: walk(y, method, segments, H, g)
        for name, (method, g) in _methods(series, plan, fit_to).items()
    }
    final = fit_to(len(y))
    errors = walks[NETWORK].errors
    mean, ends = future(series, final, errors)
    notes += outside(times_after(series, H), mean, ends, bool(final.bands))
    titles = {**TITLES, "ar": ar_name(usable(segments.cut - segments.gap, recipe.lags))}
    return Forecast(
        series=series,
        recipe=recipe,
        forecaster=final,
        mean=mean,
        quantiles=ends,
        errors=errors,
        walks=walks,
        segments=segments,
        periods=plan.periods,
        measures=judge(y, walks, plan.periods, recipe.quantiles, segments.cut, season),
        titles=titles,
        notes=tuple(notes),
    )


def _methods(
    series: Series, plan: Planned, fit_to: Callable[[int], Forecaster]
) -> dict[str, tuple[Fit, Pointwise]]:
    """Return how each method is fitted, and the g in which its errors are measured.

    That of the baselines is the plain value: nothing keeps theirs where a logarithm is defined.
    """
    y, plain, recipe = series.values, Plain(), plan.recipe

    def networks(end: int) -> tuple[Predict, Quantiles]:
        fitted = fit_to(end)
        return partial(fitted.forecasts, series), partial(spread, fitted, series)

    def baseline(make: Callable[[Array, Any], Forecasts], by: Any) -> Fit:
        def fitted(end: int) -> tuple[Predict, Quantiles]:
            method = make(y[:end], by)
            return partial(method, y), lambda _, f, e: quantiles(f, e, recipe.quantiles, plain)

        return fitted

    found: dict[str, tuple[Fit, Pointwise]] = {NETWORK: (networks, recipe.transform)}
    found["ar"] = baseline(ar, recipe.lags), plain
    for name, make in BASELINES.items():
        if name != "seasonal_naive" or plan.season > 1:
            found[name] = baseline(make, plan.season), plain
    return found
