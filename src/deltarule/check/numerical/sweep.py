"""A sweep of step lengths: the V of truncation and rounding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from deltarule.check.numerical.around import Around
from deltarule.check.numerical.formulas import COMPLEX, FORMULAS
from deltarule.core.arrays import Array
from deltarule.core.errors import UsageError
from deltarule.core.style import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    new_figure,
    plain,
    quiet_axes,
    save_figure,
)

_STEPS = 10.0 ** np.arange(-16.0, 0.01, 0.25)
_LEAST = 1e-17
_LOOK: dict[str, tuple[str, Any]] = {
    "forward": (ORANGE, (0, (5, 1.5))),
    "central": (BLUE, "-"),
    "five_point": (GREEN, (0, (5, 1.5, 1, 1.5))),
    "richardson": (GREY, (0, (2, 1))),
    "complex": ("black", ":"),
}
"""Colour and line of every method: the lines differ too."""


@dataclass(frozen=True, eq=False)
class Sweep:
    """The derivative at one entry by every method, for steps of many lengths."""

    entry: str
    got: float
    """The gradient's entry."""
    steps: Array
    slopes: dict[str, Array]
    """Per method, the derivative for every step."""

    def errors(self, method: str) -> Array:
        """Return |slope - got| for every step.

        Where the gradient is right they form a V: truncation on the right, rounding on the left.
        Where it is wrong they end on a plateau, at the size of the mistake.
        """
        if method not in self.slopes:
            raise UsageError(f"the sweep has {', '.join(self.slopes)}, not {method!r}")
        return np.abs(self.slopes[method] - self.got)

    def plot(self, path: str | Path, *, force: bool = False) -> Path:
        """Draw error against step, both logarithmic, as a PNG; return its path.

        Raises `UsageError` for a file that is no picture of ours, unless `force` is given.
        """
        figure = new_figure(7.2, 4.6)
        axes = figure.subplots()
        quiet_axes(axes)
        size = abs(self.got) or 1.0
        for method in self.slopes:
            colour, line = _LOOK[method]
            y = np.maximum(self.errors(method) / size, _LEAST)
            axes.loglog(self.steps, y, color=colour, linestyle=line, label=method, linewidth=1.8)
        axes.set(
            xlabel="step h", ylabel="|numerical derivative - gradient| / |gradient|",
        )  # fmt: skip
        axes.set_title(f"{plain(self.entry)}: the gradient says {self.got:.6g}", loc="left",
                       fontsize=11)  # fmt: skip
        axes.legend(frameon=False, loc="best")
        save_figure(figure, Path(path), force=force, option="--sweep")
        return Path(path)


def sweep(
    around: Around, index: int, name: str, got: float, takes_complex: bool,
    steps: Sequence[float] | None,
) -> Sweep:  # fmt: skip
    """Return the derivative of one entry by every method and step; h is taken as it is given."""
    lengths = _STEPS if steps is None else np.asarray(steps, dtype=np.float64)
    if lengths.ndim != 1 or not np.all((lengths > 0) & np.isfinite(lengths)):
        raise UsageError("steps is a list of positive numbers")
    entries = np.full(len(lengths), index)
    with np.errstate(all="ignore"):
        found = {n: f.slopes(around, entries, lengths) for n, f in FORMULAS.items()}
        if takes_complex:
            found[COMPLEX] = around.moved(entries, 1j * lengths).imag / lengths
    return Sweep(name, got, lengths, found)
