"""Draw docs/img/readme.png with the project itself: `python docs/make_pictures.py`.

Left: the 3-3-3-1 network of the theory page, every number from `dr.backprop`, and the three paths
that make up one weight's gradient. Right: a training run on the digits, and f and f' with the
network's own nodes on them. Colours are Okabe and Ito's; no meaning hangs on colour alone.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch
from PIL import Image

import deltarule as dr
from deltarule.models import Recipe, fit

BLUE, ORANGE, GREY, INK = "#0072B2", "#D55E00", "#b3b3b3", "#222222"
X, T = [[1.0, 0.5, -1.0]], [[1.0]]
W = [
    np.array([[0.2, -0.4, 0.5], [0.7, 0.1, -0.3], [-0.6, 0.3, 0.8]]),
    np.array([[0.5, -0.7, 0.3], [-0.2, 0.6, 0.9], [0.8, 0.4, -0.5]]),
    np.array([[1.0, -1.2, 0.6]]),
]
B = [[0.1, -0.2, 0.0], [0.0, 0.1, -0.1], [0.2]]
COLUMNS, ROWS, RADIUS = (0.0, 3.3, 6.6, 9.9), (2.8, 0.0, -2.8), 0.55
MINUS = "\u2212"
STYLE: Any = {"font.size": 12.5, "mathtext.fontset": "stix", "axes.spines.top": False}


def example() -> tuple[dr.Network, dr.Backprop, Any]:
    """Return the theory page's network, one pass through it, and its gradient by layer."""
    net = dr.Network(3, [dr.Dense(n, "sigmoid") for n in (3, 3, 1)])
    theta = net.pack(list(zip(W, B, strict=True)))
    bp = dr.backprop(net, theta, X, T, loss="half_squared_error", reduction="sum")
    return net, bp, net.unpack(bp.gradient)


def place(l: int, j: int) -> tuple[float, float]:
    """Return where node j (from 0) of layer l stands."""
    return COLUMNS[l], 0.0 if l == len(COLUMNS) - 1 else ROWS[j]


def draw_network(ax: Axes) -> None:
    """Draw nodes with y and delta, weights, and the paths of one weight."""
    net, bp, gradient = example()
    for l, n in enumerate(net.sizes[1:], 1):
        for j in range(n):
            for k in range(net.sizes[l - 1]):
                _edge(ax, l, j, k)
    for l, n in enumerate(net.sizes):
        for j in range(n):
            _node(ax, bp, l, j)
    x, y = place(3, 0)
    ax.text(x, y - 1.5, f"T = {T[0][0]:g}\nE = {bp.error:.4f}", ha="center", va="top", color=INK)
    names = ("inputs x", "layer 1", "layer 2", "layer 3")
    for x, name in zip(COLUMNS, names, strict=True):
        ax.text(x, 4.05, name, ha="center", weight="bold", color=INK)
    _arrow(ax, (0.0, COLUMNS[-1]), 5.35, BLUE, "forward: net, then y = f(net), inside the nodes")
    _arrow(ax, (COLUMNS[-1], 0.0), 4.85, ORANGE, "backward: \u03b4 = dE/dnet, beside the nodes")
    _equation(ax, bp, float(gradient[0]["W"][1, 0]))
    ax.set(xlim=(-0.8, 11.0), ylim=(-6.6, 5.75), aspect="equal")
    ax.set_axis_off()


def _on_path(l: int, j: int, k: int) -> bool:
    """Whether a weight lies on a path from w_{1,2,1} to the output."""
    return (l == 1 and (j, k) == (1, 0)) or (l == 2 and k == 1) or l == 3


def _edge(ax: Axes, l: int, j: int, k: int) -> None:
    (x0, y0), (x1, y1), w = place(l - 1, k), place(l, j), float(W[l - 1][j, k])
    on = _on_path(l, j, k)
    style = "-" if w > 0 else (0, (3.2, 1.6))
    width = 0.8 + 2.2 * abs(w)
    ax.plot(
        [x0, x1], [y0, y1], color=ORANGE if on else GREY, lw=width, ls=style, zorder=2 if on else 1
    )
    if on:
        at = 0.36 if l == 1 else 0.5
        ax.text(
            x0 + at * (x1 - x0),
            y0 + at * (y1 - y0),
            f"{w:g}".replace("-", MINUS),
            color=ORANGE,
            ha="center",
            va="center",
            zorder=4,
            bbox={"boxstyle": "round,pad=0.16", "fc": "white", "ec": "none"},
        )


def _node(ax: Axes, bp: dr.Backprop, l: int, j: int) -> None:
    x, y = place(l, j)
    ax.add_patch(Circle((x, y), RADIUS, fc="white", ec=BLUE, lw=2, zorder=5))
    value = f"{bp.outputs[l][0][j]:.2f}" if l else f"{X[0][j]:g}"
    value = value.replace("-", MINUS)
    ax.text(x, y, value, ha="center", va="center", color=BLUE, zorder=6, weight="bold")
    if l:
        delta = f"{bp.deltas[l][0][j]:.4f}".replace("-", MINUS)
        above = l < len(W) and j == 0
        ax.text(
            x + 0.35 * (l == len(W)),
            y + (RADIUS + 0.12) * (1 if above else -1),
            rf"$\delta_{{{l},{j + 1}}}$ = {delta}",
            ha="center",
            va="bottom" if above else "top",
            color=ORANGE,
            zorder=6,
            bbox={"boxstyle": "round,pad=0.1", "fc": "white", "ec": "none"},
        )


