"""`dr.forecast_panel`: many series at once, by the same networks or by some of its own for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from deltarule.core.errors import DataError, UsageError, first_few, nearest
from deltarule.core.views import view
from deltarule.series.forecaster import Forecaster, check_future, fit, fit_together
from deltarule.series.forecasting import TITLES, assembled
from deltarule.series.judgement.judged import NETWORK
from deltarule.series.plan import Planned, planned
from deltarule.series.recipe import Recipe
from deltarule.series.result import Forecast
from deltarule.series.series import Series
from deltarule.series.several import several_series

if TYPE_CHECKING:
    import polars

_NAMED = 5
_SCALE_FREE = ("mase", "smape", "coverage")
"""What may be averaged over series of different units."""


@dataclass(frozen=True, eq=False, repr=False)
class Panel:
    """Forecasts of many series, by name."""

    forecasts: dict[str, Forecast]
    skipped: dict[str, str]
    """Series that are too short, with the reason, where they were to be skipped."""
    together: bool

    def __getitem__(self, name: str) -> Forecast:
        if name not in self.forecasts:
            hint = nearest(name, self.forecasts) or "."
            some = first_few(list(self.forecasts), _NAMED)
            raise UsageError(f"there is no series {name!r}{hint} The {len(self)} series: {some}")
        return self.forecasts[name]

    def __len__(self) -> int:
        return len(self.forecasts)

    def __repr__(self) -> str:
        return f"Panel of {len(self)} series; {self.verdict[0]}"

    @cached_property
    def table(self) -> polars.DataFrame:
        """A row per series and step to come: series, time, forecast and its quantiles."""
        return _stacked({name: f.table for name, f in self.forecasts.items()})

    @cached_property
    def backtest(self) -> polars.DataFrame:
        """A row per series, method and period, with every measure."""
        return _stacked({name: f.backtest for name, f in self.forecasts.items()})

    @cached_property
    def summary(self) -> dict[str, dict[str, float | None]]:
        """By method, means over the series of what has no unit: mase, smape, coverage."""
        methods = next(iter(self.forecasts.values())).measures
        return {m: {name: self._mean(m, name) for name in _SCALE_FREE} for m in methods}

    def _mean(self, method: str, measure: str) -> float | None:
        found = self.values(method, measure)
        return float(np.mean(found)) if found else None

    def values(self, method: str, measure: str) -> list[float]:
        """Return a measure of a method on the test part of every series in which it is defined."""
        cells = (
            f.measures[method][f.periods[-1].name].get(measure) for f in self.forecasts.values()
        )
        return [v for v in cells if v is not None]

    @property
    def verdict(self) -> list[str]:
        """Whether the network beats the baselines in mean MASE, in words."""
        means = {m: v["mase"] for m, v in self.summary.items()}
        known = {m: v for m, v in means.items() if v is not None}
        if NETWORK not in known:
            return ["nothing could be measured"]
        own = known.pop(NETWORK)
        titles = {**TITLES, "ar": "the linear autoregression"}
        better = sorted((v, m) for m, v in known.items() if v <= own)
        said = f"mean MASE of {len(self)} series: the network ({own:.4g})"
        if better:
            return [f"{said} loses to " + ", ".join(f"{titles[m]} {v:.4g}" for v, m in better)]
        closest = min(known, key=lambda m: known[m])
        return [f"{said} beats every baseline (next is {titles[closest]}, {known[closest]:.4g})"]

    def plot(self, path: str | Path, *, force: bool = False) -> None:
        """Draw how the MASE of every method is spread over the series."""
        view(Panel.plot)(self, Path(path), force=force)

    def save(self, folder: str | Path, *, force: bool = False) -> list[str]:
        """Write the folder of the forecasts; return notes on what could not be drawn."""
        return view(Panel.save)(self, folder, force=force)


def forecast_panel(
    data: Any,
    series: str | None = None,
    target: str | None = None,
    time: str | None = None,
    lags: int | Sequence[int] | str | None = None,
    horizon: int = 1,
    network: str | None = None,
    *,
    together: bool = True,
    skip_short: bool = False,
    test_from: str | None = None,
    known: Sequence[str] = (),
    past: Sequence[str] = (),
    static: Sequence[str] = (),
    missing: str = "error",
    resample: str | None = None,
    form: Mapping[str, Any] | None = None,
    progress: bool = False,
    **options: Any,
) -> Panel:
    """Forecast many series, which the column `series` tells apart.

    `together` trains the same networks on the windows of all series, each scaled by its own
    training part; else every series has networks of its own. The test part is the last `horizon`
    values of each series, as in forecasting competitions, or begins at `test_from`. A series that
    is too short is an error that names it, or left out with `skip_short`. `static` are columns with
    one value for each series, which are inputs, too. All else is as in `deltarule.forecast`.

    >>> rows = {"name": ["a"] * 30 + ["b"] * 25, "t": [*range(30), *range(25)],
    ...         "y": [float(i % 5) for i in range(55)]}
    >>> panel = forecast_panel(rows, "name", "y", "t", lags=5, networks=2, epochs=100)
    >>> len(panel), panel["b"].times
    (2, ['25'])
    """
    if static and not together:
        raise UsageError("what is static in every series tells networks of its own nothing")
    recipe = Recipe(lags=lags, horizon=horizon, network=network, **options)
    if recipe.lags == "auto":
        raise UsageError("lags are found for one series; give those of a panel")
    several = several_series(
        data, series, target, time, known=known, past=past, static=static, missing=missing,
        resample=resample, **(form or {}),
    )  # fmt: skip
    plans, skipped = _plans(several, recipe, test_from, skip_short)
    if not plans:
        raise DataError(f"no series is long enough: {next(iter(skipped.values()))}")
    fits = _fit_together if together else _fit_each
    fit_to = fits({name: several[name] for name in plans}, plans, progress)
    found = {name: assembled(several[name], plan, fit_to(name)) for name, plan in plans.items()}
    return Panel(found, skipped, together)


def _plans(
    several: Mapping[str, Series], recipe: Recipe, test_from: str | None, skip: bool
) -> tuple[dict[str, Planned], dict[str, str]]:
    """Return the plan of every series that is long enough, and why others are not."""
    plans, short = {}, {}
    for name, series in several.items():
        check_future(series, recipe.horizon)
        n = len(series)
        try:
            start = test_from or series.calendar.label(max(n - recipe.horizon, 1))
            plans[name] = planned(series, recipe, start)
        except DataError as error:
            short[name] = str(error)
    if short and not skip:
        names, first = first_few(list(short), _NAMED), next(iter(short.values()))
        raise DataError(
            f"{len(short)} of {len(several)} series cannot be used ({names}): {first} "
            "`--skip-short` leaves such series out."
        )
    return plans, short


def _ends(series: Series, plan: Planned) -> dict[Any, int]:
    """Return where each fit of a series ends, by what the fit is for."""
    segments = plan.segments
    ends: dict[Any, int] = {}
    if segments.calibrate is not None:
        ends["calibration"] = segments.calibrate - segments.gap
    ends |= {block: start - segments.gap for block, start in enumerate(segments.starts)}
    return {**ends, "future": len(series)}


FitTo = Callable[[str], Callable[[int], Forecaster]]


def _fit_together(
    several: Mapping[str, Series], plans: Mapping[str, Planned], progress: bool
) -> FitTo:
    """Fit once for the calibration parts of all series, once for each block, once for the end."""
    ends = {name: _ends(series, plans[name]) for name, series in several.items()}
    recipe = next(iter(plans.values())).recipe
    found: dict[tuple[str, int], Forecaster] = {}
    for step in dict.fromkeys(step for own in ends.values() for step in own):
        names = [name for name, own in ends.items() if step in own]
        chosen = [several[name] for name in names]
        until = [ends[name][step] for name in names]
        fitted = fit_together(chosen, recipe, recipe.lags, until, progress)
        found |= {(name, f.end): f for name, f in zip(names, fitted, strict=True)}
    return lambda name: lambda end: found[name, end]


def _fit_each(several: Mapping[str, Series], plans: Mapping[str, Planned], progress: bool) -> FitTo:
    """Fit networks of their own to every series."""

    def fit_to(name: str) -> Callable[[int], Forecaster]:
        recipe = plans[name].recipe
        return lambda end: fit(several[name], recipe, recipe.lags, end, progress)

    return fit_to


def _stacked(tables: Mapping[str, polars.DataFrame]) -> polars.DataFrame:
    import polars

    named = [
        table.select(polars.lit(name).alias("series"), polars.all())
        for name, table in tables.items()
    ]
    return polars.concat(named, how="diagonal_relaxed")
