"""The picture of `Reach`: each step's term, and what a step does to a small change."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from deltarule.core.style import BLUE, GREEN, GREY, ORANGE, new_figure, quiet_axes, save_figure

if TYPE_CHECKING:
    from deltarule.explanation.reach import Reach

_FLOOR = 1e-16
"""What is smaller stands at the lower end of a logarithmic axis."""


def draw_reach(reach: Reach, path: Path, *, force: bool = False) -> None:
    """Draw the terms as bars, and under them the singular values on a logarithmic axis."""
    figure = new_figure(8.0, 6.0)
    upper, lower = figure.subplots(2, 1, sharex=True)
    steps = np.array([s.step for s in reach.steps])
    quiet_axes(upper)
    upper.bar(steps, [s.value for s in reach.steps], color=BLUE, width=0.7)
    upper.axhline(0.0, color=GREY, linewidth=1.0)
    upper.set_ylabel("the step's term")
    upper.set_title(f"{reach.name}: {reach.verdict}", loc="left", fontsize=11)
    quiet_axes(lower)
    lower.set_yscale("log")
    lower.axhline(1.0, color=GREY, linewidth=1.0)

    def line(name: str, style: str, colour: str, label: str) -> None:
        values = np.maximum([getattr(s, name) for s in reach.steps], _FLOOR)
        lower.plot(steps, values, style, color=colour, linewidth=1.6, markersize=4, label=label)

    line("to_end", "o-", ORANGE, "from here to the last step, at most")
    line("largest", "s--", BLUE, "this step, at most")
    line("smallest", "v:", GREEN, "this step, at least")
    lower.set_xlabel("time step")
    lower.set_ylabel("a small change of the state, times")
    lower.legend(frameon=False, fontsize=9, loc="best")
    lower.xaxis.get_major_locator().set_params(integer=True)
    save_figure(figure, path, force=force)
