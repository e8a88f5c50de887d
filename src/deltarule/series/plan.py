"""What is settled before anything is trained: lags, network, and where the parts of a series end.

    | first window .. training | calibration | test: block 1, block 2, ... |

The calibration part belongs to the training part: the networks that are judged learn from it, too.
Its errors are those of networks that were fitted to what is before it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deltarule.core.errors import DataError, UsageError
from deltarule.data.bundled_series import SERIES
from deltarule.series.automatic import automatic_lags
from deltarule.series.forecaster import FEWEST
from deltarule.series.judgement.conformal import needed
from deltarule.series.judgement.judged import Period
from deltarule.series.judgement.walk import Segments
from deltarule.series.learning import blank, steps_of
from deltarule.series.outliers import told_outliers
from deltarule.series.recipe import WITHOUT_ERRORS, Recipe
from deltarule.series.series import Series
from deltarule.series.windows import check_length

_TEST = 0.2
"""The share of the values that is the test part where nothing else is said."""


@dataclass(frozen=True)
class Planned:
    """A recipe with its lags and its network, the parts of the series, and what there is to say."""

    recipe: Recipe
    segments: Segments
    periods: tuple[Period, ...]
    season: int
    notes: tuple[str, ...]


def planned(series: Series, recipe: Recipe, test_from: str | None) -> Planned:
    """Settle lags, network and parts.

    Raises `DataError` where the series is too short for them, or holds values that the transform
    does not take; `UsageError` for a test part outside the series.
    """
    about, notes = SERIES.get(series.source), list(series.notes)
    season = recipe.season or series.calendar.season
    custom = test_from is None and about is not None and about.test_from is not None
    start = about.test_from if about is not None and test_from is None else test_from
    cut = _cut(series, recipe, start)
    _check_values(series, recipe)
    notes += told_outliers(series)
    if recipe.lags == "auto":
        lags = automatic_lags(recipe.transform.forward(series.values[:cut]), season)
        notes.append(
            f"lags {', '.join(map(str, lags))}: by the AIC of a linear autoregression on the "
            f"values before {series.calendar.label(cut)}"
        )
        recipe = recipe.with_(lags=lags)
    network = blank(series, recipe, recipe.lags).network
    recipe = recipe.with_(network="-".join(map(str, network.sizes)))
    _check_bands(recipe)
    segments = _segments(series, recipe, cut, steps_of(recipe))
    recipe.transform_of(series.values[: cut - recipe.gap], season)  # is there anything to learn?
    if segments.calibrate is None and recipe.intervals not in WITHOUT_ERRORS:
        notes.append(
            f"no quantiles on the test part: there are too few values before "
            f"{series.calendar.label(cut)} for the {needed(recipe.quantiles)} errors that they "
            "need; with quantiles nearer to .5 they need fewer"
        )
    ends = about.periods if custom and about is not None else ()
    periods = [_period(series, *end) for end in ends]
    n, cal = len(series), series.calendar
    periods = periods or [Period(f"{cal.label(cut)}-{cal.label(n - 1)}", cut, n)]
    return Planned(recipe, segments, tuple(periods), season, tuple(notes))


def _cut(series: Series, recipe: Recipe, test_from: str | None) -> int:
    """Return where the test part begins."""
    n, cal, H = len(series), series.calendar, recipe.horizon
    if test_from is None:
        return max(n - max(H, round(_TEST * n)), 0)
    cut = cal.index(str(test_from))
    if not 0 < cut <= n - H:
        raise UsageError(
            f"the test part cannot begin at {test_from}: the series runs from {cal.label(0)} to "
            f"{cal.label(n - 1)}, and with a horizon of {H} it begins at "
            f"{cal.label(max(n - H, 0))} at the latest. Change `--test-from`."
        )
    return cut


def _check_values(series: Series, recipe: Recipe) -> None:
    """Refuse values that the transform does not take."""
    with np.errstate(all="ignore"):
        bad = np.flatnonzero(~np.isfinite(recipe.transform.forward(series.values)))
    if len(bad):
        first = int(bad[0])
        least = "above 0" if recipe.transform.name == "log" else "from 0 on"
        raise DataError(
            f"{series.source}: the transform {recipe.transform.name} takes values {least}, and "
            f"{series.name!r} is {series.values[first]:g} at {series.calendar.label(first)}. Leave "
            "it out, or add a constant to the values."
        )


def _check_bands(recipe: Recipe) -> None:
    """Refuse intervals of networks' own quantiles where these would have to be fed back."""
    H, K = recipe.horizon, steps_of(recipe)
    if recipe.intervals == "pinball" and (K < H or (H > 1 and recipe.difference)):
        raise UsageError(
            "intervals pinball: a quantile cannot be fed back, nor added up over differences: for "
            f"{H} steps take the strategy direct, or a network with {H} outputs, and no difference"
        )


def _segments(series: Series, recipe: Recipe, cut: int, outputs: int) -> Segments:
    """Return where fits are made."""
    n, H, lags, lost = len(series), recipe.horizon, recipe.lags, sum(recipe.difference)
    first = lost + max(lags)
    least = (FEWEST - 1) * recipe.stride + 1
    rest = least + outputs - 1 + recipe.gap
    why = f"{FEWEST} windows to train on, each with {outputs} more, and {n - cut} to test on"
    if recipe.gap or recipe.stride > 1:
        why += f", with a gap of {recipe.gap} and every window {recipe.stride} after the other"
    check_length(series.source, n, lags, lost, rest + n - cut, why)
    windows = cut - recipe.gap - first - outputs + 1
    need = needed(recipe.quantiles) + H - 1
    wanted = max(round(recipe.calibration * windows), need) if recipe.calibration else windows
    calibrate = cut - wanted if windows - wanted >= least else None
    if calibrate is not None and np.ptp(series.values[: calibrate - recipe.gap]) == 0.0:
        calibrate = None
    last = n - H
    blocks = np.array_split(np.arange(cut, last + 1), min(recipe.backtest, last + 1 - cut))
    return Segments(first, calibrate, tuple(int(b[0]) for b in blocks), last, recipe.gap)


def _period(series: Series, first: str, last: str) -> Period:
    cal = series.calendar
    return Period(f"{first}-{last}", cal.index(first), cal.index(last) + 1)
