"""The pictures of `dr.saturation`, of `dr.step_validity`, and of how far back errors reach."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.style import BLUE, GREEN, GREY, ORANGE, new_figure, quiet_axes, save_figure
from deltarule.explanation.wording import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from deltarule.explanation.flat_nodes import LayerSaturation, Saturation
    from deltarule.explanation.promise import StepValidity
    from deltarule.explanation.reach import Reach

_LAYERS = 12
"""As many layers are drawn."""

_DOTS = 600
"""Where f' is no curve, about so many nodes are drawn as dots."""

_REACH = 6.0
"""The axis shows at least net in [-6, 6]."""


def draw_saturation(saturation: Saturation, path: Path, *, force: bool = False) -> None:
    """Draw a panel per layer: f'(net) as a curve, the share of nodes per net as bars."""
    shown = saturation.layers[:_LAYERS]
    figure = new_figure(8.0, 2.7 * len(shown) + 0.5)
    panels = figure.subplots(len(shown), 1, squeeze=False)[:, 0]
    for axes, layer in zip(panels, shown, strict=True):
        _panel(axes, layer)
    panels[-1].set_xlabel("net")
    figure.legend(handles=_keys(), loc="outside lower center", ncols=4, frameon=False, fontsize=9)
    if len(shown) < len(saturation.layers):
        figure.suptitle(f"The first {len(shown)} of {len(saturation.layers)} layers", fontsize=11)
    save_figure(figure, path, force=force)


