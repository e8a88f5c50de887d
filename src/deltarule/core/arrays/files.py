"""NPY and NPZ files of numbers: their headers are looked at before anything is read.

A header is written by whoever made the file, and may claim any shape. Here it has to parse, the
type has to be a number (objects would have to be unpickled, which runs code), the file has to hold
exactly what is claimed, and the memory for it has to be free.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.errors import DeltaruleError, FileError
from deltarule.core.files import unreadable
from deltarule.core.machine import require, size

_SUFFIX = ".npy"
_NUMBERS = "biufc"
_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def read_npy(path: Path, error: type[DeltaruleError] = FileError) -> NDArray[Any]:
    """Return the array of an NPY file.

    Raises `error` for a file that cannot be opened, is damaged or holds no numbers, and
    `ResourceError` for an array that would not fit into memory.
    """
    reason = unreadable(path)
    if reason is not None:
        raise error(f"{path}: {reason}.")
    with path.open("rb") as file:
        held = path.stat().st_size
        require(str(path), _claimed(file, held, str(path), error)[1], "reading it", "Save less")
        file.seek(0)
        return _array(file)


class ArrayFile(Mapping[str, NDArray[Any]]):
    """The arrays of an NPZ file by name, each read when it is asked for.

    Args:
        path: the file.
        error: what is raised for a file that cannot be used, with the file and the array named.
    """

    def __init__(self, path: Path, error: type[DeltaruleError] = FileError) -> None:
        self.path, self._error = path, error
        reason = unreadable(path)
        if reason is not None:
            raise error(f"{path}: {reason}.")
        with self._opened() as archive:
            names = archive.namelist()
        self._members = {name.removesuffix(_SUFFIX): name for name in names}
        if len(self._members) < len(names):
            twice = next(n for n in names if self._members[n.removesuffix(_SUFFIX)] is not n)
            raise error(f"{path}: there are two arrays called {twice.removesuffix(_SUFFIX)!r}.")

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __contains__(self, name: object) -> bool:
        return name in self._members  # a mapping's own would read the array

    def __len__(self) -> int:
        return len(self._members)

    def __getitem__(self, name: str) -> NDArray[Any]:
        member = self._members[name]
        with self._opened(name) as archive, archive.open(member) as file:
            needed = self._header(archive, file, name)[1]
            require(str(self.path), needed, f"the array {name}", "Save less")
            with archive.open(member) as again:
                return _array(again)

    def header(self, name: str) -> tuple[np.dtype[Any], int]:
        """Return the type of an array's values and its size in bytes, without reading it."""
        with self._opened(name) as archive, archive.open(self._members[name]) as file:
            return self._header(archive, file, name)

    def _header(
        self, archive: zipfile.ZipFile, file: IO[bytes], name: str
    ) -> tuple[np.dtype[Any], int]:
        held = archive.getinfo(self._members[name]).file_size
        return _claimed(file, held, f"{self.path}, {name}", self._error)

    @contextmanager
    def _opened(self, name: str = "") -> Iterator[zipfile.ZipFile]:
        where = f"{self.path}, {name}" if name else str(self.path)
        try:
            with zipfile.ZipFile(self.path) as archive:
                yield archive
        except (DeltaruleError, MemoryError):
            raise
        except Exception as found:  # whatever zipfile and zlib make of bytes that are damaged
            raise self._error(
                f"{where}: this is not an NPZ file, or it is damaged ({_said(found)}). Save it "
                "again with numpy.savez."
            ) from found


def _claimed(
    file: IO[bytes], held: int, where: str, error: type[DeltaruleError]
) -> tuple[np.dtype[Any], int]:
    """Return the type and the bytes of the array that a header claims, once both can be so."""
    try:
        major, minor = np.lib.format.read_magic(file)
        if (major, minor) not in _HEADERS:  # 3.0 is for records with named fields
            raise ValueError(f"NPY version {major}.{minor}")
        shape, _, dtype = _HEADERS[major, minor](file)
        count = math.prod(shape)
    except Exception as found:  # whatever NumPy's parser makes of a header that is none
        raise error(
            f"{where}: this is not an array as NumPy saves it, or it is damaged ({_said(found)}). "
            "Save it again."
        ) from found
    if dtype.kind not in _NUMBERS or dtype.hasobject:
        kind = "Python objects, which are never unpickled" if dtype.hasobject else str(dtype)
        raise error(
            f"{where}: the values are of type {kind}, not numbers. Save numbers: float64, float32, "
            "integers or truth values."
        )
    claimed, there = count * dtype.itemsize, held - file.tell()
    if claimed != there or any(length < 0 for length in shape):
        raise error(
            f"{where}: the file is damaged: its header claims an array of shape {shape} and "
            f"{size(claimed)}, and it holds {size(there)}. Save it again."
        )
    return dtype, claimed


def _array(file: IO[bytes]) -> NDArray[Any]:
    found: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
    return found


def _said(error: BaseException) -> str:
    """Return an error's text, on one line and short, or its type."""
    return " ".join(str(error).split())[:200] or type(error).__name__
