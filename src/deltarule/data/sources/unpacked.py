"""Compressed files and standard input, written out into a temporary folder before they are read.

The folder stays as long as the table may have to say where a cell stood. What comes out may not be
larger than the memory and the disk that are free: a small file can unpack to any size.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import shutil
import sys
import tempfile
import weakref
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import IO, Any

from deltarule.core.errors import DataError, DeltaruleError, ResourceError, UsageError
from deltarule.core.machine import size
from deltarule.data.table import Locator, Table

_BLOCK = 1 << 20


def _zstandard(path: Path) -> Any:
    try:
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
    except ImportError:
        raise UsageError(
            f"{path.name}: reading .zst needs the package backports.zstd. Install it with `pip "
            "install 'deltarule[zstd]'`, or unpack the file first."
        ) from None
    return zstd.open(path, "rb")


COMPRESSED: dict[str, Callable[[Path], Any]] = {
    ".gz": gzip.GzipFile,
    ".bz2": bz2.BZ2File,
    ".xz": lzma.LZMAFile,
    ".zst": _zstandard,
}
"""How compressed files are opened, by their ending."""


class Folder:
    """A temporary folder that is removed with this object, at the latest with the process."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="deltarule-"))
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


def _located(
    locate: Locator, folder: Folder, cells: Sequence[tuple[int, str]]
) -> list[tuple[str, str]]:
    """Return what a locator says that looks in the folder, and keeps it."""
    return locate(cells)


def held(table: Table, folder: Folder) -> Table:
    """Return the table with the folder kept for as long as it is."""
    if table.locate is None:
        return table
    return replace(table, locate=partial(_located, table.locate, folder))


class Limited:
    """A file to write to, until there is as much as fits. Raises `ResourceError` then."""

    def __init__(self, file: IO[Any], source: str, folder: Path) -> None:
        import psutil

        self.file, self.source = file, source
        self.room = self.left = min(
            psutil.virtual_memory().available, shutil.disk_usage(folder).free
        )

    def write(self, data: Any) -> int:
        """Write bytes or text, and count them."""
        self.left -= len(data)
        if self.left < 0:
            raise ResourceError(
                f"{self.source}: written out it is larger than the {size(self.room)} that are "
                "free. Use fewer rows, or a machine with more memory and disk."
            )
        return int(self.file.write(data))


def unpack(path: Path, out: Path, source: str) -> None:
    """Write what a compressed file holds. Raises `DataError` for a damaged one."""
    try:
        with COMPRESSED[path.suffix.lower()](path) as packed:
            _copy(packed, out, source)
    except DeltaruleError:
        raise
    except Exception as error:  # each library has errors of its own for a damaged file
        raise DataError(
            f"{source}: this is not a {path.suffix} file, or it is damaged ({error}). Pack it "
            "again."
        ) from None


@cache
def standard_input() -> Folder:
    """Return the folder with what came through standard input, which can be read only once."""
    folder = Folder()
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError(
            "standard input is a keyboard, not a table. Send a file into the command: `... - < "
            "people.csv`."
        )
    _copy(sys.stdin.buffer, folder.path / "stdin", "standard input")
    return folder


def _copy(stream: IO[bytes], out: Path, source: str) -> None:
    with out.open("wb") as file:
        shutil.copyfileobj(stream, Limited(file, source, out.parent), _BLOCK)
