"""Where a program of sequences keeps the parameters: in theta's order, each on lines of its own."""

from __future__ import annotations

from typing import Any

import numpy as np

from deltarule.core.arrays import Array
from deltarule.core.layout import Layout
from deltarule.engine.compiled.programs.places import LINE, Part

ROW = 128
"""The most entries of a row: what threads share out in an update."""


class Packing:
    """Theta with gaps: every parameter begins where a line of the cache does."""

    def __init__(self, layout: Layout, dtype: Any) -> None:
        self._layout = layout
        self._per_line = LINE // np.dtype(dtype).itemsize
        self._starts: list[int] = []
        self.size = 0
        for e in layout.entries:
            self._starts.append(self.size)
            self.size += -(-(e.stop - e.start) // self._per_line) * self._per_line

    def start(self, l: int, name: str) -> int:
        """Return where a parameter of layer l begins."""
        pairs = zip(self._layout.entries, self._starts, strict=True)
        return next(s for e, s in pairs if (e.layer, e.parameter.name) == (l, name))

    def parts(self, l: int) -> tuple[Part, ...]:
        """Return the parameters of layer l, in rows: whole ones, and what is left."""
        found = []
        for e, start in zip(self._layout.entries, self._starts, strict=True):
            flags = e.parameter.penalised, e.parameter.trained
            size = e.stop - e.start
            if e.layer == l and size >= ROW:
                found.append(Part(start, size // ROW, ROW, ROW, *flags))
            if e.layer == l and size % ROW:
                rest = size % ROW
                width = max(self._per_line, 1 << (rest - 1).bit_length())
                found.append(Part(start + size - rest, 1, width, rest, *flags))
        return tuple(found)

    def pack(self, theta: Array, into: Array) -> None:
        """Write theta as the program keeps it."""
        for e, start in zip(self._layout.entries, self._starts, strict=True):
            into[start : start + e.stop - e.start] = theta[e.start : e.stop]

    def unpack(self, packed: Array, into: Array) -> None:
        """Write what the program keeps as theta."""
        for e, start in zip(self._layout.entries, self._starts, strict=True):
            into[e.start : e.stop] = packed[start : start + e.stop - e.start]
