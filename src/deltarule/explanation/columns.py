"""What the inputs and targets of a network are in a table: names and original values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Cell:
    """One cell of a table, and the number that the network has for it.

    >>> Cell("age", 43.0, 0.5124).said
    'age = 43 (scaled 0.5124)'
    >>> Cell("city", "Oslo", 1.0, "Oslo").said, Cell("city", "Bonn", 0.0, "Oslo").said
    ('city=Oslo: city is Oslo (1)', 'city=Oslo: city is Bonn (0)')
    """

    column: str
    value: float | str | None
    """As it stands in the table; None where it is missing."""
    number: float
    """As the network sees it: scaled, or 1 for the row's category and 0 for the others."""
    category: str | None = None
    """The category (or class) that the node stands for; None for a quantity."""

    @property
    def name(self) -> str:
        """The node's name: `age`, `city=Oslo`."""
        return self.column if self.category is None else f"{self.column}={self.category}"

    @property
    def said(self) -> str:
        """Name, original value and number in one line, whatever characters a name has."""
        value = "missing" if self.value is None else self.value
        if self.category is not None:
            return _line(f"{self.name}: {self.column} is {value} ({self.number:g})")
        if isinstance(value, str):
            return _line(f"{self.name} is missing (the mean stands in, scaled {self.number:.6g})")
        scaled = "" if value == self.number else f" (scaled {self.number:.6g})"
        return _line(f"{self.name} = {value:.10g}{scaled}")

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values, ready for JSON."""
        return {
            "name": self.name,
            "column": self.column,
            "value": self.value,
            "number": self.number,
            "category": self.category,
        }


@dataclass(frozen=True)
class Columns:
    """The cells of every observation, in the order of the network's inputs and outputs."""

    inputs: tuple[tuple[Cell, ...], ...]
    targets: tuple[tuple[Cell, ...], ...]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values, ready for JSON."""
        return {
            "inputs": [[cell.to_dict() for cell in row] for row in self.inputs],
            "targets": [[cell.to_dict() for cell in row] for row in self.targets],
        }


def _line(text: str) -> str:
    """Return a text in one line: white space is a space, control characters are escaped."""
    found = " ".join(text.split())
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in found)
