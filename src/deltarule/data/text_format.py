"""How a text file is written: what `read_table` was told, found out, and a model remembers."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from deltarule.core.errors import UsageError
from deltarule.data.parts import damaged

__all__ = ["TextFormat", "names_of", "names_text"]

_TYPES: dict[str, type] = {"header": bool, "columns": list}
"""Of the fields that are no strings, what they are as JSON values."""


@dataclass(frozen=True)
class TextFormat:
    """How the cells of a text file are written. None: as the file's first rows show.

    Args:
        separator: the character between the cells.
        encoding: of the file; None means UTF-8.
        header: whether the first row holds names.
        columns: the names of the columns, in order; empty: those in the header.

    >>> TextFormat(separator=";", header=False, columns=("age", "rich")).to_dict()
    {'separator': ';', 'header': False, 'columns': ['age', 'rich']}
    """

    separator: str | None = None
    encoding: str | None = None
    header: bool | None = None
    columns: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse names that are not one for every column. Raises `UsageError`."""
        count = Counter(self.columns)
        if "" in count or len(count) < len(self.columns):
            name = "" if "" in count else count.most_common(1)[0][0]
            raise UsageError(
                f"of the columns' names, {', '.join(self.columns)}, "
                f"{f'{name!r} stands twice' if name else 'one is empty'}. Give every column a name "
                "of its own."
            )

    def to_dict(self) -> dict[str, Any]:
        """Return what is known as plain JSON values."""
        plain = {name: value for name, value in asdict(self).items() if value not in (None, ())}
        return {k: list(v) if isinstance(v, tuple) else v for k, v in plain.items()}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> TextFormat:
        """Rebuild it from `to_dict`. Raises `FileError` for damage."""
        known = {field.name for field in fields(cls)}
        fits = all(isinstance(v, _TYPES.get(name, str)) for name, v in plain.items())
        columns = plain.get("columns", ())
        if not (set(plain) <= known and fits and all(isinstance(c, str) for c in columns)):
            raise damaged(f"the format of the text file is not described as it should be: {plain}")
        return cls(**{**plain, "columns": tuple(columns)})


def names_of(text: str) -> tuple[str, ...]:
    """Return the names in a line of them, with commas between; the inverse of `names_text`.

    >>> names_of('age, "city, state"')
    ('age', 'city, state')
    """
    rows = list(csv.reader([text], skipinitialspace=True))
    return tuple(name.strip() for name in rows[0]) if rows else ()


def names_text(names: Sequence[str]) -> str:
    """Return names as one line with commas between, in quotes where needed.

    >>> names_text(("age", "city, state"))
    'age,"city, state"'
    """
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(names)
    return line.getvalue()
