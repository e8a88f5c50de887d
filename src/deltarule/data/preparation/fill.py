"""Rows of a table written as numbers into an array, a block of rows at a time.

Blocks keep the work in the processor's cache and the temporaries small: the only array of the
data's size is the one that is filled.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.errors import DataError
from deltarule.data.preparation.scale import Scaler
from deltarule.data.table import Column, Table

_BLOCK_CELLS = 1 << 16
_BLOCK_ROWS = 16  # at least: every column of a block costs a step of Python

Fitted = tuple[NDArray[np.intp], Scaler, NDArray[np.float64], Sequence[tuple[str, ...]]]


def fill_rows(
    out: NDArray[Any],
    table: Table,
    columns: Sequence[Column],
    lookups: Sequence[NDArray[np.intp]],
    fitted: Fitted,
) -> None:
    """Write the encoded rows into `out`, shape (rows, inputs).

    `fitted` holds the rows, the scaler and fill values of the numeric columns, and the categories.
    Raises `DataError` for a number that is too large once it is scaled.
    """
    rows, scaler, fill, categories = fitted
    step = max(_BLOCK_ROWS, _BLOCK_CELLS // max(1, out.shape[1]))
    widths = [max(1, len(some)) for some in categories]
    starts = np.cumsum([0, *widths])
    numeric = [int(s) for s, c in zip(starts, columns, strict=False) if c.kind == "numeric"]
    for first in range(0, len(rows), step):
        index = rows[first : first + step]
        block = np.zeros((len(index), out.shape[1]))
        for column, start, lookup in zip(columns, starts, lookups, strict=False):
            values = column.values[index]
            if column.kind == "numeric":
                block[:, start] = values
            else:
                codes = lookup[values]
                known = np.flatnonzero(codes >= 0)
                block[known, start + codes[known]] = 1.0
        numbers = block[:, numeric]
        np.copyto(numbers, fill, where=np.isnan(numbers))
        with np.errstate(over="ignore"):
            block[:, numeric] = scaler.transform(numbers)
            out[first : first + step] = block
        if not np.all(np.isfinite(out[first : first + step])):
            raise _too_large(table, columns, (index, out[first : first + step], starts))


def _too_large(
    table: Table,
    columns: Sequence[Column],
    block: tuple[NDArray[np.intp], NDArray[Any], NDArray[np.intp]],
) -> DataError:
    index, values, starts = block
    row, position = (int(i[0]) for i in np.nonzero(~np.isfinite(values)))
    name = columns[int(np.searchsorted(starts, position, side="right")) - 1].name
    value = float(table[name].values[index[row]])
    return DataError(
        f"{table.place(int(index[row]), name)}: {value:g} is too large for {values.dtype} once "
        f"column {name!r} is scaled. Correct the cell, use another unit, or `--dtype float64`."
    )
