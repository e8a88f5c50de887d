"""Rows of a table as a model sees them: encoded inputs and targets, for a look inside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.errors import UsageError
from deltarule.models.model import Model

__all__ = ["observations"]


def observations(
    model: Model, data: Any, rows: Sequence[int]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (X, T) in float64 for some rows of `data`, counted from 1.

    `data` is what `Model` takes, and has to hold the target.

    Raises `UsageError` for a row that does not exist, and what reading the data raises.
    """
    table = model.table(data, targets=True)
    for row in rows:
        if not 1 <= row <= table.rows:
            raise UsageError(f"{table.source} has no row {row}; its rows are 1 to {table.rows:,}")
    index = np.array([row - 1 for row in rows])
    X = model.inputs.transform(table, index, np.dtype(np.float64), unknown="error")
    return X, model.targets.transform(table, index, np.dtype(np.float64))
