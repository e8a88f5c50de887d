"""confusion.png: which classes are taken for which."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.style import new_figure, plain, save_figure
from deltarule.models.metrics import class_numbers, confusion, mean_outputs
from deltarule.models.model import Model

_CELL = 0.46
_LEAST, _MOST = 4.6, 15.0
_LETTER = 0.07
_LONGEST = 18
_NUMBERS_UP_TO = 40


def draw_confusion(model: Model, X: NDArray[Any], T: NDArray[Any], part: str, path: Path) -> None:
    """Draw counts of true against predicted classes, each row coloured by its shares."""
    names = [plain(_short(name)) for name in model.targets.classes]
    counts = counts_of(model, X, T)
    longest = max(map(len, names))
    side = min(_MOST, max(_LEAST, 2.2 + _CELL * len(names) + _LETTER * longest))
    figure = new_figure(side + 1.1, side, layout="compressed")
    axes = figure.add_subplot()
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    image = axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0)
    right = int(np.trace(counts))
    axes.set_title(
        f"accuracy {right / len(T):.3f}\n{right:,} of {len(T):,} {part} rows are right",
        loc="left",
        fontsize=11,
    )
    places = np.arange(len(names))
    size = 10 if len(names) <= 15 else 8
    axes.set_xticks(places, names, fontsize=size, **_turned(longest, len(names)))
    axes.set_yticks(places, names, fontsize=size)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    axes.tick_params(length=0)
    axes.set_xticks(places[:-1] + 0.5, minor=True)
    axes.set_yticks(places[:-1] + 0.5, minor=True)
    axes.grid(which="minor", color="#D0D0D0", linewidth=0.6)
    axes.tick_params(which="minor", length=0)
    if len(names) <= _NUMBERS_UP_TO:
        _numbers(axes, counts, shares, size)
    bar = figure.colorbar(image, ax=axes, shrink=0.8, pad=0.03)
    bar.set_label("share of the true class")
    bar.outline.set_visible(False)
    save_figure(figure, path)


def counts_of(model: Model, X: NDArray[Any], T: NDArray[Any]) -> NDArray[np.intp]:
    """Return how often class i (row) was taken for class j (column)."""
    outputs = mean_outputs(model.network, model.weights, X)
    said = class_numbers(outputs, model.targets.threshold)
    return confusion(class_numbers(T), said, len(model.targets.classes))


def _numbers(axes: Any, counts: NDArray[np.intp], shares: NDArray[np.float64], size: int) -> None:
    """Write the counts into their cells, but for the zeros."""
    widest = len(str(counts.max()))
    fitting = min(size, int(26 / widest) + 2) if len(counts) > 4 else size + 1
    for i, j in np.argwhere(counts > 0):
        colour = "white" if shares[i, j] > 0.5 else "#1A1A1A"
        axes.text(j, i, str(counts[i, j]), ha="center", va="center", color=colour, fontsize=fitting)


def _turned(longest: int, count: int) -> dict[str, Any]:
    """Return how names stand under their columns: upright where they fit, else turned."""
    if longest <= 3:
        return {}
    if count > 6:
        return {"rotation": 90}
    return {"rotation": 30, "ha": "right", "rotation_mode": "anchor"}


def _short(name: str) -> str:
    """Return a long name with its middle left out: beginnings and ends tell names apart."""
    half = _LONGEST // 2
    return name if len(name) <= _LONGEST else f"{name[:half]}…{name[-half + 1 :]}"
