"""Which share of the runs has solved its problem after how many epochs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deltarule.core.style import log_ticks, plain, quiet_axes
from deltarule.studies.pictures.panels import Look, Panel
from deltarule.studies.statistics.survival import survival
from deltarule.studies.statistics.values import time_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_solved(axes: Axes, panel: Panel, looks: dict[str, Look]) -> None:
    """Draw 1 - S, Kaplan and Meier's, for every level: higher and further left is better."""
    quiet_axes(axes)
    first = float(panel.epochs)
    for level, cell in panel.cells.items():
        times, unsolved = survival(*time_of(cell, panel.epochs))
        first = min([first, *times[:1]])
        x = np.concatenate([[1.0], times, [panel.epochs]])
        y = 100 * np.concatenate(
            [[0.0], 1.0 - unsolved, [1.0 - unsolved[-1] if len(unsolved) else 0.0]]
        )
        how = looks[level]
        axes.step(x, y, where="post", color=how.colour, linestyle=how.dashes, linewidth=how.width,
                  label=plain(level))  # fmt: skip
    axes.set_xscale("log")
    axes.set_xlim(max(1.0, first / 2), panel.epochs)
    log_ticks(axes.xaxis, "{x:,.0f}")
    axes.set_ylim(-2, 102)
    axes.set_xlabel("epoch")
    axes.set_ylabel("solved, % of runs")
    axes.set_title(plain(panel.place or "Solved by epoch"), loc="left", fontsize=11)
