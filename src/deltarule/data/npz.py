"""NPZ files: X and T as arrays, looked at before anything is loaded and never unpickled."""

from __future__ import annotations

import math
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.errors import DataError
from deltarule.data.arrays import from_arrays
from deltarule.data.memory import require, size
from deltarule.data.table import Table

__all__ = ["read_npz"]

_SUFFIX = ".npy"
_NUMBER_BYTES = 16
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, RuntimeError)


def read_npz(path: Path, source: str) -> Table:
    """Read the arrays X (rows, inputs) and, if it is there, T of an NPZ file.

    The headers are checked first: the type must be a real number (object arrays are refused
    unread, complex numbers too), and a member must hold exactly the bytes that its header claims.
    Raises `DataError`, or `ResourceError` for an array that would not fit into memory.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = {name.removesuffix(_SUFFIX): name for name in archive.namelist()}
            if "X" not in members:
                found = ", ".join(sorted(members)) or "none"
                raise DataError(
                    f"{source}: there is no array X. Its arrays: {found}. Save the data with "
                    "numpy.savez(file, X=inputs, T=targets)."
                )
            keys = [key for key in ("X", "T") if key in members]
            require(source, sum(_claimed(archive, members[key], source, key) for key in keys))
            arrays = {key: _load(archive, members[key]) for key in keys}
    except _DAMAGED as error:
        if isinstance(error, DataError):
            raise
        raise DataError(
            f"{source}: this is not an NPZ file, or it is damaged ({error}). Save it again."
        ) from error
    table = from_arrays(source, arrays["X"], arrays.get("T"))
    extra = sorted(set(members) - {"X", "T"})
    if not extra:
        return table
    note = f"only X and T are read; left out: {', '.join(extra)}"
    return Table(
        source, table.columns, table.targets, notes=(*table.notes, note), locate=table.locate
    )


def _claimed(archive: zipfile.ZipFile, member: str, source: str, key: str) -> float:
    """Check the header of one member and return the bytes of memory that its numbers need."""
    with archive.open(member) as file:
        version = np.lib.format.read_magic(file)
        if version == (1, 0):
            shape, _, dtype = np.lib.format.read_array_header_1_0(file)
        elif version == (2, 0):
            shape, _, dtype = np.lib.format.read_array_header_2_0(file)
        else:
            raise ValueError(f"{key} has NPY version {version}")
        if dtype.kind not in "biuf":
            kind = "Python objects, which are never unpickled" if dtype.hasobject else str(dtype)
            raise DataError(
                f"{source}, {key}: the values are of type {kind}, not real numbers. Save numbers: "
                "float64, float32, integers or truth values."
            )
        claimed = math.prod(shape) * dtype.itemsize
        held = archive.getinfo(member).file_size - file.tell()
    if claimed != held or any(length < 0 for length in shape):
        raise DataError(
            f"{source}, {key}: the file is damaged: its header claims an array of shape {shape} "
            f"and {size(claimed)}, and it holds {size(held)}. Save it again."
        )
    return float(claimed + _NUMBER_BYTES * math.prod(shape))


def _load(archive: zipfile.ZipFile, member: str) -> NDArray[Any]:
    with archive.open(member) as file:
        array: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
    return array
