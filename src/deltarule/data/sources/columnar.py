"""Parquet, Arrow and DuckDB files, through their libraries in a process of its own: typed columns.

A damaged file can make the library end the process or ask for any amount of memory, and no check
beforehand can be sure that it will not. So a child reads the file (`child.py`), and plain numbers
come back; how the child ended is all that can happen.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np

from deltarule.core.errors import DataError, ResourceError, UsageError
from deltarule.core.machine import require
from deltarule.data.options import Options
from deltarule.data.table import Column, Table, not_named, option

DUCKDB = "DuckDB"

COLUMNAR = {
    ".parquet": "Parquet",
    **dict.fromkeys((".feather", ".arrow", ".ipc"), "Arrow"),
    **dict.fromkeys((".duckdb", ".ddb"), DUCKDB),
}
"""Endings of files that hold typed columns, and what such a file is called."""

_MAGIC = {"Parquet": b"PAR1", "Arrow": b"ARROW1"}
_ENCRYPTED = b"PARE"
_SMALLEST = 12
_NUMBER_BYTES = 24
_TEXT_BYTES = 60
_EXPANSION = 4
_CHILD = Path(__file__).with_name("child.py")


def is_duckdb(path: Path) -> bool:
    """Say whether a file is a DuckDB database, whatever it is called."""
    with path.open("rb") as file:
        return file.read(12)[8:] == b"DUCK"


def read_columnar(path: Path, source: str, options: Options, inside: str = "") -> Table:
    """Read a Parquet or Arrow file. Nulls are missing, and so is NaN; text is taken as it is.

    `inside` is the table or the query of a DuckDB database.

    Raises `DataError` for a damaged file and for columns of another type (lists, records, ...),
    `UsageError` where it has to be said which table is meant, `ResourceError` if the table would
    not fit into memory.
    """
    kind = COLUMNAR.get(path.suffix.lower(), DUCKDB)
    if kind != DUCKDB:
        _check_ends(path, source, kind)
    with child_of(path, source, kind, *([inside] if kind == DUCKDB else [])) as child:
        assert child.stdin is not None
        said = answer(child, source, kind)
        if kind == DUCKDB:
            _check_answer(said, source, inside)
        rows, columns = said["rows"], said["columns"]
        options.check_names(source, [name for name, *_ in columns])
        kept, notes = _kept(columns, source, options)
        if not rows:
            raise DataError(f"{source}: there are columns and no row of data. Add rows of data.")
        texts = sum(kind == "text" for kind, _ in kept.values())
        needed = rows * (_NUMBER_BYTES * (len(kept) - texts) + _TEXT_BYTES * texts)
        require(source, needed + (_EXPANSION * path.stat().st_size if texts else 0))
        child.stdin.write(json.dumps(list(kept)).encode() + b"\n")
        child.stdin.flush()
        found = tuple(
            _column(child, (source, kind), rows, name, *described)
            for name, described in kept.items()
        )
    return Table(source, found, notes=tuple(notes))


def _check_answer(said: dict[str, Any], source: str, inside: str) -> None:
    """Refuse where DuckDB is not there, or where it has to be said which table is meant."""
    if "absent" in said:
        raise UsageError(
            f"{source}: reading DuckDB needs the package duckdb. Install it with `pip install "
            "'deltarule[duckdb]'`."
        )
    if "tables" in said:
        raise not_named("table", source, inside, said["tables"])


def _check_ends(path: Path, source: str, kind: str) -> None:
    """Refuse at no cost what is no such file: both ends have its mark."""
    held, mark = path.stat().st_size, _MAGIC[kind]
    with path.open("rb") as file:
        first = file.read(len(mark))
        file.seek(max(0, held - 4 - len(mark)))
        length, last = int.from_bytes(file.read(4), "little"), file.read()
    if last == _ENCRYPTED:
        raise DataError(f"{source}: the file is encrypted. Save it without encryption.")
    if held < _SMALLEST or first != mark or last != mark or length > held - _SMALLEST:
        raise _damaged(source, kind, "it does not begin and end as one")


def _kept(
    columns: list[Any], source: str, options: Options
) -> tuple[dict[str, tuple[Any, str]], list[str]]:
    """Return kind and writing of the columns to be read, and notes on those left out."""
    kept, notes = {}, []
    for name, kind, written, dtype in columns:
        if kind is not None and options.keeps(name):
            kept[name] = kind, written
        elif kind is None and options.used(name) and options.keeps(name):
            raise DataError(
                f"{source}: column {name!r} is of type {dtype}, which is neither numbers nor truth "
                f"values nor text nor dates. Leave it out with {option('drop', name)}, or save it "
                "as one of these."
            )
        elif kind is None:
            notes.append(f"column {name!r} of type {dtype} was left out")
    if not kept:
        raise UsageError(f"{source}: there is no column left. Keep at least one.")
    return kept, notes


@contextmanager
def child_of(path: Path, source: str, kind: str, *more: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start the child that reads a file of this kind; it ends with the block, whatever happens."""
    import psutil

    memory = str(psutil.virtual_memory().available)
    where = os.pathsep.join(p for p in sys.path if p)
    child = subprocess.Popen(
        [sys.executable, str(_CHILD), kind, str(path.absolute()), memory, *more],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": where, "PYTHONUTF8": "1"},
    )
    try:
        yield child
    except BrokenPipeError as error:  # it ended before it was asked: perhaps it said why
        answer(child, source, kind)
        raise _ended(child, source, kind) from error
    finally:
        child.kill()
        with contextlib.suppress(BrokenPipeError):  # what was not sent is not wanted any more
            child.__exit__(None, None, None)


