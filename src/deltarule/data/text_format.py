"""How a text file is written: what `read_table` was told, found out, and a model remembers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from deltarule.data.parts import damaged

__all__ = ["TextFormat"]


@dataclass(frozen=True)
class TextFormat:
    """How the cells of a text file are written. None: as the file's first rows show.

    Args:
        separator: the character between the cells.
        encoding: of the file; None means UTF-8.

    >>> TextFormat(separator=";").to_dict()
    {'separator': ';'}
    """

    separator: str | None = None
    encoding: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return what is known as plain JSON values."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> TextFormat:
        """Rebuild it from `to_dict`. Raises `FileError` for damage."""
        known = {field.name for field in fields(cls)}
        if not set(plain) <= known or not all(isinstance(v, str) for v in plain.values()):
            raise damaged(f"the format of the text file is not described as it should be: {plain}")
        return cls(**plain)
