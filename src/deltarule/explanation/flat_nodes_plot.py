"""The picture of `dr.saturation`: f' of every layer, and where its nodes sit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.style import BLUE, GREY, ORANGE, new_figure, quiet_axes, save_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from deltarule.explanation.flat_nodes import LayerSaturation, Saturation

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
