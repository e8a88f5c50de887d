"""The map of a study: levels by places, how much is solved in each cell, and how soon."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from deltarule.core.style import plain
from deltarule.studies.pictures.panels import Panel
from deltarule.studies.statistics.values import MEASURES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FEW = 6
"""In more columns than these there is room for small letters alone."""

RANKED = "Darker: better than the others of its column"
"""What the colours mean where columns have measures of their own."""


def draw_map(axes: Axes, several: list[Panel], metric: str | None) -> None:
    """Draw a square per cell: darker is more solved; the numbers are written into it.

    Without a goal it is the median of the metric, darker being better, place by place.
    """
    levels = list(dict.fromkeys(level for panel in several for level in panel.cells))
    many = len(several) > _FEW
    size = 7.5 if many else 9.0
    shade = np.full((len(levels), len(several)), np.nan)
    words: dict[tuple[int, int], str] = {}
    for column, panel in enumerate(several):
        for row, level in enumerate(levels):
            if level in panel.cells:
                cell = panel.cells[level]
                shade[row, column], words[row, column] = _told(cell, metric, many)
        if metric is not None:
            shade[:, column] = _ranked(shade[:, column], metric)
    axes.imshow(shade, cmap="Blues", vmin=-0.1, vmax=1.25, aspect="auto")
    for (row, column), text in words.items():
        dark = shade[row, column] > 0.68
        axes.text(column, row, text, ha="center", va="center", fontsize=size,
                  color="white" if dark else "#1A1A1A")  # fmt: skip
    axes.set_xticks(
        range(len(several)),
        [_wrapped(p.place or metric or "solved", many) for p in several],
        fontsize=size,
    )
    axes.set_yticks(range(len(levels)), [plain(level) for level in levels], fontsize=9)
    axes.tick_params(length=0, labeltop=True, labelbottom=False)
    axes.spines[:].set_visible(False)
    axes.set_xticks(np.arange(len(several) + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(len(levels) + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=2)
    axes.tick_params(which="minor", length=0)
    axes.set_xlabel("Darker: more runs solved" if metric is None else RANKED, fontsize=8.5,
                    color="#5A5A5A")  # fmt: skip


def _told(cell: Any, metric: str | None, many: bool) -> tuple[float, str]:
    if metric is not None:
        lost = np.inf if MEASURES[metric].lower_is_better else -np.inf
        value = float(np.median(cell[metric].cast(float).fill_null(lost).to_numpy()))
        return value, f"{value:.3g}" if np.isfinite(value) else "not finite"
    share = float(cell["solved"].mean() or 0.0)
    epochs = cell.filter(cell["solved"])["epochs"].median()
    if epochs is None:
        return share, f"{100 * share:.3g} %"
    soon = f"\n{epochs:,.0f}" if many else f", {epochs:,.0f} epochs"
    return share, f"{100 * share:.3g} %{soon}"


def _ranked(values: Any, metric: str) -> Any:
    """Return values of one place from 0, the worst, to 1, the best."""
    good = -values if MEASURES[metric].lower_is_better else values
    finite = np.isfinite(good)
    if not finite.any() or np.ptp(good[finite]) == 0.0:
        return np.where(np.isnan(values), np.nan, np.where(finite, 0.5, 0.0))
    least = good[finite].min()
    scaled = (good - least) / np.ptp(good[finite])
    return np.where(np.isnan(values), np.nan, np.where(finite, scaled, 0.0))


def _wrapped(place: str, narrow: bool) -> str:
    parts = place.replace("_", " ").split(", ")
    return plain("\n".join(textwrap.fill(part, 11) if narrow else part for part in parts))
