"""The picture of a panel: how the errors of every method are spread over the series."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from deltarule.core.style import (
    BLUE,
    GREY,
    ORANGE,
    box,
    log_ticks,
    new_figure,
    quiet_axes,
    save_figure,
)
from deltarule.series.judgement.judged import NETWORK

if TYPE_CHECKING:
    from deltarule.series.panel import Panel


def draw_panel(panel: Panel, path: Path, *, force: bool = False) -> None:
    """Draw a box per method, from quartile to quartile of MASE, with median, mean and 5 to 95 %."""
    methods = [m for m in panel.summary if panel.values(m, "mase")]
    figure = new_figure(8.4, 1.6 + 0.45 * len(methods))
    axes = figure.subplots()
    measured = "MASE on the test part, median, quartiles, 5 and 95 % of the series"
    quiet_axes(axes, f"{len(panel)} series", x=measured)
    places = np.arange(len(methods))[::-1]
    for place, method in zip(places, methods, strict=True):
        values = panel.values(method, "mase")
        box(axes, values, place, BLUE if method == NETWORK else GREY)
        mean = float(np.mean(values))
        axes.plot(mean, place, "D", color=ORANGE, markersize=5, linestyle="")
        beside = axes.get_yaxis_transform()  # x from 0 to 1 across the picture, y in data
        axes.text(1.02, place, f"{mean:.3g}", transform=beside, va="center", color=ORANGE)
    axes.text(1.02, 1.0, "mean", transform=axes.transAxes, va="bottom", color=ORANGE)
    axes.set_yticks(places, [m.replace("_", " ") for m in methods])
    axes.set_ylim(-0.7, len(methods) - 0.3)
    axes.tick_params(axis="y", length=0)
    axes.set_xscale("log")
    log_ticks(axes.xaxis, "{x:g}")
    save_figure(figure, path, force=force)
