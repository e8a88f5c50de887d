"""curves.png: training and validation error per epoch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.style import BLUE, GREEN, ORANGE, new_figure, plain, quiet_axes, save_figure
from deltarule.models.fit import Fitted

_DECADE = 10.0
"""A logarithmic scale is used where errors span more than this factor."""

_MARKERS = 30
"""Up to this many epochs, every one has a marker."""


def draw_curves(fitted: Fitted, path: Path) -> None:
    """Draw the error of every epoch, with the best epoch marked."""
    from matplotlib.ticker import MaxNLocator

    history, run = fitted.run.history, fitted.run
    figure = new_figure(7.2, 4.4)
    axes = figure.add_subplot()
    source = plain(Path(fitted.plan.table.source).name)
    quiet_axes(axes, f"Learning curves: {source}", x="epoch", y=_meaning(fitted), size=12)
    error = history.get("error", np.zeros(0))
    if not len(error):
        axes.text(0.5, 0.5, "no epoch was finished", ha="center", transform=axes.transAxes)
        axes.set_xticks([])
        axes.set_yticks([])
        save_figure(figure, path)
        return
    epochs = np.arange(1, len(error) + 1)
    few = len(epochs) <= _MARKERS
    curves = [(error, "training (mean over the epoch)", BLUE, "-", "o")]
    if "validation_error" in history:
        curves.append((history["validation_error"], "validation (after it)", ORANGE, "--", "s"))
    for values, label, colour, line, mark in curves:
        axes.plot(
            epochs,
            values,
            line,
            color=colour,
            label=label,
            linewidth=1.8,
            marker=mark if few else None,
            markersize=4,
        )
    _mark_best(axes, run.best_epoch, curves[-1][0])
    if _wide(*(c[0] for c in curves)):
        axes.set_yscale("log")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(frameon=False)
    save_figure(figure, path)


def _meaning(fitted: Fitted) -> str:
    """Return what E is: the loss, the penalty, the reduction."""
    objective = fitted.plan.objective
    name = objective.loss.name.replace("_", " ")
    penalty = f" + ½·{objective.l2:g}·|W|²" if objective.l2 else ""
    penalty += "" if objective.penalty is None else f" + {objective.penalty.name.replace('_', ' ')}"
    per = f"mean {name} per row"
    scaled = fitted.model.task == "regression" and fitted.model.targets.scaler.name != "none"
    return f"E: {per}{penalty}" + (" (scaled target)" if scaled else "")


def _mark_best(axes: Any, best: int, values: NDArray[np.float64]) -> None:
    if not 1 <= best <= len(values):
        return
    axes.axvline(best, color=GREEN, linewidth=1.2, linestyle=":")
    axes.plot(
        [best],
        [values[best - 1]],
        "*",
        color=GREEN,
        markersize=13,
        markeredgecolor="white",
        label=f"best: epoch {best}, E = {values[best - 1]:.4g}",
        zorder=5,
    )


def _wide(*curves: NDArray[np.float64]) -> bool:
    values = np.concatenate(curves)
    finite = values[np.isfinite(values)]
    return len(finite) > 0 and bool(finite.min() > 0 and finite.max() > _DECADE * finite.min())