def _keys() -> list[Any]:
    """Return what the curve, the bound and the bars mean."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    return [
        Line2D([], [], color="black", linewidth=1.6, label="f'"),
        Line2D([], [], color=GREY, linewidth=1.2, linestyle="--", label="saturated below"),
        Patch(facecolor=BLUE, alpha=0.45, label="nodes"),
        Patch(facecolor=ORANGE, alpha=0.7, hatch="///", edgecolor="white", label="saturated"),
    ]


def _panel(axes: Axes, layer: LayerSaturation) -> None:
    quiet_axes(axes)
    nets = layer.nets.ravel()
    low, high = _limits(nets)
    bars = axes.twinx()
    bars.spines[["top", "left"]].set_visible(False)
    edges = _edges(low, high)
    counts, _ = np.histogram(np.clip(nets, low, high), bins=edges)
    flat, _ = np.histogram(np.clip(nets[layer.flat.ravel()], low, high), bins=edges)
    width = edges[1] - edges[0]
    total = max(1, len(nets))
    style: dict[str, Any] = {"width": width, "align": "edge", "linewidth": 0}
    bars.bar(edges[:-1], (counts - flat) / total, color=BLUE, alpha=0.45, **style)
    bars.bar(edges[:-1], flat / total, bottom=(counts - flat) / total, color=ORANGE, alpha=0.7,
             hatch="///", edgecolor="white", **style)  # fmt: skip
    bars.set_ylim(0, 1.25 * float(counts.max(initial=1)) / total)
    bars.set_ylabel("share of nodes")
    _slope(axes, layer, float(edges[0]), float(edges[-1]))
    axes.set_zorder(bars.get_zorder() + 1)
    axes.patch.set_visible(False)
    axes.set_xlim(edges[0], edges[-1])
    beyond = _beyond(nets, low, high)
    axes.set_title(f"{_title(layer)}{beyond}", loc="left", fontsize=10)


def _slope(axes: Axes, layer: LayerSaturation, low: float, high: float) -> None:
    """Draw f' and the bound under which a node counts as saturated."""
    if layer.activation.rowwise:
        some = slice(None, None, 1 + layer.nets.size // _DOTS)
        axes.plot(layer.nets.ravel()[some], layer.slopes.ravel()[some], ".", color="black",
                  markersize=2.5, alpha=0.6)  # fmt: skip
        axes.set_ylabel("dy_j/dnet_j")
    else:
        grid = np.linspace(low, high, 1201)
        axes.plot(grid, layer.activation.derivative(grid), color="black", linewidth=1.6)
        axes.set_ylabel("f'(net)")
    bound = layer.threshold * layer.largest
    axes.axhline(bound, color=GREY, linewidth=1.2, linestyle="--")
    bottom = min(0.0, float(layer.slopes.min()))
    axes.set_ylim(1.15 * bottom, 1.15 * layer.largest)


def _edges(low: float, high: float) -> NDArray[np.float64]:
    """Return the edges of about 60 bars, one of them at 0, where a relu has its kink."""
    width = (high - low) / 60
    left, right = int(np.ceil(-low / width)), int(np.ceil(high / width))
    return np.asarray(np.arange(-left, right + 1) * width)


def _limits(nets: NDArray[np.float64]) -> tuple[float, float]:
    """Return the axis: most nets, and at least [-6, 6]; what lies beyond is counted at its end."""
    low, high = np.percentile(nets, [0.5, 99.5])
    return min(-_REACH, float(low)), max(_REACH, float(high))


def _beyond(nets: NDArray[np.float64], low: float, high: float) -> str:
    outside = int(np.count_nonzero((nets < low) | (nets > high)))
    return f" ({outside} nets beyond the axis)" if outside else ""


def _title(layer: LayerSaturation) -> str:
    nodes, dead = layer.slopes.shape[1], len(layer.dead_nodes)
    of_nodes = f"{nodes} node" + ("" if nodes == 1 else "s")
    return (
        f"layer {layer.layer}, {layer.activation.name}, {of_nodes}: {layer.saturated:.0%} "
        f"saturated, {dead} dead"
    )


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
    quiet_axes(axes, f"E = {number(v.error, 5)} before the step", y="change of E")
    axes.set_xscale("log")
    axes.axhline(0.0, color=GREY, linewidth=1.0)
    axes.plot(v.steps, v.promised, "--", color=ORANGE, linewidth=1.8, label="promised")
    axes.plot(v.steps, v.actual, color=BLUE, linewidth=1.8, label="actual")
    fall = max(-float(np.nanmin(v.actual)), 0.02 * abs(v.error), 1e-300)
    axes.set_ylim(-1.6 * fall, 1.1 * fall)


def _kept(axes: Axes, v: StepValidity) -> None:
    within = f"green: within {v.tolerance:.0%} of the promise"
    quiet_axes(axes, within, y="actual / promised", size=10)
    axes.axhspan(1 - v.tolerance, 1 + v.tolerance, color=GREEN, alpha=0.15, linewidth=0)
    axes.axhline(0.0, color=GREY, linewidth=1.0)
    with np.errstate(all="ignore"):
        ratio = v.actual / v.promised
    axes.plot(v.steps, ratio, color=BLUE, linewidth=1.8)
    low, high = (np.min(ratio, initial=0.0, where=np.isfinite(ratio)),
                 np.max(ratio, initial=1.0, where=np.isfinite(ratio)))  # fmt: skip
    axes.set_ylim(max(1.15 * float(low), -2.0) - 0.1, min(float(high), 2.0) + 0.3)


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


_FLOOR = 1e-16
"""What is smaller stands at the lower end of a logarithmic axis."""


def draw_reach(reach: Reach, path: Path, *, force: bool = False) -> None:
    """Draw the terms as bars, and under them the singular values on a logarithmic axis."""
    figure = new_figure(8.0, 6.0)
    upper, lower = figure.subplots(2, 1, sharex=True)
    steps = np.array([s.step for s in reach.steps])
    quiet_axes(upper, f"{reach.name}: {reach.verdict}", y="the step's term")
    upper.bar(steps, [s.value for s in reach.steps], color=BLUE, width=0.7)
    upper.axhline(0.0, color=GREY, linewidth=1.0)
    quiet_axes(lower, x="time step", y="a small change of the state, times")
    lower.set_yscale("log")
    lower.axhline(1.0, color=GREY, linewidth=1.0)

    def line(name: str, style: str, colour: str, label: str) -> None:
        values = np.maximum([getattr(s, name) for s in reach.steps], _FLOOR)
        lower.plot(steps, values, style, color=colour, linewidth=1.6, markersize=4, label=label)

    line("to_end", "o-", ORANGE, "from here to the last step, at most")
    line("largest", "s--", BLUE, "this step, at most")
    line("smallest", "v:", GREEN, "this step, at least")
    lower.legend(frameon=False, fontsize=9, loc="best")
    lower.xaxis.get_major_locator().set_params(integer=True)
    save_figure(figure, path, force=force)
