"""Rows on which what was written is held against the model itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from deltarule.core.arrays import Array
from deltarule.core.errors import NumericError
from deltarule.core.random import PATHS, stream
from deltarule.exchange.operations import Column, Operations
from deltarule.models import Model

ROWS = 1000
"""How many rows are tried."""

_GAPS = 0.05
"""The share of cells that are missing, where the model fills them."""

_LEAST = {"float32": 1e-6, "float64": 1e-12}
"""Differences that rounding may make, in units of the answer."""


@dataclass(frozen=True, eq=False)
class Trial:
    """Rows of cells over the range of training, with what the model answers.

    A target is right where it differs by rounding: by less than 1e-6 (1e-12 in double precision),
    or by no more than four times as much as the model's own answers differ from those of the same
    weights in double precision, in `units`.
    """

    ops: Operations
    rows: list[tuple[Any, ...]]
    answers: Array
    """(n, answers) as float64."""
    tolerance: float

    @classmethod
    def of(cls, model: Model, ops: Operations, count: int = ROWS) -> Trial:
        """Return the same rows for the same model, every time."""
        rng = stream(0, PATHS)
        cells = [_cells(column, rng, count, ops.fills) for column in ops.columns]
        rows = list(zip(*cells, strict=True))
        answers = model.outputs({c.name: x for c, x in zip(ops.columns, cells, strict=True)})
        found = cls(ops, rows, _answers(model, answers), _LEAST[str(ops.dtype)])
        X = ops.encoded(rows)  # what rounding makes of the network alone
        single, double = (model.network(model.theta.astype(d), X) for d in (ops.dtype, np.float64))
        off = np.abs(_answers(model, single) - _answers(model, double)) / found.units
        return replace(found, tolerance=max(found.tolerance, 4.0 * float(np.max(off))))

    @property
    def units(self) -> Array:
        """1 for probabilities; for a target, how far its values are from the middle at most."""
        if self.ops.classes:
            return np.ones(self.ops.answers)
        middle = 0.0 if self.ops.inverse else self.ops.offset
        away = np.abs(self.answers - middle).max(axis=0)
        return away if self.ops.inverse else np.asarray(np.maximum(away, self.ops.scale))

    def check(self, what: str, found: Any) -> float:
        """Return the largest difference; raises `NumericError` where it is more than rounding."""
        found = np.asarray(found, np.float64).reshape(self.answers.shape)
        off = np.nan_to_num(np.abs(found - self.answers) / self.units, nan=np.inf)
        row, k = (int(i) for i in np.unravel_index(np.argmax(off), off.shape))
        if not off[row, k] <= self.tolerance:
            raise NumericError(
                f"{what} answers {found[row, k]:.9g} where the model answers "
                f"{self.answers[row, k]:.9g}, for the cells {self.rows[row]}: it is not written"
            )
        return float(off[row, k])


def _cells(column: Column, rng: np.random.Generator, count: int, gaps: bool) -> list[Any]:
    gone = rng.random(count) < (_GAPS if gaps else 0.0)
    if column.categories:
        found: list[Any] = [
            column.categories[i] for i in rng.integers(len(column.categories), size=count)
        ]
    else:
        found = rng.uniform(column.least, column.most, count).tolist()
    return [None if missing else cell for missing, cell in zip(gone, found, strict=True)]


def _answers(model: Model, outputs: Array) -> Array:
    if model.targets.classes:
        return model.probabilities(outputs).astype(np.float64)
    return model.targets.inverse(outputs)
