"""How a program with an update along theta keeps the parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Part:
    """Rows of parameters that an update treats alike."""

    start: int
    """Where the first row begins."""
    rows: int
    width: int
    """From one row to the next: whole vectors, or one of 1, 2, 4, ... numbers."""
    units: int
    """Parameters in a row; what lies beyond them is 0 and stays 0."""
    penalised: bool
    trained: bool


class Packed(Protocol):
    """Where the parameters lie."""

    @property
    def size(self) -> int:
        """The entries of a vector such as theta."""

    def parts(self, l: int) -> Sequence[Part]:
        """Return the parameters of layer l."""
