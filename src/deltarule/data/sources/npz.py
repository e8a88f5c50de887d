"""NPZ files as tables: X and T as arrays, of rows or of sequences."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from deltarule.core.arrays.files import ArrayFile
from deltarule.core.errors import DataError
from deltarule.core.machine import require
from deltarule.data.sources.arrays import from_arrays
from deltarule.data.sources.steps import from_steps
from deltarule.data.table import Table

_NUMBER_BYTES = 16


def read_npz(path: Path, source: str) -> Table:
    """Read the arrays X (rows, inputs) and, if it is there, T of an NPZ file.

    X may hold sequences, (rows, time, features), with their `lengths` if these differ.

    Raises `DataError` for a damaged file and for values that are no real numbers, and
    `ResourceError` where the table would not fit into memory.
    """
    arrays = ArrayFile(path, DataError)
    if "X" not in arrays:
        found = ", ".join(sorted(arrays)) or "none"
        raise DataError(
            f"{source}: there is no array X. Its arrays: {found}. Save the data with "
            "numpy.savez(file, X=inputs, T=targets)."
        )
    keys = [key for key in ("X", "T") if key in arrays]
    require(source, sum(_needed(arrays, key) for key in keys))
    x, used = arrays["X"], {"X", "T"}
    if x.ndim == 3:
        used |= {"lengths"}
        table = from_steps(source, x, arrays.get("T"), arrays.get("lengths"))
    else:
        table = from_arrays(source, x, arrays.get("T"))
    extra = sorted(set(arrays) - used)
    if not extra:
        return table
    note = f"only X and T are read; left out: {', '.join(extra)}"
    return replace(table, notes=(*table.notes, note))


def _needed(arrays: ArrayFile, key: str) -> float:
    """Return the bytes of memory that reading an array and its table take."""
    dtype, claimed = arrays.header(key)
    if dtype.kind == "c":
        raise DataError(
            f"{arrays.path}, {key}: the values are of type {dtype}, not real numbers. Save "
            "numbers: their real part, or their size."
        )
    return claimed + _NUMBER_BYTES * claimed / dtype.itemsize
