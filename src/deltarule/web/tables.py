"""The data of one page: bundled names, what the lab began with, and files given to the page."""

from __future__ import annotations

import base64
import binascii
import inspect
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from deltarule.core.errors import DataError, DeltaruleError, UsageError, unknown_name
from deltarule.data import GENERATED, Table, read_table
from deltarule.data.sources.unpacked import Folder, held

DATA = (
    "xor", "encoder", "parity:3", "parity:4", "moons", "circles", "two_spirals", "iris", "wine",
    "digits", "breast_cancer", "diabetes", "teacher:5,3",
)  # fmt: skip
"""Bundled data that a page is offered."""

_MADE = frozenset(GENERATED) - {"mackey_glass", "adding"}
"""Generators of tables; the others make series and sequences."""
_MOST_MADE = {"parity": 10.0}
_MOST_PARAMETER = 2_000.0

ENDINGS = (".csv", ".tsv", ".txt", ".data", ".dat")
MOST_BYTES = 4 << 20
"""Of a file that is given to the page."""
MOST_FILES = 8


@lru_cache(maxsize=32)
def _bundled(name: str) -> Table:
    return read_table(name)


class Tables:
    """What a page may name: no other file of this machine is opened.

    `own` are tables that the lab was started with, by name.
    """

    def __init__(self, own: Mapping[str, Table] | None = None) -> None:
        self.own = dict(own or {})
        self._given: set[str] = set()
        self._coming = bytearray()
        self._name = ""
        """Of the file that is coming."""

    @property
    def names(self) -> list[str]:
        """What can be asked for."""
        return [*self.own, *(name for name in DATA if name not in self.own)]

    def __getitem__(self, name: str) -> Table:
        """Return a table. Raises `UsageError` for a name that stands for none here."""
        if name in self.own:
            return self.own[name]
        if name not in DATA:
            self._check_made(name)
        return _bundled(name)

    def _check_made(self, name: str) -> None:
        kind, _, rest = name.partition(":")
        if kind not in _MADE:
            raise unknown_name("data set of this lab", name, self.names)
        most = _MOST_MADE.get(kind, _MOST_PARAMETER)
        for word in rest.split(",") if rest else ():
            try:
                fits = abs(float(word)) <= most
            except ValueError:
                raise UsageError(f"{name}: the parameter {word!r} is no number") from None
            if not fits:
                raise UsageError(f"{name}: in the lab a parameter of {kind} is at most {most:g}")

    def parameters(self) -> dict[str, str]:
        """Return, for every generated problem, what its parameters are called, with defaults.

        >>> Tables().parameters()["moons"]
        'points=200, noise=0.1'
        """
        found = {}
        for kind in sorted(_MADE):
            parameters = inspect.signature(GENERATED[kind]).parameters.values()
            if parameters:
                found[kind] = ", ".join(f"{p.name}={p.default:g}" for p in parameters)
        return found

    def receive(self, message: Mapping[str, Any]) -> dict[str, Any] | None:
        """Take a part of a file; return what was read once it is whole, None before.

        Raises `DataError` as `read_table` does, with line and column, and `UsageError` for a file
        that is too large or of another kind.
        """
        name, data = message.get("name"), message.get("data")
        if not isinstance(name, str) or not isinstance(data, str):
            raise UsageError("a file comes with its `name` and its `data` as texts")
        if self._coming and name != self._name:
            self._coming.clear()
            raise UsageError(f"{name:.80} came while {self._name:.80} did: one file at a time")
        self._name = name
        try:
            self._coming += base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError):
            self._coming.clear()
            raise UsageError(f"{name:.80}: the data of a file are base64") from None
        if len(self._coming) > MOST_BYTES:
            self._coming.clear()
            raise UsageError(
                f"{name:.80}: a file that is given to the page has at most {MOST_BYTES >> 20} MiB; "
                "start the lab with a larger one: `deltarule lab FILE`"
            )
        if message.get("more"):
            return None
        whole, self._coming = bytes(self._coming), bytearray()
        return self._read(_plain(name), whole)

    def _read(self, name: str, data: bytes) -> dict[str, Any]:
        if len(self._given) >= MOST_FILES and name not in self._given:
            raise UsageError(f"a page takes {MOST_FILES} files; reload it for others")
        folder = Folder()
        path = folder.path / name
        path.write_bytes(data)
        table = held(read_as(path, name), folder)
        if not table.columns:
            raise DataError(f"{name}: there are no columns")
        if not table.targets:
            last = table.names[-1]
            note = f"the target is the last column, {last!r}, unless another one is chosen"
            table = replace(table, targets=(last,), notes=(*table.notes, note))
        self.own[name] = table
        self._given.add(name)
        return {"file": {"name": name, "rows": table.rows, "columns": list(table.names)}}


def read_as(path: Path, name: str) -> Table:
    """Return the table in a file that is known by another name. Raises what `read_table` does."""
    try:
        table = replace(read_table(path), source=name)
    except DeltaruleError as error:
        raise type(error)(str(error).replace(str(path), name)) from None
    if table.locate is None:
        return table
    return replace(table, locate=_Renamed(table.locate, str(path), name))


class _Renamed:
    """A locator whose places name a file as it was called when it was given."""

    def __init__(self, locate: Any, path: str, name: str) -> None:
        self._locate, self._path, self._name = locate, path, name

    def __call__(self, cells: Any) -> list[tuple[str, str]]:
        """Return the places."""
        return [(p.replace(self._path, self._name), cell) for p, cell in self._locate(cells)]


def _plain(name: str) -> str:
    """Return the name without folders and signs of meaning; refuse what is no text file.

    >>> _plain("C:\\\\data\\\\my people*.csv")
    'my people_.csv'
    """
    last = re.sub(r"[^\w .()+-]", "_", re.split(r"[/\\]", name)[-1]).strip(" .")[-100:]
    if not last.lower().endswith(ENDINGS):
        raise UsageError(
            f"{last or 'the file'}: the page takes text files ({', '.join(ENDINGS)}); start the "
            "lab with another kind: `deltarule lab FILE`"
        )
    return last
