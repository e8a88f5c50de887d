"""Where in a TOML text a key is written, for messages with the file and the line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from deltarule.core.errors import DeltaruleError, UsageError, unknown_name

_HEADER = re.compile(r"^\s*\[\[?([^\]]*)\]")
_KEY = re.compile(
    r"""^\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*="""
)
_PART = re.compile(r"""[\w-]+|"[^"]*"|'[^']*'""")


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