def _arrow(ax: Axes, ends: tuple[float, float], y: float, colour: str, text: str) -> None:
    style: Any = {"arrowstyle": "-|>", "mutation_scale": 16, "lw": 2, "color": colour}
    ax.add_patch(FancyArrowPatch((ends[0], y), (ends[1], y), **style))
    box = {"fc": "white", "ec": "none", "pad": 3}
    ax.text(sum(ends) / 2, y, text, color=colour, ha="center", va="center", bbox=box)


def _equation(ax: Axes, bp: dr.Backprop, whole: float) -> None:
    """Write the gradient of w_{1,2,1} as a sum over its three paths."""
    y1, middle = bp.outputs[1][0], COLUMNS[-1] / 2
    paths = X[0][0] * y1[1] * (1 - y1[1]) * bp.deltas[2][0] * W[1][:, 1]
    signed = ("+" if p > 0 else MINUS for p in paths)
    terms = " ".join(f"{s} {abs(p):.5f}" for s, p in zip(signed, paths, strict=True))[2:]
    lines = "weights: solid > 0, dashed < 0, the wider the larger; "
    lines += "orange: the paths from $w_{1,2,1}$ to the output"
    ax.text(middle, -4.65, lines, ha="center", color=INK, fontsize=11)
    left = r"$\partial E / \partial w_{1,2,1} = x_1\; f'(\mathrm{net}_{1,2})\; "
    left += r"(\delta_{2,1} w_{2,1,2} + \delta_{2,2} w_{2,2,2} + \delta_{2,3} w_{2,3,2})$"
    ax.text(middle, -5.5, left, ha="center", color=INK, fontsize=16)
    said = f"three paths, three terms: {terms} = {whole:.5f}"
    ax.text(middle, -6.3, said, ha="center", color=ORANGE, weight="bold")


def draw_run(ax: Axes) -> None:
    """Draw training and validation error of the default run on the digits."""
    fitted = fit(dr.data.read_table("digits"), Recipe())
    history, best = fitted.run.history, fitted.run.best_epoch
    epochs = np.arange(1, fitted.run.epochs + 1)
    ax.semilogy(epochs, history["error"], color=BLUE, lw=2, label="training")
    ax.semilogy(
        epochs, history["validation_error"], color=ORANGE, lw=2, ls="--", label="validation"
    )
    ax.plot(best, history["validation_error"][best - 1], "o", color=ORANGE, ms=8)
    ax.annotate(
        f"best epoch: {best}",
        (best, history["validation_error"][best - 1]),
        (0, 16),
        textcoords="offset points",
        ha="center",
        color=ORANGE,
    )
    accuracy = fitted.metrics["test"]["accuracy"]
    ax.set_title(f"digits, 64-64-32-10: {accuracy:.1%} of the test rows right", loc="left")
    ax.set(xlabel="epoch", ylabel="E (cross-entropy per row)")
    ax.legend(frameon=False)


def draw_factor(ax: Axes) -> None:
    """Draw f and f' of the sigmoid with the example network's nodes on f'."""
    _, bp, _ = example()
    sigmoid = dr.activations.Sigmoid()
    net = np.linspace(-6, 6, 400)
    ax.plot(net, sigmoid(net), color=BLUE, lw=2, label="f(net)")
    ax.plot(net, sigmoid.derivative(net), color=ORANGE, lw=2, ls="--", label="f'(net)")
    marks = {1: "o", 2: "s", 3: "^"}
    for l, mark in marks.items():
        at = bp.nets[l][0]
        ax.plot(
            at, sigmoid.derivative(at), mark, color=INK, ms=7, label=f"layer {l} of the network"
        )
    ax.set_title("sigmoid: the factor f'(net) in every delta", loc="left")
    ax.set(xlabel="net", ylim=(-0.03, 1.05))
    ax.legend(frameon=False, loc="upper left")


def main() -> None:
    """Write the picture."""
    with mpl.rc_context(STYLE | {"axes.spines.right": False, "axes.titlesize": 13.5}):
        fig = Figure(figsize=(16, 8.4), dpi=100, layout="constrained")
        halves: Any = fig.subfigures(1, 2, width_ratios=(1.32, 1), wspace=0.02)
        left, right = halves
        draw_network(left.subplots())
        upper, lower = right.subplots(2, 1)
        draw_run(upper)
        draw_factor(lower)
        path = Path(__file__).parent / "img" / "readme.png"
        path.parent.mkdir(exist_ok=True)
        drawn = BytesIO()
        fig.savefig(drawn, format="png")
    picture = Image.open(drawn).convert("RGB").quantize(96, dither=Image.Dither.NONE)
    picture.save(path, optimize=True)


if __name__ == "__main__":
    main()
