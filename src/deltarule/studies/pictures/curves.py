"""Learning curves: the median of E over the runs, and the band between the quartiles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deltarule.core.style import log_ticks, plain, quiet_axes, small_panels
from deltarule.studies.measure import checkpoints
from deltarule.studies.pictures.panels import Look, Panel, grid_rows

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLUMNS = 2


def rows_of(panel: Panel) -> int:
    """Return how many rows of small panels a place takes."""
    return grid_rows(len(panel.cells), _COLUMNS)


def draw_curves(figure: Figure, panel: Panel, looks: dict[str, Look], baseline: str | None) -> None:
    """Draw a small panel per level, the baseline's median in each; after its end a run's E stays.

    Ended runs that stay are those that solved their problem: the curves are of all runs, always.
    """
    several = small_panels(figure, list(panel.cells), _COLUMNS, x="epoch", y="E", sharex=True)
    reference = panel.cells.get(baseline or "")
    for axes, (level, cell) in zip(several, panel.cells.items(), strict=True):
        if reference is not None and level != baseline:
            x, quartiles = _quartiles(reference, panel.epochs)
            axes.plot(x, quartiles[1], color=looks[baseline or ""].colour, linewidth=1.2,
                      linestyle=":")  # fmt: skip
        x, (low, middle, high) = _quartiles(cell, panel.epochs)
        axes.fill_between(x, low, high, color=looks[level].colour, alpha=0.22, linewidth=0)
        axes.plot(x, middle, color=looks[level].colour, linewidth=1.8)
        axes.set_xscale("log")
        log_ticks(axes.xaxis, "{x:,.0f}")
        _scale(axes, low)
    figure.suptitle(plain(panel.place or "Learning curves"), x=0.02, ha="left", fontsize=11)


def draw_medians(axes: Axes, panel: Panel, looks: dict[str, Look]) -> None:
    """Draw every level's median in one panel, with a pale band between its quartiles."""
    title = plain(panel.place or "Learning curves")
    quiet_axes(axes, title, x="epoch", y="E (median, quartiles)")
    for level, cell in panel.cells.items():
        how = looks[level]
        x, (low, middle, high) = _quartiles(cell, panel.epochs)
        axes.fill_between(x, low, high, color=how.colour, alpha=0.12, linewidth=0)
        axes.plot(x, middle, color=how.colour, linestyle=how.dashes, linewidth=how.width,
                  label=plain(level))  # fmt: skip
        _scale(axes, low)
    axes.set_xscale("log")
    log_ticks(axes.xaxis, "{x:,.0f}")


def _quartiles(cell: pl.DataFrame, epochs: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the epochs, and E's quartiles over the runs at each, (3, points)."""
    curves = np.array(cell["curve"].to_list(), np.float64)
    x = checkpoints(epochs)[: curves.shape[1]]
    ranked = np.where(np.isfinite(curves), curves, np.inf)  # a diverged run is the worst
    with np.errstate(invalid="ignore"):
        found = np.quantile(ranked, [0.25, 0.5, 0.75], axis=0, method="nearest")
    return x, np.where(np.isfinite(found), found, np.nan)


def _short(value: float, position: float) -> str:
    """Return a tick between two powers of ten where there is room for it: at 2 and 5."""
    digit = f"{value:.0e}"[0]
    return f"{value:g}" if digit in "25" else ""


def _scale(axes: Axes, low: np.ndarray) -> None:
    finite = low[np.isfinite(low)]
    if len(finite) and finite.min() > 0:
        axes.set_yscale("log")
        log_ticks(axes.yaxis, "{x:g}")
        axes.yaxis.set_minor_formatter(_short)
