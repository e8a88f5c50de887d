"""Running a study of forecasts: the seeds of a cell are trained side by side, each judged alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from deltarule.core.errors import unknown_name
from deltarule.series.forecaster import Forecaster, fit, fit_together
from deltarule.series.judgement.baselines import BASELINES, Forecasts, ar, ar_name, usable
from deltarule.series.judgement.measures import mase_scale, point_measures
from deltarule.series.plan import planned
from deltarule.series.recipe import Recipe
from deltarule.series.series import Series, as_series
from deltarule.series.several import is_panel, several_series
from deltarule.series.studies.measures import MEASURES
from deltarule.series.studies.outcome import Outcome, Values
from deltarule.series.transforms import Plain, Pointwise

if TYPE_CHECKING:
    from deltarule.series.studies.design import ForecastStudy

Array = NDArray[np.float64]


@dataclass(frozen=True)
class _Trial:
    """One series under one recipe: the values before `end` are learnt, the periods are judged."""

    series: Series
    recipe: Recipe
    g: Pointwise
    """In which the measure is: the transform of the recipe, or none."""
    end: int
    periods: Mapping[str, tuple[int, int]]
    season: int

    @property
    def values(self) -> Array:
        """The values in which the measure is."""
        return self.g.forward(self.series.values)

    def judged(self, measure: str, forecasts: Forecasts) -> list[float]:
        """Return the measure of forecasts on each period, of all origins with all their steps."""
        y, H = self.values, self.recipe.horizon
        scale = mase_scale(y[: self.end], self.season)
        variance = float(np.var(y[: max(stop for _, stop in self.periods.values())]))
        found = []
        for first, stop in self.periods.values():
            origins = np.arange(first, stop - H + 1)
            true, said = y[origins[:, None] + np.arange(H)], forecasts(y, origins, H)
            found.append(MEASURES[measure](point_measures(true, said, scale, variance)))
        return found


def measured(study: ForecastStudy, progress: bool = False) -> Outcome:
    """Run a study. Raises `DataError` and `NumericError` as `dr.forecast` does."""
    cells: dict[str, Values] = {}
    baselines: dict[str, Values] = {}
    periods: tuple[str, ...] = ()
    for label, recipe in study.cells.items():
        several = _trials(study, recipe.with_(networks=study.seeds * study.average, seed=0))
        models = _fitted(study, several, progress)
        cells[label] = np.array(
            [
                [trial.judged(study.measure, one) for one in _alone(trial, model, study.average)]
                for trial, model in zip(several, models, strict=True)
            ]
        )
        if not baselines:
            periods = tuple(several[0].periods)
            _check_published(study, periods)
            each = [_without_network(trial, len(several) == 1) for trial in several]
            for name in each[0]:
                values = [
                    t.judged(study.measure, e[name]) for t, e in zip(several, each, strict=True)
                ]
                baselines[name] = np.array(values)[:, None]
    return Outcome(
        title=study.title,
        question=study.question,
        measure=study.measure,
        size=study.size(),
        periods=periods,
        cells=cells,
        baselines=baselines,
        published=study.published,
        notes=study.notes,
    )


def _check_published(study: ForecastStudy, periods: tuple[str, ...]) -> None:
    for entry in study.published:
        for name in entry:
            if name not in ("who", *periods):
                raise unknown_name(f"period in what {entry['who']} has published", name, periods)


def _trials(study: ForecastStudy, recipe: Recipe) -> list[_Trial]:
    asked, data, column = study.reading, study.data["data"], study.data.get("series")
    if column is None and not is_panel(data):
        return [_trial(study, as_series(data, **asked), recipe, study.data.get("test_from"))]
    found = []
    for series in several_series(data, column, **asked).values():
        last = series.calendar.label(len(series) - recipe.horizon)
        found.append(_trial(study, series, recipe, study.data.get("test_from", last), panel=True))
    return found


def _trial(
    study: ForecastStudy, series: Series, recipe: Recipe, test_from: str | None, panel: bool = False
) -> _Trial:
    plan = planned(series, recipe, test_from)
    n, first = len(series), plan.segments.first
    cut = plan.segments.cut - plan.segments.gap
    g = plan.recipe.transform if study.transformed else Plain()
    if study.in_sample:
        return _Trial(series, plan.recipe, g, n, {"fit": (first, n)}, plan.season)
    if panel:  # short ones have no training part that is as long as the horizon
        periods = {"test": (plan.segments.cut, n)}
    else:
        names = [p.name for p in plan.periods] if len(plan.periods) > 1 else ["test"]
        later = {name: (p.first, p.stop) for name, p in zip(names, plan.periods, strict=True)}
        periods = {"train": (first, cut), **later}
    return _Trial(series, plan.recipe, g, cut, periods, plan.season)


def _fitted(study: ForecastStudy, several: list[_Trial], progress: bool) -> list[Forecaster]:
    """Return the networks of all seeds, for every series."""
    recipe = several[0].recipe
    if study.data.get("together", True):
        ends = [trial.end for trial in several]
        return fit_together([t.series for t in several], recipe, recipe.lags, ends, progress)
    return [fit(t.series, t.recipe, t.recipe.lags, t.end, progress) for t in several]


def _alone(trial: _Trial, model: Forecaster, average: int) -> Iterator[Forecasts]:
    """Give the forecasts of each seed's networks."""
    thetas = model.networks.thetas
    for group in thetas.reshape(-1, average, thetas.shape[1]):
        one = replace(model, networks=replace(model.networks, thetas=group))
        yield lambda y, origins, H, one=one: trial.g.forward(  # type: ignore[misc]
            one.forecasts(trial.series, origins, H)
        )


def _without_network(trial: _Trial, alone: bool) -> dict[str, Forecasts]:
    """Return the baselines that know no later value than the network's lags do."""
    y, lags, season = trial.values[: trial.end], trial.recipe.lags, trial.season
    name = ar_name(usable(len(y), lags)) if alone else "AR"
    found = {name: ar(y, lags)}
    if min(lags) == 1:
        for name, make in BASELINES.items():
            if name != "seasonal_naive" or season > 1:
                found[name.replace("_", " ")] = make(y, season)
    return found
