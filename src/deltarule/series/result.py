"""What `dr.forecast` returns: the steps to come, and everything that is known of their worth."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from deltarule.core.views import view
from deltarule.series.fitted import Fitted, future_table, times_after
from deltarule.series.forecaster import Forecaster
from deltarule.series.judgement.judged import Measures, Period, verdict
from deltarule.series.judgement.walk import Segments, Walk
from deltarule.series.recipe import Recipe
from deltarule.series.series import Series

if TYPE_CHECKING:
    import polars

Array = NDArray[np.float64]


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
        steps = f"{self.times[0]} to {self.times[-1]}"
        return f"Forecast of {self.series.name}, {steps}; " + "; ".join(self.verdict)

    @property
    def times(self) -> list[str]:
        """The times that are forecast."""
        return times_after(self.series, len(self.mean))

    @cached_property
    def table(self) -> polars.DataFrame:
        """A row per step to come: time, forecast and the quantiles (q0.1, ...)."""
        return future_table(self.times, self.mean, self.quantiles, self.recipe.quantiles)

    @cached_property
    def intervals(self) -> polars.DataFrame:
        """A row per step and pair of quantiles: time, share of values meant to be inside, ends."""
        import polars

        levels, found = self.recipe.quantiles, self.quantiles
        rows = [
            (time, round(levels[-1 - i] - levels[i], 12), q[i], q[-1 - i])
            for i in range(len(levels) // 2)
            for time, q in zip(self.times, [] if found is None else found.tolist(), strict=False)
        ]
        numbers = dict.fromkeys(("share", "low", "high"), polars.Float64)
        return polars.DataFrame(rows, {"time": polars.String, **numbers}, orient="row")

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
        view(Forecast.plot)(self, Path(path), force=force)

    def save(self, folder: str | Path, *, force: bool = False) -> list[str]:
        """Write the folder of the forecast; return notes on what could not be drawn."""
        return view(Forecast.save)(self, folder, force=force)
