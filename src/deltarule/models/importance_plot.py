"""importance.png: how much worse the score is without what a column tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from deltarule.core.style import BLUE, GREY, new_figure, plain, quiet_axes, save_figure

__all__ = ["draw_importance"]

_SHOWN = 20


def draw_importance(
    falls: Mapping[str, Sequence[float]], score: str, rows: str, path: Path
) -> None:
    """Draw the mean fall of a score for the columns that matter most, with its deviation."""
    shown = list(falls.items())[:_SHOWN][::-1]
    figure = new_figure(7.2, 1.4 + 0.32 * len(shown), layout="compressed")
    axes = figure.add_subplot()
    quiet_axes(axes)
    axes.grid(axis="y", visible=False)
    axes.barh(
        [plain(name) for name, _ in shown],
        [mean for _, (mean, _) in shown],
        xerr=[deviation for _, (_, deviation) in shown],
        color=BLUE,
        error_kw={"ecolor": GREY, "elinewidth": 1.2},
        height=0.65,
    )
    axes.axvline(0.0, color=GREY, linewidth=1.0)
    more = f" (the first {_SHOWN} of {len(falls)})" if len(falls) > _SHOWN else ""
    axes.set_title(f"What the columns are worth{more}", loc="left", fontsize=12)
    axes.set_xlabel(f"fall of {score} on the {rows} rows with the column's cells out of order")
    save_figure(figure, path)
