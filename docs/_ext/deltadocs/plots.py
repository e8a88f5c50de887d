"""Pictures for the registry pages: f and f', e and de/dy, learning rates. Small multiples in SVG.

The two curves of a panel differ in colour AND in line style; the colours are Okabe and Ito's
(2008), which people with any colour vision can tell apart.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from deltarule.activations import ACTIVATIONS, Activation, ElementwiseActivation
from deltarule.losses import LOSSES, Loss
from deltarule.optim import SCHEDULES, Plateau, Schedule

__all__ = ["BLUE", "GREEN", "ORANGE", "PAGES", "STYLE", "activations", "losses", "schedules"]

BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#888888"

STYLE: Any = {
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.8,
    "legend.frameon": False,
    "svg.hashsalt": "deltarule",
    "svg.fonttype": "path",
}
COLUMNS = 3


def activations(path: Path) -> None:
    """Draw f (solid) and f' (dashed) of every elementwise activation over net."""
    shown = [a for a in ACTIVATIONS if issubclass(a, ElementwiseActivation)]
    fig, panels = _panels(len(shown), 1.75)
    for ax, cls in zip(panels, shown, strict=False):
        _activation(ax, cls)
    _keys(fig, panels, len(shown), "net")
    _save(fig, path)


def _activation(ax: Axes, cls: type[Activation]) -> None:
    half = 2.5 if cls.name == "exp" else 6.5 if cls.name == "sin" else 4.5
    net = np.linspace(-half, half, 1200)
    f, slope = cls()(net), cls().derivative(net)
    ax.plot(net, f, color=BLUE, label="y = f(net)")
    ax.plot(*_broken(net, slope, cls.kinks), color=ORANGE, ls=(0, (4, 1.6)), label="f'(net)")
    for kink in cls.kinks:
        taken = cls().derivative(np.array([kink]))
        ax.plot([kink], taken, "o", ms=4.5, color=ORANGE)
    ax.set_title(cls.name)
    ax.set_ylim(*_limits(f, slope, cap=4.2))


def _broken(x: Any, y: Any, kinks: Sequence[float]) -> tuple[Any, Any]:
    """Return the curve with a gap at every kink, so that no jump is drawn as a line."""
    for kink in kinks:
        y = np.where(x == kink, np.nan, y)
    where = np.searchsorted(x, kinks)
    return np.insert(x, where, kinks), np.insert(y, where, np.nan)


def losses(path: Path) -> None:
    """Draw e (solid) and de/dy (dashed) of every loss over y, for one or two targets."""
    shown = list(LOSSES)
    fig, panels = _panels(len(shown), 1.9)
    for ax, cls in zip(panels, shown, strict=False):
        _loss(ax, cls)
    _keys(fig, panels, len(shown), "y")
    _save(fig, path)


def _loss(ax: Axes, cls: type[Loss]) -> None:
    low, high = cls.output_range
    target = 1.0 if high == 1.0 else 2.0 if low == 0.0 else 0.0
    y = np.linspace(*((-3.0, 3.0) if math.isinf(low) else (0.0, 1.0 if high == 1.0 else 6.0)), 1201)
    e, slope = cls()(y, target), cls().derivative(y, target)
    jump = [target] if cls.name in ("absolute_error", "quantile") else []
    ax.plot(y, e, color=BLUE, label="e(y, T)")
    ax.plot(*_broken(y, slope, jump), color=ORANGE, ls=(0, (4, 1.6)), label="de/dy")
    for at in jump:
        ax.plot([at], cls().derivative([at], target), "o", ms=4.5, color=ORANGE)
    ax.set_title(f"{cls.name}, T = {target:g}")
    ax.set_ylim(*_limits(e, slope, cap=5.0))


def schedules(path: Path) -> None:
    """Draw the learning rate of every schedule over 100 epochs of ten updates."""
    shown = list(SCHEDULES)
    fig, panels = _panels(len(shown), 1.75)
    for ax, cls in zip(panels, shown, strict=False):
        schedule, said = _example(cls)
        ax.plot(*_rates(schedule), color=BLUE, label="learning rate")
        ax.set_title(f"{cls.name}{said}", fontsize=9)
        ax.set_ylim(0, 0.108)
    for ax in panels:
        ax.set_xlabel("epochs")
    for ax in panels[::COLUMNS]:
        ax.set_ylabel("learning rate")
    _save(fig, path)


def _example(cls: type[Schedule]) -> tuple[Schedule, str]:
    """Return a schedule worth drawing, and what it was called with."""
    chosen: dict[str, dict[str, float]] = {
        "step": {"every": 25.0, "factor": 0.5},
        "cosine": {"total": 90.0, "warmup": 10.0},
        "plateau": {"factor": 0.5, "patience": 10.0},
    }
    keywords = chosen.get(cls.name, {})
    said = ", ".join(f"{k}={v:g}" for k, v in keywords.items())
    return cls(lr=0.1, **keywords), f"\n{said}" if said else ""  # type: ignore[call-arg]


def _rates(schedule: Schedule) -> tuple[Any, Any]:
    """Return epochs and rates; for `plateau` the watched error falls for 40 epochs, then stays."""
    state, rates = schedule.start(), []
    epochs = np.arange(1000) / 10
    for step, done in enumerate(epochs):
        rates.append(schedule.rate(step, float(done), state))
        if step % 10 == 9 and isinstance(schedule, Plateau):
            state = schedule.observe(state, max(1.0 - done / 40, 0.1))
    return epochs, np.array(rates)


PAGES = {"activations": activations, "losses": losses, "schedules": schedules}
"""The pictures, by page."""


def _panels(count: int, height: float) -> tuple[Figure, list[Axes]]:
    rows = math.ceil(count / COLUMNS)
    with mpl.rc_context(STYLE):
        fig = Figure(figsize=(7.6, height * rows), layout="constrained")
        axes = fig.subplots(rows, COLUMNS, squeeze=False)
    panels = list(axes.flat)
    for ax in panels[count:]:
        ax.set_axis_off()
    return fig, panels


def _keys(fig: Figure, panels: Sequence[Axes], count: int, x: str) -> None:
    """Name the axis under the lowest panels, and the curves once at the foot of the picture."""
    for ax in panels[max(0, count - COLUMNS) : count]:
        ax.set_xlabel(x)
    handles, labels = panels[0].get_legend_handles_labels()
    dots = Figure().subplots().plot([], [], "o", ms=4.5, color=ORANGE)
    fig.legend(
        [*handles, *dots],
        [*labels, "what is taken at a kink"],
        loc="outside lower center",
        ncols=3,
        frameon=False,
    )


def _limits(f: Any, slope: Any, cap: float) -> tuple[float, float]:
    both = np.concatenate([f, slope])
    both = both[np.isfinite(both)]
    low, high = max(-cap, float(both.min())), min(cap, float(both.max()))
    room = 0.07 * (high - low)
    return low - room, high + room


def _save(fig: Figure, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context(STYLE):
        fig.savefig(path, metadata={"Date": None})
