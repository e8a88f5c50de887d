"""The look of every picture: colours that colour-blind readers tell apart, sizes, saving.

Colours: Okabe and Ito (2008), Color universal design. Figures are made without pyplot, which
costs half a second and keeps global state.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["BLUE", "GREEN", "GREY", "ORANGE", "new_figure", "plain", "quiet_axes", "save_figure"]

BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#5A5A5A"

_DPI = 120

Layout: TypeAlias = Literal["constrained", "compressed"]


def new_figure(width: float, height: float, *, layout: Layout = "constrained") -> Figure:
    """Return an empty figure of width x height inches, laid out without overlaps.

    `"compressed"` suits pictures whose cells are squares.
    """
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=_DPI, layout=layout, facecolor="white")


def quiet_axes(axes: Axes, *, grid: bool = True) -> None:
    """Leave the two lines that carry scales, and a faint grid."""
    axes.spines[["top", "right"]].set_visible(False)
    if grid:
        axes.grid(True, color="#E4E4E4", linewidth=0.8)
        axes.set_axisbelow(True)


def plain(text: str) -> str:
    """Return a name that comes from data so that Matplotlib does not take it for a formula."""
    return text.replace("$", r"\$")


def save_figure(figure: Figure, path: Path) -> None:
    """Write a PNG. It holds no date and no version, so the same picture has the same bytes."""
    figure.savefig(path, format="png", metadata={"Software": None})
