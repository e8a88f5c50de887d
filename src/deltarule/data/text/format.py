"""How a text file is written: what `read_table` was told, found out, and a model remembers."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from deltarule.core.errors import UsageError
from deltarule.data.text.writing import Writing, check_marks, damaged, writing_from

_TYPES: dict[str, type] = {"header": bool, "columns": list, "codes": list, "writings": dict}
"""Of the fields that are no strings, what they are as JSON values."""


@dataclass(frozen=True)
class TextFormat:
    """How the cells of a text file are written. None: as the file's first rows show.

    Args:
        separator: the character between the cells.
        encoding: of the file; None means UTF-8.
        header: whether the first row holds names.
        columns: the names of the columns, in order; empty: those in the header.
        decimal: the decimal mark in numbers, for the whole file.
        thousands: the mark between thousands, for the whole file.
        date_format: of dates and times, as `datetime.strptime` takes it.
        na: the words for a missing value, with commas between; an empty cell is one anyway.
        comment: what a line begins with that is no part of the table; `""` is nothing.
        codes: the columns of text in which NA is a name like the others.
        writings: how the cells are written of columns that are not plain numbers, by name.

    >>> TextFormat(separator=";", header=False, columns=("age", "rich")).to_dict()
    {'separator': ';', 'header': False, 'columns': ['age', 'rich']}
    """

    separator: str | None = None
    encoding: str | None = None
    header: bool | None = None
    columns: tuple[str, ...] = ()
    decimal: str | None = None
    thousands: str | None = None
    date_format: str | None = None
    na: str | None = None
    comment: str | None = None
    codes: tuple[str, ...] = ()
    writings: Mapping[str, Writing] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what no file has: names twice, marks that are none. Raises `UsageError`."""
        check_marks(self.decimal, self.thousands, self.date_format)
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
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        plain = {name: value for name, value in values.items() if value not in (None, (), {})}
        if self.writings:
            plain["writings"] = {name: w.to_dict() for name, w in self.writings.items()}
        return {k: list(v) if isinstance(v, tuple) else v for k, v in plain.items()}

    def marks(self) -> dict[str, dict[str, str]]:
        """Return how typed numbers and dates are to be spelled as text, by column; "": all others.

        >>> TextFormat(thousands=".").marks()
        {'': {'decimal': ',', 'pattern': ''}}
        """
        decimal = self.decimal or ("," if self.thousands == "." else ".")
        others = {"decimal": decimal, "pattern": self.date_format or ""}
        told = {n: {"decimal": w.decimal, "pattern": w.pattern} for n, w in self.writings.items()}
        return {"": others, **told}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> TextFormat:
        """Rebuild it from `to_dict`. Raises `FileError` for damage."""
        known = {field.name for field in fields(cls)}
        fits = all(isinstance(v, _TYPES.get(name, str)) for name, v in plain.items())
        lists = {name: tuple(plain.get(name, ())) for name in ("columns", "codes") if fits}
        names = [name for some in lists.values() for name in some]
        if not (set(plain) <= known and fits and all(isinstance(name, str) for name in names)):
            raise damaged(f"the format of the text file is not described as it should be: {plain}")
        writings = {str(k): writing_from(v) for k, v in plain.get("writings", {}).items()}
        return cls(**{**plain, **lists, "writings": writings})


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
