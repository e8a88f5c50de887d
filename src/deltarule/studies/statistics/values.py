"""What is read off a run: one number, and whether less of it is better."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import polars as pl

LAYERWISE = {
    "slope": "Mean |f'| by layer, |f'|",
    "saturated": "Saturated by layer, share of the nodes",
    "delta_angle": "Angle of delta to the chain rule's by layer, degrees",
    "weight_angle": "Angle of B to W by layer, degrees",
    "gradient_angle": "Angle of dE/dw to the gradient by layer, degrees",
}
"""What is measured of every layer of a run, and how it is told."""


@dataclass(frozen=True)
class Measure:
    """A number of every run."""

    name: str
    says: str
    """What it is, in a sentence."""
    lower_is_better: bool
    percent: bool = False
    """Whether it is told in percentage points."""

    def values(self, cell: pl.DataFrame, horizon: int) -> NDArray[np.float64]:
        """Return a number per run of a cell; NaN where a run diverged and has none."""
        if self.name == "solved":
            return cell["solved"].to_numpy().astype(float)
        if self.name == "epochs":
            times, solved = time_of(cell, horizon)
            return np.where(solved, times, float(horizon))
        return cell[self.name].cast(float).to_numpy().astype(float)


def time_of(cell: pl.DataFrame, horizon: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return every run's epochs until it was solved, or how long it was seen unsolved.

    A run that diverged or gave up (`patience`) will never be solved: it counts to the horizon. One
    that was cut off by the clock (`max_seconds`) is known for its epochs alone.
    """
    solved = cell["solved"].fill_null(False).to_numpy().astype(bool)
    epochs = cell["epochs"].to_numpy().astype(float)
    cut = (cell["stopped"] == "max_seconds").to_numpy()
    return np.where(solved | cut, epochs, float(horizon)), solved


MEASURES = {
    m.name: m
    for m in (
        Measure("solved", "share of runs solved", False, True),
        Measure("epochs", "epochs until solved, at most the limit", True),
        Measure("error", "E at the end", True),
        Measure("validation_error", "E of the held-out samples at the end", True),
        Measure("accuracy", "accuracy at the end", False, True),
        Measure("validation_accuracy", "accuracy of the held-out samples at the end", False, True),
        Measure("reach", "steps back in time that the gradient reaches", False),
    )
}
