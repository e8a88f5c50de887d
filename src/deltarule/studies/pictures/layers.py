"""What is measured of every layer: a small panel per level, a line per place."""

from __future__ import annotations

import math
from typing import Any

from deltarule.core.style import plain, quiet_axes
from deltarule.studies.pictures.panels import Panel, grid_rows
from deltarule.studies.statistics.summary import by_layer
from deltarule.studies.statistics.values import LAYERWISE

_DASHES = ("-", "--", ":", "-.")


def draw_layers(figure: Any, several: list[Panel], measure: str, columns: int) -> None:
    """Draw the means over all runs; later places are darker, as training goes on in some studies.

    Places that differ in their last part alone are shades of one line.
    """
    import matplotlib as mpl

    levels = list(dict.fromkeys(level for panel in several for level in panel.cells))
    grid = figure.subplots(grid_rows(len(levels), columns), columns, sharex=True, sharey=True,
                           squeeze=False)  # fmt: skip
    shade, families = mpl.colormaps["viridis_r"], _families(several)
    for axes, level in zip(grid.flat, levels, strict=False):
        quiet_axes(axes)
        for panel in several:
            if level not in panel.cells:
                continue
            family, at, count = families[panel.place]
            y = [math.nan if v is None else v for v in by_layer(panel.cells[level], measure)]
            axes.plot(range(1, len(y) + 1), y, color=shade(0.15 + 0.85 * at / max(1, count - 1)),
                      linestyle=_DASHES[family % len(_DASHES)], linewidth=1.6, marker="o",
                      markersize=3, label=plain(panel.place or "all"))  # fmt: skip
        axes.set_title(plain(level), loc="left", fontsize=9.5)
        axes.xaxis.get_major_locator().set_params(integer=True)
    for axes in grid.flat[len(levels) :]:
        axes.set_visible(False)
    for axes in grid[-1]:
        axes.set_xlabel("layer")
    head, _, unit = LAYERWISE[measure].rpartition(", ")
    for axes in grid[:, 0]:
        axes.set_ylabel(unit)
    figure.suptitle(head, x=0.02, ha="left", fontsize=11)
    figure.legend(*grid.flat[0].get_legend_handles_labels(), loc="outside lower center",
                  ncols=columns, frameon=False, fontsize=8.5)  # fmt: skip


def _families(several: list[Panel]) -> dict[str, tuple[int, int, int]]:
    """Return of each place its family, its position in it, and how large that is."""
    members: dict[str, list[str]] = {}
    for panel in several:
        members.setdefault(panel.place.rpartition(", ")[0], []).append(panel.place)
    return {
        place: (number, at, len(places))
        for number, places in enumerate(members.values())
        for at, place in enumerate(places)
    }
