"""The picture of one forecast: what each input adds to it, and what it makes exactly."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from deltarule.core.style import BLUE, GREY, ORANGE, new_figure, plain, quiet_axes, save_figure
from deltarule.series.transforms import PLAIN

if TYPE_CHECKING:
    from deltarule.series.why.shares import WhyForecast

_MOST = 30
"""As many inputs are drawn: those with the largest shares."""


def draw_why(why: WhyForecast, path: Path, *, force: bool = False) -> None:
    """Draw two bars an input: its share, and the exact difference.

    They stand side by side where they are in one unit. Where the series is transformed, shares are
    in units of what it is made into and differences in its own: each has an axis of its own.
    """
    by_size = sorted(why.shares, key=lambda s: -abs(s.share))[:_MOST]
    shown = [s for s in why.shares if s in by_size]
    places = np.arange(len(shown))[::-1]
    shares, exact = [s.share for s in shown], [s.difference for s in shown]
    labels = (
        "share: slope times distance from the mean",
        "exact difference: with and without that distance",
    )
    one_unit = why.how == PLAIN
    figure = new_figure(8.4 if one_unit else 9.6, 1.7 + 0.32 * len(shown))
    several = figure.subplots(1, 1 if one_unit else 2, sharey=True, squeeze=False)[0]
    first, last = several[0], several[-1]
    height, aside = (0.36, 0.19) if one_unit else (0.6, 0.0)
    first.barh(places + aside, shares, height, color=BLUE, label=labels[0])
    last.barh(places - aside, exact, height, color=ORANGE, label=labels[1])
    added, units = f"added to the forecast of {why.name}", f"in units of {why.how}"
    for axes in several:
        quiet_axes(axes, x=plain(added if axes is last else units))
        axes.axvline(0.0, color=GREY, linewidth=1.0)
        axes.tick_params(axis="y", length=0)
    first.set_yticks(places, [plain(f"{s.name} ({s.time}): {s.value:.4g}") for s in shown])
    figure.suptitle(plain(str(why)), fontsize=11)
    figure.legend(loc="outside lower center", ncols=1, frameon=False)
    save_figure(figure, path, force=force)
