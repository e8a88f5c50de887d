"""A forecaster with the series that it was fitted to, and its errors: what goes on later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.errors import DataError, first_few
from deltarule.core.texts import some
from deltarule.series.forecaster import Forecaster, check_future
from deltarule.series.judgement.measures import point_measures
from deltarule.series.paths import spread
from deltarule.series.series import Series, as_series, as_table, has_columns
from deltarule.series.several import one_of

if TYPE_CHECKING:
    import polars

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class Fitted:
    """Networks, their series, and errors (k, H) on values that no network had seen.

    `dr.load_forecast(folder)` gives one.
    """

    series: Series
    forecaster: Forecaster
    errors: Array
    description: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        series, recipe = self.series, self.forecaster.recipe
        first, last = (series.calendar.label(i) for i in (0, len(series) - 1))
        steps, count = recipe.horizon, recipe.networks
        return (
            f"Fitted to {series.name}, {first} to {last}: {some(count, 'network')} "
            f"{recipe.said}, {some(steps, 'step')} ahead; .table forecasts, "
            ".more(rows) goes on"
        )

    @cached_property
    def table(self) -> polars.DataFrame:
        """A row per step after the last value: time, forecast and the quantiles (q0.1, ...)."""
        return future_table(self.times, *self._future, self.forecaster.recipe.quantiles)

    @property
    def times(self) -> list[str]:
        """The times that are forecast."""
        return times_after(self.series, self.forecaster.recipe.horizon)

    @property
    def notes(self) -> list[str]:
        """What is worth saying of the forecasts."""
        learnt = bool(self.forecaster.bands)
        return outside(self.times, *self._future, learnt)

    @cached_property
    def _future(self) -> tuple[Array, Array | None]:
        return future(self.series, self.forecaster, self.errors)

    def more(self, data: Any, **form: Any) -> Fitted:
        """Return the same networks with the series continued by new rows.

        `data` has the columns of training. Its rows begin at the step after the last value, or
        earlier; where they repeat values, these have to be the same. Of one of several series,
        the rows of the others are passed over.

        Raises `DataError` for a gap, and for values that are not those of training.
        """
        mine = self.series
        if mine.panel is not None and has_columns(data):
            data, form = one_of(as_table(data, **form), *mine.panel), {}
        new = as_series(
            data,
            mine.name,
            "none" if mine.time == "the rows" else mine.time,
            known=list(mine.known),
            past=list(mine.past),
            resample=mine.resample,
            missing=mine.missing,
            **form,
        )
        shift = _shift(mine, new)
        overlap = len(mine) - shift
        same = min(overlap, len(new))
        differ = np.flatnonzero(mine.values[shift : shift + same] != new.values[:same])
        if len(differ):
            i = int(differ[0])
            raise DataError(
                f"{new.source}: {mine.name!r} is {new.values[i]:g} at {new.calendar.label(i)} and "
                f"was {mine.values[shift + i]:g} in training. Give new rows alone, or run "
                "`deltarule forecast` on the changed series."
            )

        def joined(old: Array, added: Array) -> Array:
            return np.concatenate([old[: min(shift, len(old))], added])

        longer = replace(
            mine,
            values=np.concatenate([mine.values, new.values[overlap:]]),
            calendar=mine.calendar.of(max(len(mine), shift + len(new))),
            known={name: joined(v, new.known[name]) for name, v in mine.known.items()},
            past={name: joined(v, new.past[name]) for name, v in mine.past.items()},
            source=new.source,
        )
        return Fitted(longer, self.forecaster, self.errors, self.description)

    def score(self) -> dict[str, float]:
        """Return how well the steps after training were forecast, each one step before it."""
        series, model = self.series, self.forecaster
        origins = np.arange(model.end, len(series))
        if not len(origins):
            return {}
        f = model.forecasts(series, origins, 1)[:, 0]
        return point_measures(series.values[model.end :], f, np.nan, np.nan)


def future(series: Series, forecaster: Forecaster, errors: Array) -> tuple[Array, Array | None]:
    """Return forecasts (H,) of the steps after the last value, and their quantiles (H, levels)."""
    origin, H = np.array([len(series)]), forecaster.recipe.horizon
    check_future(series, H)
    mean = forecaster.forecasts(series, origin, H)
    ends = spread(forecaster, series, origin, mean, errors)
    return mean[0], None if ends is None else ends[0]


def times_after(series: Series, H: int) -> list[str]:
    """Return the H times after the last value."""
    return [series.calendar.label(len(series) + h) for h in range(H)]


def future_table(
    times: Sequence[str], mean: Array, spread: Array | None, levels: Sequence[float]
) -> polars.DataFrame:
    """Return a row per step to come: time, forecast and the quantiles (q0.1, ...)."""
    import polars

    columns: dict[str, Any] = {"time": times, "forecast": mean}
    if spread is not None:
        columns |= {f"q{tau:g}": spread[:, i] for i, tau in enumerate(levels)}
    return polars.DataFrame(columns)


def outside(
    times: Sequence[str], mean: Array, spread: Array | None, learnt: bool = False
) -> list[str]:
    """Return a note on forecasts (H,) that lie outside their own quantiles (H, levels).

    >>> outside(["1", "2"], np.array([0.5, 3.0]), np.array([[0.0, 1.0], [1.0, 2.0]]))[0][:63]
    'the forecast of 2 is above its highest quantile: the errors tha'
    """
    if spread is None or spread.shape[1] < 2:
        return []
    found = []
    for where, end, sense, bad in (
        ("below its lowest", "low", "above", mean < spread[:, 0]),
        ("above its highest", "high", "below", mean > spread[:, -1]),
    ):
        why = (
            "other networks have learnt the quantiles, and they do not agree here"
            if learnt
            else "the errors that made the quantiles were nearly all to one side, for the networks "
            f"had forecast too {end} and most values came {sense}"
        )
        named = first_few([time for time, out in zip(times, bad, strict=True) if out], 3)
        if named:
            found.append(f"the forecast of {named} is {where} quantile: {why}")
    return found


def _shift(mine: Series, new: Series) -> int:
    """Return how many steps after the first value of the series the new rows begin."""
    if mine.time == "the rows":
        return len(mine)
    a, b = mine.calendar, new.calendar
    steps = (b.first - a.first) / a.step
    regular = len(new) < 2 or b.step == a.step
    if (a.unit != b.unit and len(new) > 1) or not regular or abs(steps - round(steps)) > 1e-6:
        raise DataError(
            f"{new.source}: the rows are from {b.label(0)} on, one a {b.name}; the series has "
            f"one value a {a.name}, such as at {a.label(0)} and {a.label(1)}"
        )
    shift = round(steps)
    if not 0 <= shift <= len(mine):
        raise DataError(
            f"{new.source}: the rows begin at {b.label(0)}, and the series ends at "
            f"{a.label(len(mine) - 1)}: give all rows from {a.label(len(mine))} on"
        )
    return shift
