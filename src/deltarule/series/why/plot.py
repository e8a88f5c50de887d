"""The picture of one forecast: what each input adds to it, and what it makes exactly."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from deltarule.core.style import BLUE, GREY, ORANGE, new_figure, plain, quiet_axes, save_figure
from deltarule.series.transforms import PLAIN

if TYPE_CHECKING:
    from deltarule.series.why.shares import WhyForecast

__all__ = ["draw_why"]

_MOST = 30
"""As many inputs are drawn: those with the largest shares."""


def draw_why(why: WhyForecast, path: Path, *, force: bool = False) -> None:
    """Draw two bars an input: its share, and the exact difference."""
    by_size = sorted(why.shares, key=lambda s: -abs(s.share))[:_MOST]
    shown = [s for s in why.shares if s in by_size]
    figure = new_figure(8.4, 1.7 + 0.32 * len(shown))
    axes = figure.subplots()
    quiet_axes(axes)
    places = np.arange(len(shown))[::-1]
    same = why.how == PLAIN
    units = "" if same else f" ({why.how})"
    share = f"share: slope times distance from the mean{units}"
    axes.barh(places + 0.19, [s.share for s in shown], 0.36, color=BLUE, label=share)
    if same:
        exact = "exact difference: with and without that distance"
        axes.barh(places - 0.19, [s.difference for s in shown], 0.36, color=ORANGE, label=exact)
    axes.axvline(0.0, color=GREY, linewidth=1.0)
    axes.set_yticks(places, [plain(f"{s.name} ({s.time}): {s.value:.4g}") for s in shown])
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(plain(f"added to the forecast of {why.name}"))
    axes.set_title(plain(str(why)), loc="left", fontsize=11)
    figure.legend(loc="outside lower center", ncols=1, frameon=False)
    save_figure(figure, path, force=force)
