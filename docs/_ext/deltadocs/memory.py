"""The picture of what a pass through time holds at its peak, layer by layer, over the steps."""

from __future__ import annotations

import gc
import math
import tracemalloc
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

import deltarule as dr
from deltadocs.plots import BLUE, ORANGE, STYLE

__all__ = ["draw", "peak"]

STEPS = (50, 100, 200, 400)
ROWS, UNITS, FEATURES = 32, 16, 2


def peak(layer: dr.Layer, steps: int) -> float:
    """Return the most that `dr.backprop` holds at once for 32 sequences, in MiB."""
    net = dr.Network((steps, FEATURES), [layer, dr.Last(), dr.Dense(1)])
    theta, X = net.init(seed=0), np.zeros((ROWS, steps, FEATURES))
    T = np.zeros((ROWS, 1))
    dr.backprop(net, theta, X[:1], T[:1])  # what is made once and kept is not counted
    gc.collect()
    tracemalloc.start()
    try:
        dr.backprop(net, theta, X, T)
        return tracemalloc.get_traced_memory()[1] / 2**20
    finally:
        tracemalloc.stop()


def draw(path: Path) -> None:
    """Draw every layer's measured peaks beside a straight line through 0 and the last of them."""
    cells = (dr.Elman, dr.GRU, dr.LSTM, dr.Jordan, dr.Conv1d)
    with mpl.rc_context(STYLE):
        fig = Figure(figsize=(7.6, 4.4), layout="constrained")
        panels = list(fig.subplots(2, 3).flat)
        for ax, cell in zip(panels, cells, strict=False):
            _panel(ax, cell)
        panels[5].set_axis_off()
        for ax in panels[2:5]:
            ax.set_xlabel("steps T")
        for ax in panels[:5:3]:
            ax.set_ylabel("MiB at the peak")
        handles, labels = panels[0].get_legend_handles_labels()
        panels[5].legend(handles, labels, loc="center", frameon=False)
        path.parent.mkdir(parents=True, exist_ok=True)
        fig.savefig(path, metadata={"Date": None})


def _panel(ax: object, cell: type[dr.Layer]) -> None:
    name = cell.__name__
    whole = [peak(_layer(cell), steps) for steps in STEPS]
    ax.plot((0, STEPS[-1]), (0, whole[-1]), color=BLUE, lw=1.2, label="in proportion to T")
    ax.plot(STEPS, whole, "o", color=BLUE, ms=5, label="all steps kept")
    if cell is not dr.Conv1d:
        again = [peak(_layer(cell, checkpoint=math.isqrt(t)), t) for t in STEPS]
        ax.plot(STEPS, again, "s--", color=ORANGE, ms=4, label="checkpoint of $\\sqrt{T}$ steps")
    ax.set_title(name)
    ax.set_xlim(0, STEPS[-1] * 1.06)
    ax.set_ylim(bottom=0)


def _layer(cell: type[dr.Layer], **more: int) -> dr.Layer:
    return cell(UNITS, UNITS, **more) if cell is dr.Jordan else cell(UNITS, **more)
