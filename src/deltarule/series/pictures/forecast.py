"""forecast.png: the end of the history, what was said on the test part, and the future."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.style import BLUE, GREY, ORANGE, new_figure, plain, quiet_axes, save_figure
from deltarule.series.judgement.judged import NETWORK
from deltarule.series.judgement.walk import Walk

if TYPE_CHECKING:
    from deltarule.series.result import Forecast

_SHOWN = 160
"""As many values of the history are drawn at least; the whole test part always is."""
_TICKS = 8


def draw_forecast(forecast: Forecast, path: Path, *, force: bool = False) -> None:
    """Draw the series, one-step forecasts and intervals on the test part, and what is to come."""
    y, cut, H = forecast.series.values, forecast.segments.cut, len(forecast.mean)
    start = max(0, min(len(y) - _SHOWN, cut - max(20, (len(y) - cut) // 2)))
    figure = new_figure(9.6, 4.4)
    axes = figure.subplots()
    quiet_axes(axes, _title(forecast), y=plain(forecast.series.name))
    shown = np.arange(start, len(y))
    axes.plot(shown, y[start:], color=GREY, linewidth=1.3, label=plain(forecast.series.name))
    levels = forecast.recipe.quantiles
    _said(axes, forecast.walks[NETWORK], len(levels) > 1)
    future = np.arange(len(y), len(y) + H)
    if forecast.quantiles is not None and len(levels) > 1:
        share = f"{100 * (levels[-1] - levels[0]):.3g} % of values meant to be inside"
        _band(axes, future, forecast.quantiles, ORANGE, share)
    axes.plot(
        [len(y) - 1, *future],
        [y[-1], *forecast.mean],
        color=ORANGE,
        linewidth=1.6,
        marker="o",
        markersize=4,
        markevery=slice(1, None),
        label="forecast",
    )
    axes.axvline(cut - 0.5, color=GREY, linewidth=1.0, linestyle=":")
    axes.annotate(
        " test part", (cut - 0.5, 1.0), xycoords=("data", "axes fraction"), va="top", color=GREY
    )
    _times(axes, forecast, start, len(y) + H)
    axes.margins(x=0.01)
    figure.legend(loc="outside lower center", ncols=4, frameon=False)
    save_figure(figure, path, force=force)


def _said(axes: Any, walk: Walk, banded: bool) -> None:
    """Draw what the network said: every forecast of one step, or every H-th one of H steps."""
    H = walk.f.shape[1]
    if H == 1:
        pieces = [(walk.origins, walk.f[:, 0], walk.quantiles, 0)]
        label = "network, one step ahead"
    else:
        starts = range(0, len(walk.origins), H)
        pieces = [(walk.origins[i] + np.arange(H), walk.f[i], walk.quantiles, i) for i in starts]
        label = f"network, {H} steps from each dot"
    for x, f, quantiles, i in pieces:
        axes.plot(x, f, color=BLUE, linewidth=1.3, label=label)
        if H > 1:
            axes.plot(x[0], f[0], "o", color=BLUE, markersize=4)
        if quantiles is not None and banded:
            _band(axes, x, quantiles[:, 0] if H == 1 else quantiles[i], BLUE, None)
        label = ""


def _band(
    axes: Any, x: NDArray[Any], q: NDArray[np.float64], colour: str, label: str | None
) -> None:
    low, high = q[:, 0], q[:, -1]
    if len(x) == 1:  # a band of one step has no width
        x, low, high = np.array([x[0] - 0.5, x[0] + 0.5]), np.repeat(low, 2), np.repeat(high, 2)
    axes.fill_between(x, low, high, color=colour, alpha=0.2, linewidth=0, label=label)


def _times(axes: Any, forecast: Forecast, start: int, stop: int) -> None:
    """Label positions by their times."""
    from matplotlib.ticker import MaxNLocator

    calendar = forecast.series.calendar
    season = calendar.season
    if season == 1:
        ticks = list(MaxNLocator(nbins=_TICKS, integer=True).tick_values(start, stop))
    else:  # where seasons begin, years mostly
        first = start + (-start - calendar.phase) % season
        every = season * -(-(stop - start) // (season * _TICKS))
        ticks = list(range(first, stop, every))
    shown = [round(t) for t in ticks if start <= t < stop]
    axes.set_xticks(shown, [calendar.label(t) for t in shown])


def _title(forecast: Forecast) -> str:
    period = forecast.periods[0].name
    values = forecast.measures[NETWORK][period]
    said = [f"{forecast.series.source}, {period}: RMSE {values.get('rmse') or np.nan:.4g}"]
    inside = values.get("coverage")
    if inside is not None:
        said.append(f"{100 * inside:.0f} % of values inside the intervals")
    return plain(", ".join(said))
