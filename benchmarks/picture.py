"""results.png: time per update of every contestant, a row each, on a logarithmic scale."""

from __future__ import annotations

from pathlib import Path

from compare import Result

from deltarule.core.style import BLUE, GREEN, GREY, ORANGE, new_figure, quiet_axes, save_figure

__all__ = ["draw"]

MARKS = {
    "ours": ("D", BLUE, True, "ours"),
    "jax": ("o", ORANGE, True, "JAX"),
    "torch": ("s", GREEN, True, "PyTorch"),
    "torch.compile": ("s", GREEN, False, "torch.compile"),
    "scikit-learn": ("^", GREY, True, "scikit-learn"),
    "numpy": ("v", GREY, False, "NumPy"),
    "c": ("|", "black", True, "limit: C, one core"),
    "product": ("x", "black", True, "limit: products alone"),
}
"""Marker, colour, filled or not, and name; shape and filling tell apart what colour does not."""


def draw(path: Path, results: list[Result]) -> None:
    """Write the picture."""
    figure = new_figure(9, 1.4 + 0.5 * len(results))
    axes = figure.subplots()
    for name, (marker, colour, filled, label) in MARKS.items():
        points = [(r.seconds[name], i) for i, r in enumerate(results) if name in r.seconds]
        if not points:
            continue
        style = {"color": colour} if marker in "|x" else {
            "facecolors": colour if filled else "white", "edgecolors": colour,
        }  # fmt: skip
        axes.scatter(
            *zip(*points, strict=True), marker=marker, s=60, label=label, zorder=3, **style
        )
    axes.set_xscale("log")
    axes.set_xlabel("seconds per update of one network (further left is faster)")
    axes.set_yticks(range(len(results)), [r.work.title for r in results])
    axes.set_ylim(len(results) - 0.5, -0.5)
    quiet_axes(axes)
    figure.legend(loc="outside upper center", ncols=4, frameon=False)
    save_figure(figure, path, force=True)
