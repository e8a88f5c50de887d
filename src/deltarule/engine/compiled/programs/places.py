"""What lies where in a program's working memory."""

from __future__ import annotations

from typing import Any

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
