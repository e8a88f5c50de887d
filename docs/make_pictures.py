"""Draw docs/img/readme.png with the project itself: `python docs/make_pictures.py`.

The 3-3-3-1 network of the theory page, every number from `dr.backprop`, and the three paths that
make up one weight's gradient. Colours are Okabe and Ito's; no meaning hangs on colour alone. The
letters are large because a telephone shows the picture 390 pixels wide: 14 points of its 562 are
ten pixels there.
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

BLUE, ORANGE, GREY, INK = "#0072B2", "#D55E00", "#b3b3b3", "#222222"
X, T = [[1.0, 0.5, -1.0]], [[1.0]]
W = [
    np.array([[0.2, -0.4, 0.5], [0.7, 0.1, -0.3], [-0.6, 0.3, 0.8]]),
    np.array([[0.5, -0.7, 0.3], [-0.2, 0.6, 0.9], [0.8, 0.4, -0.5]]),
    np.array([[1.0, -1.2, 0.6]]),
]
B = [[0.1, -0.2, 0.0], [0.0, 0.1, -0.1], [0.2]]
COLUMNS, ROWS, RADIUS = (0.0, 3.0, 6.0, 9.0), (3.1, 0.0, -3.1), 0.66
LABELS = (0.38, 0.4, 0.5)
"""How far along a path its weight is written, by layer: before the edges cross one another."""
MINUS = "\u2212"
STYLE: Any = {"font.size": 15, "mathtext.fontset": "stix"}


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
    ax.text(x, y - 2.9, f"T = {T[0][0]:g}\nE = {bp.error:.4f}", ha="center", color=INK)
    for x, name in zip(COLUMNS, ("inputs", "layer 1", "layer 2", "layer 3"), strict=True):
        ax.text(x, 5.05, name, ha="center", weight="bold", color=INK)
    _arrow(ax, (-0.6, 9.6), 7.35, BLUE, "forward: net, then y = f(net)")
    _arrow(ax, (9.6, -0.6), 6.45, ORANGE, "backward: \u03b4 = dE/dnet")
    _equation(ax, bp, float(gradient[0]["W"][1, 0]))
    ax.set(xlim=(-1.0, 10.3), ylim=(-9.2, 7.9), aspect="equal")
    ax.set_axis_off()


def _on_path(l: int, j: int, k: int) -> bool:
    """Whether a weight lies on a path from w_{1,2,1} to the output."""
    return (l == 1 and (j, k) == (1, 0)) or (l == 2 and k == 1) or l == 3


def _edge(ax: Axes, l: int, j: int, k: int) -> None:
    (x0, y0), (x1, y1), w = place(l - 1, k), place(l, j), float(W[l - 1][j, k])
    on = _on_path(l, j, k)
    style = "-" if w > 0 else (0, (3.2, 1.6))
    colour, width = ORANGE if on else GREY, 0.8 + 2.2 * abs(w)
    ax.plot([x0, x1], [y0, y1], color=colour, lw=width, ls=style, zorder=2 if on else 1)
    if on:
        at = LABELS[l - 1]
        where = (x0 + at * (x1 - x0), y0 + at * (y1 - y0))
        box = {"boxstyle": "round,pad=0.1", "fc": "white", "ec": "none"}
        text = f"{w:g}".replace("-", MINUS)
        ax.text(*where, text, color=ORANGE, ha="center", va="center", zorder=4, bbox=box)


def _node(ax: Axes, bp: dr.Backprop, l: int, j: int) -> None:
    """Draw a node with y in it and, above or (last row) below it, free of edges, its delta."""
    x, y = place(l, j)
    ax.add_patch(Circle((x, y), RADIUS, fc="white", ec=BLUE, lw=2, zorder=5))
    value = f"{bp.outputs[l][0][j]:.2f}" if l else f"{X[0][j]:g}"
    value = value.replace("-", MINUS)
    ax.text(x, y, value, ha="center", va="center", color=BLUE, zorder=6, weight="bold")
    if l:
        delta = f"{bp.deltas[l][0][j]:.4f}".replace("-", MINUS)
        head = rf"$\delta_{{{l},{j + 1}}}$"
        below = j == len(ROWS) - 1
        up, down = (-RADIUS - 0.28, -RADIUS - 0.8) if below else (RADIUS + 0.78, RADIUS + 0.28)
        ax.text(x, y + up, head, ha="center", va="center", color=ORANGE, fontsize=17)
        ax.text(x, y + down, delta, ha="center", va="center", color=ORANGE)


def _arrow(ax: Axes, ends: tuple[float, float], y: float, colour: str, text: str) -> None:
    style: Any = {"arrowstyle": "-|>", "mutation_scale": 20, "lw": 2, "color": colour}
    ax.add_patch(FancyArrowPatch((ends[0], y), (ends[1], y), **style))
    box = {"fc": "white", "ec": "none", "pad": 3}
    ax.text(sum(ends) / 2, y, text, color=colour, ha="center", va="center", bbox=box)


def _equation(ax: Axes, bp: dr.Backprop, whole: float) -> None:
    """Write the gradient of w_{1,2,1} as a sum over its three paths."""
    y1, middle = bp.outputs[1][0], COLUMNS[-1] / 2
    paths = X[0][0] * y1[1] * (1 - y1[1]) * bp.deltas[2][0] * W[1][:, 1]
    signed = ("+" if p > 0 else MINUS for p in paths)
    terms = " ".join(f"{s} {abs(p):.5f}" for s, p in zip(signed, paths, strict=True))[2:]
    left = r"$\partial E / \partial w_{1,2,1} = x_1\, f'(\mathrm{net}_{1,2})\, "
    left += r"(\delta_{2,1} w_{2,1,2} + \delta_{2,2} w_{2,2,2} + \delta_{2,3} w_{2,3,2})$"
    ax.text(middle, -5.6, left, ha="center", color=INK, fontsize=17)
    said = f"{terms} = {whole:.5f}"
    ax.text(middle, -6.4, said, ha="center", color=ORANGE, weight="bold")
    legend = (
        "orange: the three paths from $w_{1,2,1}$",
        "to the output, one term each",
        "weights: solid > 0, dashed < 0, wide = large",
    )
    for line, text in enumerate(legend):
        ax.text(middle, -7.3 - 0.65 * line, text, ha="center", color=INK)


def main() -> None:
    """Write the picture."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.8, 11.6), dpi=130)
        draw_network(figure.add_axes((0.0, 0.0, 1.0, 1.0)))
        path = Path(__file__).parent / "img" / "readme.png"
        path.parent.mkdir(exist_ok=True)
        drawn = BytesIO()
        figure.savefig(drawn, format="png")
    picture = Image.open(drawn).convert("RGB").quantize(64, dither=Image.Dither.NONE)
    picture.save(path, optimize=True)


if __name__ == "__main__":
    main()
