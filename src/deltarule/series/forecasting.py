"""`dr.forecast`: a series in, its future with intervals and the judgement of its past out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from deltarule.data.bundled_series import SERIES
from deltarule.series.baselines import BASELINES, Forecasts, ar, ar_name
from deltarule.series.fitted import Fitted, future
from deltarule.series.forecaster import Forecaster, check_future, fit
from deltarule.series.judged import NETWORK, Measures, Period, judge, verdict
from deltarule.series.paths import path_quantiles
from deltarule.series.plan import planned
from deltarule.series.recipe import Recipe
from deltarule.series.series import Series, as_series
from deltarule.series.transforms import Plain, Pointwise
from deltarule.series.walk import Fit, Origins, Predict, Quantiles, Segments, Walk, walk

if TYPE_CHECKING:
    import polars

__all__ = ["Forecast", "forecast", "forecast_series"]

Array = NDArray[np.float64]

TITLES = {
    NETWORK: "the network",
    "persistence": "persistence",
    "seasonal_naive": "the seasonal naive forecast",
    "drift": "drift",
    "ses": "exponential smoothing",
    "theta": "theta",
}


@dataclass(frozen=True, eq=False, repr=False)
class Forecast:
    """A forecast with everything that is known of how far it can be trusted."""

    series: Series
    recipe: Recipe
    """The options, with the lags that were found."""
    forecaster: Forecaster
    """Fitted to the whole series."""
    mean: Array
    """(H,): the steps to come."""
    quantiles: Array | None
    """(H, levels); None where there were too few errors to make them of."""
    errors: Array
    """(k, H): errors of g on values that no network had seen, which made the quantiles."""
    walks: dict[str, Walk]
    """By method: what it said from every time of the test part."""
    segments: Segments
    periods: tuple[Period, ...]
    measures: Measures
    """By method, period ("train" and those of the test) and measure."""
    titles: dict[str, str]
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        cal, n = self.series.calendar, len(self.series)
        steps = f"{cal.label(n)} to {cal.label(n + len(self.mean) - 1)}"
        return f"Forecast of {self.series.name}, {steps}; " + "; ".join(self.verdict)

    @property
    def times(self) -> list[str]:
        """The times that are forecast."""
        n = len(self.series)
        return [self.series.calendar.label(n + h) for h in range(len(self.mean))]

    @cached_property
    def table(self) -> polars.DataFrame:
        """A row per step to come: time, forecast and the quantiles (q0.1, ...)."""
        import polars

        columns: dict[str, Any] = {"time": self.times, "forecast": self.mean}
        if self.quantiles is not None:
            levels = enumerate(self.recipe.quantiles)
            columns |= {f"q{tau:g}": self.quantiles[:, i] for i, tau in levels}
        return polars.DataFrame(columns)

    @cached_property
    def intervals(self) -> polars.DataFrame:
        """A row per step and pair of quantiles: time, share of values meant to be inside, ends."""
        import polars

        rows = []
        if self.quantiles is not None:
            levels = self.recipe.quantiles
            for i in range(len(levels) // 2):
                share = levels[-1 - i] - levels[i]
                rows += [
                    {"time": t, "share": round(share, 12), "low": q[i], "high": q[-1 - i]}
                    for t, q in zip(self.times, self.quantiles.tolist(), strict=True)
                ]
        kinds = {"time": polars.String, "share": polars.Float64}
        return polars.DataFrame(
            rows, schema={**kinds, "low": polars.Float64, "high": polars.Float64}
        )

    @cached_property
    def backtest(self) -> polars.DataFrame:
        """A row per method and period: every measure; the network first."""
        import polars

        rows = [
            {"method": method, "period": period, **values}
            for method, parts in self.measures.items()
            for period, values in parts.items()
        ]
        return polars.DataFrame(rows, infer_schema_length=None)

    @property
    def verdict(self) -> list[str]:
        """For every period of the test, in words, whether the network beats the baselines."""
        periods = [p.name for p in self.periods]
        return verdict(self.measures, self.titles, periods, self.recipe.quantiles)

    @property
    def arv(self) -> dict[str, dict[str, float | None]]:
        """The average relative variance, by method and period."""
        return {
            method: {period: values.get("arv") for period, values in parts.items()}
            for method, parts in self.measures.items()
        }

    @property
    def fitted(self) -> Fitted:
        """The forecaster with its series, to go on with and to ask why."""
        return Fitted(self.series, self.forecaster, self.errors)

    def plot(self, path: str | Path, *, force: bool = False) -> None:
        """Draw history, forecasts on the test part, and the future with its intervals."""
        from deltarule.series.plot import draw_forecast

        draw_forecast(self, Path(path), force=force)

    def save(self, folder: str | Path, *, force: bool = False) -> list[str]:
        """Write the folder of the forecast; return notes on what could not be drawn."""
        from deltarule.series.folder import save

        return save(self, folder, force=force)


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
    form: Mapping[str, Any] | None = None,
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
        missing: "error", "previous" or "interpolate", for values that are not there.
        form: how a text file is written, as `read_table` takes it (`{"separator": ";"}`).
        activation, networks, optimizer, epochs, batch_size, l2, loss, rule, seed, dtype, engine,
            threads: as in `deltarule.train`; `networks` is how many are averaged (20).
        transform: "none", "log" or "box_cox:0.5". `difference`: lags to subtract, 1 or (1, 12).
        season: steps in a season; else that of the calendar.
        quantiles: which ones are forecast, (.1, .5, .9). intervals: "conformal", or "paths" for
            simulated futures (`paths` of them). calibration: the share of the windows before the
            test part whose errors make the first quantiles.
        backtest: in how many blocks the test part is gone through; the networks are fitted anew
            before each. 1 fits them once.

    Returns:
        A `Forecast`: `.table`, `.intervals`, `.backtest`, `.verdict`, `.arv`, `.plot(path)`,
        `.save(folder)`.

    Raises `DataError` naming the cells or the numbers needed, and `UsageError` for options.

    >>> found = forecast("lynx", lags=2, networks=2, epochs=100, transform="log")
    >>> found.table.columns, found.times
    (['time', 'forecast', 'q0.1', 'q0.5', 'q0.9'], ['1935'])
    """
    series = as_series(data, target, time, known=known, past=past, missing=missing, **(form or {}))
    about = SERIES.get(series.source)
    if lags is None and network is None and about is not None:
        network = about.network
    recipe = Recipe(lags=lags, horizon=horizon, network=network, **options)
    return forecast_series(series, recipe, test_from)


