"""What mattered in a search: a panel per setting, a point per trial."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from deltarule.core.style import (
    BLUE,
    ORANGE,
    log_ticks,
    new_figure,
    plain,
    save_figure,
    small_panels,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from deltarule.studies.tuning.tuned import Tuned

_COLUMNS = 3


def draw(tuned: Tuned, path: Path, *, force: bool) -> None:
    """Write the picture; the panels stand in the order of what they account for."""
    shares = tuned.mattered
    figure = new_figure(10.0, 1.0 + 2.7 * -(-len(shares) // _COLUMNS))
    grid = small_panels(figure, [""] * len(shares), _COLUMNS, y="E of held-out rows")
    table = tuned.table
    epochs, E = int(table["first_epochs"][0]), table["first_error"].to_numpy()
    low, middle = np.quantile(E, [0.0, 0.5], method="lower")
    most = middle + 4.0 * (middle - low)  # what is far above would hide all else
    most = most if np.isfinite(most) else np.max(E[np.isfinite(E)], initial=low)
    shown, out = np.minimum(E, most), most < E
    for axes, (name, share) in zip(grid, shares.items(), strict=True):
        x = _axis(axes, name, table[name].to_list())
        axes.plot(x, shown, "o", color=BLUE, markersize=4, alpha=0.5, markeredgewidth=0)
        axes.plot(x[out], shown[out], "^", color=BLUE, markersize=6, markeredgewidth=0)
        axes.plot(x[:1], shown[:1], "o", color=ORANGE, markersize=8, label="the winner")
        told = "cannot be told" if share is None else f"{100 * share:.0f} %"
        axes.set_title(f"{plain(name.replace('_', ' '))}: {told}", loc="left", fontsize=10.5)
        if shown.min() > 0.0:
            axes.set_yscale("log")
            log_ticks(axes.yaxis, "{x:g}")
    lost = int(out.sum())
    more = f"; {lost} above {most:.3g} or diverged (triangles)" if lost else ""
    figure.suptitle(
        f"{len(E)} trials after {epochs} epochs{more}\n%: the share of the ranks' variance that a "
        "setting accounts for",
        x=0.02, ha="left", fontsize=11,
    )  # fmt: skip
    figure.legend(*grid[0].get_legend_handles_labels(), frameon=False, fontsize=9,
                  loc="upper right")  # fmt: skip
    save_figure(figure, path, force=force)


def _axis(axes: Axes, name: str, values: list[Any]) -> Any:
    """Return where each trial stands, and write the axis: rates by size, all else by value."""
    rates = [v for v in values if v is not None]
    if name == "lr" and rates:
        axes.set_xscale("log")
        return np.array([np.nan if v is None else v for v in values], float)
    levels = sorted(set(values), key=lambda v: (v is None, v))
    told = ["all" if v is None else f"{v:g}" if isinstance(v, float) else str(v) for v in levels]
    axes.set_xticks(range(len(levels)), [plain(text) for text in told], fontsize=8.5,
                    rotation=35 if len(levels) > 5 else 0)  # fmt: skip
    axes.set_xlim(-0.5, len(levels) - 0.5)
    spread = np.random.default_rng(0).uniform(-0.2, 0.2, len(values))
    return np.array([levels.index(v) for v in values]) + spread
