"""importance.png, dependence.png, calibration.png: what was asked about a model, drawn."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from deltarule.core.style import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    new_figure,
    plain,
    quiet_axes,
    save_figure,
    small_panels,
)

_SHOWN = 20
_ACROSS = 3
_COLOURS = (BLUE, ORANGE, GREEN, GREY, "#CC79A7", "#56B4E9")
"""A colour a class; of more classes the first are drawn."""

_LONGEST = 14


def draw_importance(
    falls: Mapping[str, Sequence[float]], score: str, rows: str, path: Path
) -> None:
    """Draw the mean fall of a score for the columns that matter most, with its deviation."""
    shown = list(falls.items())[:_SHOWN][::-1]
    figure = new_figure(7.2, 1.4 + 0.32 * len(shown), layout="compressed")
    axes = figure.add_subplot()
    more = f" (the first {_SHOWN} of {len(falls)})" if len(falls) > _SHOWN else ""
    fall = f"fall of {score} on the {rows} rows with the column's cells out of order"
    quiet_axes(axes, f"What the columns are worth{more}", x=fall, size=12)
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
    save_figure(figure, path)


def draw_dependence(
    found: Mapping[str, Mapping[str, Any]],
    said: Sequence[str],
    what: str,
    path: Path,
    dates: Container[str] = (),
) -> None:
    """Draw what a model says on average against each column's value.

    `said` names the lines: the targets, or the classes whose probabilities they are; `what` is the
    axis they share; columns of `dates` are days since 1970.
    """
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    across = min(_ACROSS, len(found))
    figure = new_figure(1.0 + 2.7 * across, 0.9 + 2.3 * -(-len(found) // across))
    panels = small_panels(figure, [""] * len(found), across, y=plain(what))
    for axes, (column, one) in zip(panels, found.items(), strict=True):
        names = not isinstance(one["values"][0], float)
        at = np.arange(len(one["values"])) if names else np.array(one["values"])
        lines = np.array(one["means"]).T[: len(_COLOURS)]
        for line, name, colour in zip(lines, said, _COLOURS, strict=False):
            marks = {"marker": "o", "linestyle": "none"} if names else {"linewidth": 2.0}
            axes.plot(at, line, color=colour, label=plain(str(name)), **marks)
        if names:
            short = [
                plain(v if len(v) <= _LONGEST else f"{v[: _LONGEST - 1]}…") for v in one["values"]
            ]
            turned: dict[str, Any] = {"rotation": 30, "ha": "right", "rotation_mode": "anchor"}
            axes.set_xticks(at, short, **(turned if sum(map(len, short)) > 20 else {}))
            axes.margins(x=0.2)
        elif column in dates:
            ticks: Any = AutoDateLocator(maxticks=5)  # type: ignore[no-untyped-call]
            axes.xaxis.set_major_locator(ticks)
            axes.xaxis.set_major_formatter(ConciseDateFormatter(ticks))  # type: ignore[no-untyped-call]
        axes.set_xlabel(plain(column))
    if len(said) > 1:
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper right", ncols=len(labels), frameon=False)
    figure.suptitle("What the model says, on average", x=0.01, ha="left", fontsize=12)
    save_figure(figure, path)


def draw_calibration(bins: Sequence[Mapping[str, float]], of: str, rows: str, path: Path) -> None:
    """Draw the share of rows that turned out so against the probability that was said."""
    figure = new_figure(5.2, 4.8)
    axes = figure.add_subplot()
    p, share, low, high, counts = (
        np.array([one[name] for one in bins]) for name in ("p", "share", "low", "high", "rows")
    )
    quiet_axes(
        axes,
        f"Are the probabilities what they say?\n{int(counts.sum()):,} {rows} rows, about "
        f"{int(np.median(counts)):,} a dot",
        x=f"probability of {plain(of)} that the model says",
        y="share of the rows where it is so, 95 %",
    )
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1.0, linestyle="--", label="as they say")
    spans = [share - low, high - share]
    axes.errorbar(p, share, spans, fmt="o", color=BLUE, ecolor=GREY, elinewidth=1.2, label="rows")
    least, most = float(min(p.min(), low.min())), float(max(p.max(), high.max()))
    if most - least > 0.5:
        least, most = 0.0, 1.0
    room = 0.02 if most - least == 1.0 else 0.06 * (most - least) + 1e-3  # a rare class: its corner
    ends = (least - room, most + room)
    axes.set(xlim=ends, ylim=ends, aspect="equal")
    axes.legend(frameon=False, loc="upper left")
    save_figure(figure, path)
