"""The picture of `dr.step_validity`: promised against actual change of E."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from deltarule.core.style import BLUE, GREEN, GREY, ORANGE, new_figure, quiet_axes, save_figure
from deltarule.explanation.writing.wording import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from deltarule.explanation.promise import StepValidity

_BEYOND = 100.0
"""The axis ends at so many times the step at which descent turns to ascent."""


def draw_steps(validity: StepValidity, path: Path, *, force: bool = False) -> None:
    """Draw the changes of E over eta, and under them what is kept of the promise."""
    figure = new_figure(8.0, 6.6)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(1.5, 1.0))
    _changes(upper, validity)
    _kept(lower, validity)
    for axes in (upper, lower):
        _marks(axes, validity)
    lower.set_xlabel("step size $\\eta$")
    if validity.turns is not None:  # far beyond it nothing happens that anybody wants to see
        lower.set_xlim(validity.steps[0], min(validity.steps[-1], _BEYOND * validity.turns))
    upper.legend(frameon=False, loc="lower left", fontsize=9)
    save_figure(figure, path, force=force)


def _changes(axes: Axes, v: StepValidity) -> None:
    """Draw both changes; the axis ends where the promise gets larger than anything that happens."""
    quiet_axes(axes)
    axes.set_xscale("log")
    axes.axhline(0.0, color=GREY, linewidth=1.0)
    axes.plot(v.steps, v.promised, "--", color=ORANGE, linewidth=1.8, label="promised")
    axes.plot(v.steps, v.actual, color=BLUE, linewidth=1.8, label="actual")
    fall = max(-float(np.nanmin(v.actual)), 0.02 * abs(v.error), 1e-300)
    axes.set_ylim(-1.6 * fall, 1.1 * fall)
    axes.set_ylabel("change of E")
    axes.set_title(f"E = {number(v.error, 5)} before the step", loc="left", fontsize=11)


def _kept(axes: Axes, v: StepValidity) -> None:
    quiet_axes(axes)
    axes.axhspan(1 - v.tolerance, 1 + v.tolerance, color=GREEN, alpha=0.15, linewidth=0)
    axes.axhline(0.0, color=GREY, linewidth=1.0)
    with np.errstate(all="ignore"):
        ratio = v.actual / v.promised
    axes.plot(v.steps, ratio, color=BLUE, linewidth=1.8)
    low, high = (np.min(ratio, initial=0.0, where=np.isfinite(ratio)),
                 np.max(ratio, initial=1.0, where=np.isfinite(ratio)))  # fmt: skip
    axes.set_ylim(max(1.15 * float(low), -2.0) - 0.1, min(float(high), 2.0) + 0.3)
    axes.set_ylabel("actual / promised")
    axes.set_title(f"green: within {v.tolerance:.0%} of the promise", loc="left", fontsize=10)


def _marks(axes: Axes, v: StepValidity) -> None:
    """Mark the three steps; the upper panel's legend names them."""
    marks = (
        (v.reliable, GREEN, (0, (5, 1.5)), f"off by {v.tolerance:.0%}"),
        (v.lowest, GREY, "-.", "lowest E"),
        (v.turns, "black", ":", "turns to ascent"),
    )
    for at, colour, style, what in marks:
        if at is not None:
            label = f"{what}: {number(at, 3)}"
            axes.axvline(at, color=colour, linestyle=style, linewidth=1.6, label=label)
