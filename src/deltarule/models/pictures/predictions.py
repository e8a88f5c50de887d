"""predictions.png: predicted against true values, and how the differences are spread."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.style import BLUE, GREY, ORANGE, new_figure, plain, quiet_axes, save_figure
from deltarule.models.metrics import mean_outputs, r2_of
from deltarule.models.model import Model

_TARGETS = 4
"""As many targets are drawn, one row of two pictures each."""

_POINTS = 5000
"""As many rows are drawn as points."""

_PLAIN = (-4, 5)
"""Powers of ten between which numbers are written without an exponent."""


def draw_predictions(model: Model, X: NDArray[Any], T: NDArray[Any], part: str, path: Path) -> None:
    """Draw predicted against true values in the target's own units, with the differences."""
    y = model.targets.inverse(mean_outputs(model.network, model.weights, X))
    true = model.targets.inverse(T)
    shown = min(_TARGETS, y.shape[1])
    figure = new_figure(9.6, 4.6 * shown)
    axes = figure.subplots(shown, 2, squeeze=False, width_ratios=(1.25, 1))
    for k in range(shown):
        name = plain(model.targets.names[k])
        _against(axes[k, 0], y[:, k], true[:, k], name, part)
        _differences(axes[k, 1], y[:, k] - true[:, k], name)
    if shown < y.shape[1]:
        figure.suptitle(f"The first {shown} of {y.shape[1]} targets", fontsize=11)
    save_figure(figure, path)


def _against(
    axes: Any, y: NDArray[np.float64], T: NDArray[np.float64], name: str, part: str
) -> None:
    r2 = r2_of(y[:, None], T[:, None])
    value = f"R² = {r2:.3f}" if np.isfinite(r2) else "R² is not defined"
    title = f"{value} on {len(y)} {part} rows"
    quiet_axes(axes, title, x=f"true {name}", y=f"predicted {name}")
    step = -(-len(y) // _POINTS)
    low, high = float(min(y.min(), T.min())), float(max(y.max(), T.max()))
    margin = 0.04 * (high - low or 1.0)
    limits = (low - margin, high + margin)
    axes.plot(limits, limits, "--", color=GREY, linewidth=1.2, label="predicted = true")
    alpha = 0.75 if len(y) < 500 else 0.35
    axes.plot(T[::step], y[::step], "o", color=BLUE, alpha=alpha, markersize=4, markeredgewidth=0)
    axes.set_xlim(limits)
    axes.set_ylim(limits)
    axes.ticklabel_format(scilimits=_PLAIN)
    axes.set_aspect("equal", adjustable="box")
    axes.legend(frameon=False, loc="upper left")


def _differences(axes: Any, errors: NDArray[np.float64], name: str) -> None:
    from matplotlib.ticker import MaxNLocator

    title = f"Differences, RMSE {np.sqrt(np.mean(np.square(errors))):.4g}"
    quiet_axes(axes, title, x=f"predicted - true {name}", y="rows", size=12)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6))
    axes.ticklabel_format(axis="x", scilimits=_PLAIN)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    bins = int(np.clip(2 * np.cbrt(len(errors)), 5, 60))
    axes.hist(errors, bins=bins, color=BLUE, alpha=0.8, edgecolor="white", linewidth=0.6)
    axes.axvline(0.0, color=GREY, linewidth=1.2, linestyle="--")
    mean = float(errors.mean())
    axes.axvline(mean, color=ORANGE, linewidth=1.6, label=f"mean {mean:.3g}")
    axes.legend(frameon=False)
