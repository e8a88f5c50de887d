"""TOML files that come along or are a person's own; errors in them name the file and the line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deltarule.core.errors import (
    DataError,
    DeltaruleError,
    UsageError,
    nearest,
    one_of,
    unknown_name,
)
from deltarule.core.files import unreadable

_HEADER = re.compile(r"^\s*\[\[?([^\]]*)\]")
_KEY = re.compile(
    r"""^\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*="""
)
_PART = re.compile(r"""[\w-]+|"[^"]*"|'[^']*'""")


class Shipped:
    """The TOML files of a folder of ours, by name; `what` each of them is, for messages."""

    def __init__(self, folder: Path, what: str) -> None:
        self.folder, self.what = folder, what
        self.names = tuple(sorted(path.stem for path in folder.glob("*.toml")))

    def text(self, name: str) -> str:
        """Return the text of one. Raises `UsageError` for an unknown name."""
        one_of(self.what, name, self.names)
        return (self.folder / f"{name}.toml").read_text(encoding="utf-8")

    def read(self, source: str | Path) -> tuple[dict[str, Any], Places]:
        """Return what a file says, or one of ours, and where; a file wins over a name.

        Raises `UsageError` with the line for what is no TOML, `DataError` for a file that is not
        there.
        """
        path, name = Path(source), str(source)
        if not path.is_file() and name in self.names:
            name, text = f"{name}.toml", self.text(name)
        elif (why := unreadable(path)) is not None:
            raise DataError(
                f"{source}: {why}, or take a {self.what} that comes along"
                f"{nearest(name, self.names) or '.'} These are: {', '.join(self.names)}."
            )
        else:
            try:
                text = path.read_text(encoding="utf-8")
            except UnicodeDecodeError as error:
                raise DataError(f"{source}: it is no UTF-8 text (byte {error.start}).") from None
        try:
            return tomllib.loads(text), Places(name, text)
        except tomllib.TOMLDecodeError as error:
            where = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
            place = f":{where[1]}:{where[2]}" if where else ""
            said = str(error).partition(" (at ")[0]
            raise UsageError(f"{name}{place}: this is no TOML: {said}.") from None


class Places:
    """The lines of a TOML text by their keys, and errors with that place.

    >>> at = Places("study.toml", '[grid] # all\\nlr = [\\n  0.1,\\n  -1.0,\\n]\\n')
    >>> at.line("grid", "lr"), at.line("grid", "lr", -1.0), at.line("grid", "rule")
    ('study.toml:2', 'study.toml:4', 'study.toml:1')
    """

    def __init__(self, name: str, text: str) -> None:
        self._name, self._lines = name, text.splitlines()
        self._keys: dict[tuple[str, ...], int] = {}
        table: tuple[str, ...] = ()
        for number, line in enumerate(self._lines, 1):
            if header := _HEADER.match(line):
                table = _parts(header[1])
                self._keys.setdefault(table, number)
            elif key := _KEY.match(line):
                self._keys.setdefault((*table, *_parts(key[1])), number)

    def line(self, *path: Any) -> str:
        """Return FILE:LINE of a key, or of the nearest table around it that is written.

        The last part may be a value in a list: then it is the line on which that stands.
        """
        wanted = tuple(map(str, path))
        for length in range(len(wanted), 0, -1):
            number = self._keys.get(wanted[:length])
            if number is not None:
                if length == len(wanted) - 1:
                    number = self._value(number, wanted[-1])
                return f"{self._name}:{number}"
        return self._name

    def _value(self, start: int, value: str) -> int:
        """Return the line at or after a key's, and before the next key, that holds a value."""
        end = min((n for n in self._keys.values() if n > start), default=len(self._lines) + 1)
        for number in range(start, end):
            if re.search(rf"(?<![\w.-]){re.escape(value)}(?![\w.-])", self._lines[number - 1]):
                return number
        return start

    @contextmanager
    def placed(self, *path: Any) -> Iterator[None]:
        """Name the line of a key in whatever is raised in the block."""
        try:
            yield
        except DeltaruleError as error:
            if str(error).startswith(f"{self._name}:"):
                raise
            raise type(error)(f"{self.line(*path)}: {error}") from None

    def __call__(self, path: tuple[Any, ...], function: Callable[..., Any], *given: Any) -> Any:
        """Return what a function makes of a value, errors with the line of the key."""
        with self.placed(*path):
            return function(*given)

    def known(self, kind: str, found: Mapping[str, Any], known: Any, *path: str) -> None:
        """Refuse a key that means nothing."""
        for key in found:
            if key not in known:
                raise UsageError(f"{self.line(*path, key)}: {unknown_name(kind, key, known)}")

    def is_table(self, key: str, value: Any) -> None:
        """Refuse what has to be a table and is none."""
        if not isinstance(value, Mapping):
            raise UsageError(f"{self.line(key)}: {key} has to be a table, [{key}]")


def _parts(key: str) -> tuple[str, ...]:
    """Return the parts of a dotted key, quotes taken off."""
    return tuple(part.strip("\"'") for part in _PART.findall(key))