def answer(child: subprocess.Popen[bytes], source: str, kind: str) -> dict[str, Any]:
    """Return what the child says next; raises `DataError` for its errors and its end."""
    assert child.stdout is not None
    line = child.stdout.readline()
    if not line.endswith(b"\n"):
        raise _ended(child, source, kind)
    said: dict[str, Any] = json.loads(line)
    if "error" in said:
        raise _damaged(source, kind, said["error"])
    return said


def _column(
    child: subprocess.Popen[bytes],
    what: tuple[str, str],
    rows: int,
    name: str,
    kind: Any,
    written: str,
) -> Column:
    said = answer(child, *what)
    assert child.stdout is not None
    values = np.frombuffer(_bytes(child.stdout, said["bytes"]), said["dtype"])
    if values.nbytes < said["bytes"]:
        raise _ended(child, *what)
    if len(values) != rows:
        raise _damaged(*what, f"column {name!r} has {len(values):,} rows of {rows:,}")
    return Column(name, kind, values, tuple(said["categories"]), written=written or "number")


def _bytes(stream: IO[bytes], count: int) -> bytearray:
    """Return so many bytes, fewer where the stream ends."""
    found = bytearray(count)
    view, done = memoryview(found), 0
    while done < count and (step := stream.readinto(view[done:])):  # type: ignore[attr-defined]
        done += step
    return found if done == count else bytearray()


def _ended(child: subprocess.Popen[bytes], source: str, kind: str) -> DataError | ResourceError:
    """Return the error for a child that ended without an answer."""
    status = child.wait()
    reason = signal.Signals(-status).name if status < 0 else f"status {status}"
    return _damaged(
        source, kind, f"reading it ended the reader: {reason}; or it needs more memory than is free"
    )


def _damaged(source: str, kind: str, reason: str) -> DataError:
    if kind == DUCKDB:
        return DataError(
            f"{source}: the database does not answer ({reason}). Correct the query or file."
        )
    article = "an" if kind[0] in "AE" else "a"
    return DataError(
        f"{source}: this is not {article} {kind} file, or it is damaged ({reason}). Save it again."
    )