def forecast_series(series: Series, recipe: Recipe, test_from: str | None = None) -> Forecast:
    """Forecast a series; see `forecast`."""
    check_future(series, recipe.horizon)
    plan = planned(series, recipe, test_from)
    recipe, segments, notes = plan.recipe, plan.segments, list(plan.notes)
    H, y, season = recipe.horizon, series.values, plan.season
    walks = {
        name: walk(y, method, segments, H, recipe.quantiles, g)
        for name, (method, g) in _methods(series, recipe, season).items()
    }
    final = fit(series, recipe, recipe.lags, len(y))
    errors = walks[NETWORK].errors
    mean, spread = future(series, final, errors)
    titles = {**TITLES, "ar": ar_name(recipe.lags)}
    return Forecast(
        series=series,
        recipe=recipe,
        forecaster=final,
        mean=mean,
        quantiles=spread,
        errors=errors,
        walks=walks,
        segments=segments,
        periods=plan.periods,
        measures=judge(y, walks, plan.periods, recipe.quantiles, segments.cut, season),
        titles=titles,
        notes=tuple(notes),
    )


def _in_season(make: Callable[[Array, int], Forecasts], season: int, before: Array) -> Forecasts:
    return make(before, season)


def _methods(series: Series, recipe: Recipe, season: int) -> dict[str, tuple[Fit, Pointwise]]:
    """Return how each method is fitted, and the g in which its errors are measured.

    That of the baselines is the plain value: nothing keeps theirs where a logarithm is defined.
    """

    def networks(end: int) -> tuple[Predict, Quantiles | None]:
        fitted = fit(series, recipe, recipe.lags, end)

        def predict(origins: Origins, H: int) -> Array:
            return fitted.forecasts(series, origins, H)

        def paths(origins: Origins, f: Array, errors: Array) -> Array:
            return path_quantiles(fitted, series, origins, errors, recipe.quantiles)

        return predict, paths if recipe.intervals == "paths" else None

    y, plain = series.values, Plain()

    def baseline(make: Callable[[Array], Forecasts]) -> Fit:
        def fitted(end: int) -> tuple[Predict, Quantiles | None]:
            method = make(y[:end])
            return lambda origins, H: method(y, origins, H), None

        return fitted

    found: dict[str, tuple[Fit, Pointwise]] = {NETWORK: (networks, recipe.transform)}
    found["ar"] = baseline(lambda before: ar(before, recipe.lags)), plain
    for name, make in BASELINES.items():
        if name != "seasonal_naive" or season > 1:
            found[name] = baseline(partial(_in_season, make, season)), plain
    return found
