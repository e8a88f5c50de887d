"""The look of every picture: colours that colour-blind readers tell apart, sizes, saving.

Colours: Okabe and Ito (2008), Color universal design. Figures are made without pyplot, which
costs half a second and keeps global state.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from deltarule.core.files import new_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#5A5A5A"

_DPI = 120

_SOFTWARE = "deltarule"

Layout: TypeAlias = Literal["constrained", "compressed"]


def new_figure(width: float, height: float, *, layout: Layout = "constrained") -> Figure:
    """Return an empty figure of width x height inches, laid out without overlaps.

    `"compressed"` suits pictures whose cells are squares.
    """
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=_DPI, layout=layout, facecolor="white")


def quiet_axes(
    axes: Axes, title: str = "", *, x: str = "", y: str = "", size: float = 11, grid: bool = True
) -> None:
    """Leave the two lines that carry scales, and a faint grid; write a title, name the axes.

    What is not given stays as it is.
    """
    axes.spines[["top", "right"]].set_visible(False)
    if title:
        axes.set_title(title, loc="left", fontsize=size)
    axes.set(**{name: text for name, text in (("xlabel", x), ("ylabel", y)) if text})
    if grid:
        axes.grid(True, color="#E4E4E4", linewidth=0.8)
        axes.set_axisbelow(True)


def small_panels(
    figure: Any, names: Sequence[str], columns: int, *, x: str = "", y: str = "", **shared: Any
) -> list[Any]:
    """Return quiet axes with these titles, side by side; what is named stands at the outer ones."""
    rows = -(-len(names) // columns)
    grid = figure.subplots(rows, columns, squeeze=False, **{"sharey": True, **shared})
    for axes, name in zip(grid.flat, names, strict=False):
        quiet_axes(axes, plain(name), size=9.5)
    for axes in grid.flat[len(names) :]:
        axes.set_visible(False)
    for axes in grid[-1]:
        axes.set_xlabel(x)
    for axes in grid[:, 0]:
        axes.set_ylabel(y)
    return list(grid.flat[: len(names)])


def box(axes: Axes, values: Sequence[float], place: float, colour: str) -> None:
    """Draw a lying box from quartile to quartile, with the median and 5 to 95 %."""
    line = {"color": colour}
    axes.boxplot(
        [values], positions=[place], orientation="horizontal", widths=0.6, whis=(5, 95),
        showfliers=False, medianprops={**line, "linewidth": 2}, boxprops=line,
        whiskerprops=line, capprops=line,
    )  # fmt: skip


def plain(text: str) -> str:
    """Return a name that comes from data so that Matplotlib does not take it for a formula."""
    return text.replace("$", r"\$")


def log_ticks(axis: Axis, form: str) -> None:
    """Have 1, 2 and 5 of every decade on a logarithmic axis, written as numbers are."""
    from matplotlib.ticker import LogLocator, NullFormatter

    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=9))
    axis.set_major_formatter(form)
    axis.set_minor_formatter(NullFormatter())


def save_figure(figure: Figure, path: Path, *, force: bool = False, option: str = "--out") -> None:
    """Write a PNG, there as a whole or not at all; an older picture of ours is replaced.

    It holds no date and no version, so the same picture has the same bytes, and it says that it is
    ours. Raises `UsageError` for any other file that is there, unless `force` is given.
    """
    with new_file(path, force=force, ours=is_picture, option=option) as temporary:
        figure.savefig(temporary, format="png", metadata={"Software": _SOFTWARE})


def is_picture(path: Path) -> bool:
    """Whether a file is a picture of ours: a PNG that says so before its pixels."""
    with path.open("rb") as file:
        head = file.read(4096)
    chunk = b"tEXtSoftware\0" + _SOFTWARE.encode()
    return head.startswith(b"\x89PNG\r\n\x1a\n") and chunk in head.partition(b"IDAT")[0]
