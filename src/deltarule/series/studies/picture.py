"""The picture of a study of forecasts: a box per recipe, a mark per baseline and others' figure."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from deltarule.core.style import BLUE, GREY, ORANGE, box, new_figure, plain, quiet_axes, save_figure
from deltarule.series.studies.measures import figures

if TYPE_CHECKING:
    from deltarule.series.studies.outcome import Outcome

_WIDTH, _LINE = 3.1, 0.34
_WRAP = 34
"""Letters in a line of a label."""


def draw_outcome(outcome: Outcome, path: Path, *, force: bool = False) -> None:
    """Draw a column per period, and in it a line per recipe, baseline and figure of others."""
    from textwrap import fill

    kinds = [(label, BLUE) for label in outcome.cells]
    kinds += [(label, GREY) for label in outcome.baselines]
    labels = [label for label, _ in kinds] + [str(said["who"]) for said in outcome.published]
    colours = [colour for _, colour in kinds] + [ORANGE] * len(outcome.published)
    labels = [fill(plain(label), _WRAP) for label in labels]
    lines = sum(1 + 0.6 * label.count("\n") for label in labels)
    places = np.arange(len(labels))[::-1]
    n = len(outcome.periods)
    figure = new_figure(2.9 + _WIDTH * n, 1.5 + _LINE * lines)
    several = figure.subplots(1, n, sharey=True, squeeze=False)[0]
    for axes, period in zip(several, outcome.periods, strict=True):
        quiet_axes(axes, plain(period))
        for place, (label, colour) in zip(places, kinds, strict=False):
            _line(axes, outcome.seeds(label, period), place, colour)
        for place, said in zip(places[len(kinds) :], outcome.published, strict=True):
            ends = figures(said.get(period))
            axes.plot(ends, [place] * len(ends), "D", color=ORANGE, markersize=5)
        _, least = outcome.best_baseline(period)
        axes.axvline(least, color=GREY, linewidth=1.0, linestyle=":")
        axes.tick_params(axis="y", length=0)
    several[0].set_yticks(places, labels)
    for tick, colour in zip(several[0].get_yticklabels(), colours, strict=True):
        tick.set_color(colour)
    several[0].set_ylim(-0.7, len(labels) - 0.3)
    figure.supxlabel(
        f"{outcome.measure.upper()}, lower is better. Boxes: the seeds' quartiles and median, 5 to "
        "95 %;\npoints: without a network; diamonds: published; dotted: the best without a network",
        fontsize=9,
    )
    save_figure(figure, path, force=force)


def _line(axes: Any, seeds: Any, place: float, colour: str) -> None:
    if len(seeds) == 1:
        axes.plot(seeds, [place], "o", color=colour, markersize=5)
        return
    box(axes, seeds, place, colour)
