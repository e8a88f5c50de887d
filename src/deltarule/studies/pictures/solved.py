"""Epochs until solved: the share of the runs that are after so many, and a point per run."""

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
    title = plain(panel.place or "Solved by epoch")
    quiet_axes(axes, title, x="epoch", y="solved, % of runs")
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


def draw_epochs(axes: Axes, panel: Panel, looks: dict[str, Look]) -> None:
    """Draw a row per level; the points' heights within a row mean nothing."""
    quiet_axes(axes, plain(panel.place or "Epochs until solved"), x="epochs until solved")
    levels = list(panel.cells)
    rng = np.random.default_rng(0)
    for row, level in enumerate(levels):
        times, solved = time_of(panel.cells[level], panel.epochs)
        found = times[solved]
        height = row + rng.uniform(-0.28, 0.28, len(found))
        axes.plot(found, height, "o", color=looks[level].colour, markersize=2.6, alpha=0.45,
                  markeredgewidth=0)  # fmt: skip
        if len(found) > 1:
            axes.boxplot(found, positions=[row], orientation="horizontal", widths=0.5,
                         showfliers=False, manage_ticks=False,
                         medianprops={"color": "#1A1A1A", "linewidth": 1.8},
                         boxprops={"linewidth": 0.9}, whiskerprops={"linewidth": 0.9},
                         capprops={"linewidth": 0.9})  # fmt: skip
        missed = int((~solved).sum())
        axes.text(1.01, row, f"{missed} of {len(solved)}" if missed else "none", fontsize=8.5,
                  va="center", transform=axes.get_yaxis_transform())  # fmt: skip
    axes.text(1.01, -0.75, "unsolved", fontsize=8.5, va="center", color="#5A5A5A",
              transform=axes.get_yaxis_transform())  # fmt: skip
    axes.set_yticks(range(len(levels)), [plain(level) for level in levels], fontsize=9)
    axes.set_ylim(len(levels) - 0.4, -1.1)
    anything = any(cell["solved"].any() for cell in panel.cells.values())
    axes.set_xscale("log")
    axes.set_xlim(None if anything else 1.0, max(2.0, panel.epochs))
    log_ticks(axes.xaxis, "{x:,.0f}")
