"""What is measured of every layer: a small panel per level, a line per place."""

from __future__ import annotations

import math
from typing import Any

from deltarule.core.style import plain, small_panels
from deltarule.studies.pictures.panels import Panel
from deltarule.studies.statistics.summary import by_layer
from deltarule.studies.statistics.values import LAYERWISE

_DASHES = ("-", "--", ":", "-.")


def draw_layers(figure: Any, several: list[Panel], measure: str, columns: int) -> None:
    """Draw the means over all runs; later places are darker, as training goes on in some studies.

    Places that differ in their last part alone are shades of one line.
    """
    import matplotlib as mpl

    levels = list(dict.fromkeys(level for panel in several for level in panel.cells))
    head, _, unit = LAYERWISE[measure].rpartition(", ")
    grid = small_panels(figure, levels, columns, x="layer", y=unit, sharex=True)
    shade, families = mpl.colormaps["viridis_r"], _families(several)
    for axes, level in zip(grid, levels, strict=True):
        for panel in several:
            if level not in panel.cells:
                continue
            family, at, count = families[panel.place]
            y = [math.nan if v is None else v for v in by_layer(panel.cells[level], measure)]
            axes.plot(range(1, len(y) + 1), y, color=shade(0.15 + 0.85 * at / max(1, count - 1)),
                      linestyle=_DASHES[family % len(_DASHES)], linewidth=1.6, marker="o",
                      markersize=3, label=plain(panel.place or "all"))  # fmt: skip
        axes.xaxis.get_major_locator().set_params(integer=True)
    figure.suptitle(head, x=0.02, ha="left", fontsize=11)
    figure.legend(*grid[0].get_legend_handles_labels(), loc="outside lower center",
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
