"""What lies where: in a program's working memory, and the parameters, packed for an update."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from llvmlite import ir

from deltarule.engine.compiled.instructions.operations import Ops

LINE = 64
"""Bytes to which everything is aligned."""


class Places:
    """Places by name, in bytes from the beginning; each begins where a line of the cache does."""

    def __init__(self) -> None:
        self.bytes = 0
        self._places: dict[str, int] = {}

    def reserve(self, name: str, size: int) -> int:
        """Set `size` bytes aside under a name; return where they begin."""
        start = self._places[name] = self.bytes
        self.bytes += -(-size // LINE) * LINE
        return start

    def __getitem__(self, name: str) -> int:
        return self._places[name]

    def address(self, o: Ops, base: Any, name: str) -> Any:
        """Return the address of a place; `base` is where the memory begins."""
        return o.at(base, ir.IntType(8), self[name])


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
