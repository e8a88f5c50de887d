"""Every picture of a study, and the one that a person asks for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from deltarule.core.errors import UsageError, one_of
from deltarule.core.style import new_figure, save_figure
from deltarule.studies.pictures.curves import draw_curves, draw_medians, rows_of
from deltarule.studies.pictures.heat import draw_map
from deltarule.studies.pictures.layers import draw_layers
from deltarule.studies.pictures.panels import Look, Panel, grid_rows, look, panels
from deltarule.studies.pictures.solved import draw_epochs, draw_solved

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from deltarule.studies.results import Results

KINDS = ("overview", "map", "solved", "epochs", "curves", "layers")

_WIDTH = 5.4
"""Inches: a figure is as wide as a telephone shows without making its letters smaller."""
_LEGEND_COLUMNS = 2


def draw(results: Results, path: Path, kind: str, *, force: bool) -> None:
    """Write a PNG; a kind with a figure per place needs the place: `solved 2` is the second's.

    Raises `UsageError` for an unknown kind, and for one that the study has no numbers for.
    """
    name, _, number = kind.partition(" ")
    one_of("picture of a study", name, KINDS)
    if name == "overview":
        save_figure(_overview(results), path, force=force)
        return
    found = figures(results)
    key = name if name == "map" else f"{name} {number or 1}"
    if key not in found:
        raise UsageError(f"the study has no picture {kind!r}; it has {', '.join(found)}, overview")
    save_figure(found[key](), path, force=force)


def figures(results: Results) -> dict[str, Callable[[], Figure]]:
    """Return every figure by name, as a function that draws it: map, solved 1, solved 2, ..."""
    several, looks, baseline = _layout(results)
    goal = results.definition.plain["goal"]
    found: dict[str, Callable[[], Figure]] = {"map": lambda: _map(results, several)}
    for k, panel in enumerate(several, 1):
        if goal:
            found[f"solved {k}"] = lambda p=panel: _solved(p, looks)  # type: ignore[misc]
            found[f"epochs {k}"] = lambda p=panel: _epochs(p, looks)  # type: ignore[misc]
        if panel.epochs > 1:
            found[f"curves {k}"] = lambda p=panel: _curves(p, looks, baseline)  # type: ignore[misc]
    for k, measure in enumerate(results.definition.plain.get("layers", ()), 1):
        found[f"layers {k}"] = lambda m=measure: _layers(several, len(looks), m)  # type: ignore[misc]
    return found


def _layout(results: Results) -> tuple[list[Panel], dict[str, Look], str | None]:
    several = panels(results)
    levels = list(dict.fromkeys(level for panel in several for level in panel.cells))
    d = results.definition
    own = d.plain["baseline"].get(d.compared)
    baseline = own or (d.factors[d.compared][0] if d.compared else None)
    return several, look(levels, baseline), baseline


def _metric(results: Results) -> str | None:
    return None if results.definition.plain["goal"] else results.definition.plain["metric"]


def _map(results: Results, several: list[Panel]) -> Figure:
    rows = len({level for panel in several for level in panel.cells})
    figure = new_figure(max(_WIDTH, 2.2 + 1.25 * len(several)), 1.15 + 0.36 * rows)
    draw_map(figure.add_subplot(), several, _metric(results))
    return figure


def _solved(panel: Panel, looks: dict[str, Look]) -> Figure:
    figure = new_figure(_WIDTH, 3.2 + 0.2 * -(-len(panel.cells) // _LEGEND_COLUMNS))
    axes = figure.add_subplot()
    draw_solved(axes, panel, looks)
    _legend(figure, axes)
    return figure


def _epochs(panel: Panel, looks: dict[str, Look]) -> Figure:
    figure = new_figure(_WIDTH, 1.2 + 0.42 * len(panel.cells))
    draw_epochs(figure.add_subplot(), panel, looks)
    return figure


def _curves(panel: Panel, looks: dict[str, Look], baseline: str | None) -> Figure:
    figure = new_figure(_WIDTH, 0.7 + 1.45 * rows_of(panel))
    draw_curves(figure, panel, looks, baseline)
    return figure


def _layers(several: list[Panel], levels: int, measure: str) -> Figure:
    legend = 0.2 * grid_rows(len(several), _LEGEND_COLUMNS)
    figure = new_figure(_WIDTH, 0.7 + legend + 1.6 * grid_rows(levels, 2))
    draw_layers(figure, several, measure, _LEGEND_COLUMNS)
    return figure


_SHOWN = 4
"""So many places at most are in the overview."""
_LEVELS = 12
"""With more lines than these no place is: they could not be told apart."""


def _overview(results: Results) -> Figure:
    """Return the map, and beside it what is solved when (or learning curves), place by place."""
    several, looks, _ = _layout(results)
    goal = results.definition.plain["goal"]
    said = "Runs solved, and after how many epochs (the median of these)"
    if not goal:
        said = f"{_metric(results)}: the median".replace("_", " ")
    drawn = [panel for panel in several if goal or panel.epochs > 1]  # others have no curve
    shown = drawn[:_SHOWN] if len(looks) <= _LEVELS else []
    rows = len(looks)
    left_out = len(drawn) - len(shown)
    layers = results.definition.plain.get("layers", ())
    below = 3.3 * -(-len(shown) // 2)
    if not shown:
        figure = new_figure(11.0, 2.0 + 0.36 * rows)
        draw_map(figure.add_subplot(), several, _metric(results))
        figure.suptitle(said, fontsize=11)
        return figure
    if layers:
        below = 1.0 + 0.2 * grid_rows(len(several), 4) + 2.4 * grid_rows(rows, 4)
    figure = new_figure(11.0, 1.65 + 0.36 * rows + below)
    heights = [1.25 + 0.36 * rows, below]
    top, bottom = figure.subfigures(2, 1, squeeze=False, height_ratios=heights)[:, 0]
    draw_map(top.subplots(), several, _metric(results))
    top.suptitle(said, fontsize=11)
    if layers:
        draw_layers(bottom, several, layers[0], min(4, rows))
        return figure
    grid = bottom.subplots(-(-len(shown) // 2), min(2, len(shown)), squeeze=False)
    for axes, panel in zip(grid.flat, shown, strict=False):
        (draw_solved if goal else draw_medians)(axes, panel, looks)
    for axes in grid.flat[len(shown) :]:
        axes.set_visible(False)
    handles, labels = grid.flat[0].get_legend_handles_labels()
    if left_out:
        bottom.supxlabel(f"{left_out} more of these in report.html", fontsize=9, x=0.98, ha="right")
    bottom.legend(handles, labels, loc="outside right center", frameon=False, fontsize=9)
    return figure


def _legend(figure: Figure, axes: object) -> None:
    handles, labels = axes.get_legend_handles_labels()  # type: ignore[attr-defined]
    figure.legend(handles, labels, loc="outside lower center", ncols=_LEGEND_COLUMNS,
                  frameon=False, fontsize=8.5)  # fmt: skip
