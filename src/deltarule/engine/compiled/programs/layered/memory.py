"""The working memory of a layered program: what lies where."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir

from deltarule.engine.compiled.instructions.operations import Ops, word
from deltarule.engine.compiled.programs.layered.packing import Packing
from deltarule.engine.compiled.programs.places import LINE, Places
from deltarule.engine.compiled.specialisation import element
from deltarule.engine.objective import Objective
from deltarule.engine.rule_state import drawing, matrix_shape

TOGETHER = 32
"""The numbers that are drawn at once."""


class Memory(Places):
    """Places, in bytes from the beginning.

    `y`, `slope` (what stands for f') and `delta` of every layer, (batch, m_l), for the last one
    `net` and `delta`; `W` of every layer but the first, not transposed, (n_l, m_{l-1}), or what
    stands for it on the way back; where that comes from the output, its `source` (batch, m_L);
    where a rule draws numbers in the place of f', these, `drawn`, row by row; the gradient, packed
    as theta is; the barrier's counter; every thread's part of the sums.
    """

    def __init__(
        self, packing: Packing, dtype: Any, batch: int, threads: int, objective: Objective
    ) -> None:
        super().__init__()
        self.packing, self.threads = packing, threads
        self.element = element(dtype)
        size = np.dtype(dtype).itemsize
        below = 0
        for l, block in enumerate(packing.blocks, 1):
            last = l == len(packing.blocks)
            for name in ("net", "delta") if last else ("y", "slope", "delta"):
                self.reserve(f"{name}{l}", batch * block.width * size)
            if l > 1:
                self.reserve(f"W{l}", matrix_shape(objective, l)[0] * below * size)
                if objective.feedbacks[l].kind == "direct":
                    self.reserve(f"source{l}", batch * packing.blocks[-1].width * size)
            below = block.width
        self.draws = drawing(objective)
        widest = max(block.width for block in packing.blocks)
        # 8 blocks at a time; what vectors read beyond a layer's nodes lies inside
        self.drawn = -(-(sum(self.draws.values()) + widest) // TOGETHER) * TOGETHER
        if self.draws:
            self.reserve("drawn", batch * self.drawn * size)
        self.reserve("gradient", packing.size * size)
        self.reserve("barrier", LINE)
        self.reserve("partial", 3 * LINE * threads)

    def drawn_row(self, o: Ops, base: Any, i: Any, l: int = 0) -> Any:
        """Return the address of the numbers drawn for the batch's row i, from layer l on."""
        start = sum(n for layer, n in self.draws.items() if layer < l)
        width = word(self.drawn)
        offset = o.b.add(o.b.mul(i, width), word(start))
        return o.at(self.address(o, base, "drawn"), self.element, offset)

    def drawn_numbers(self, o: Ops, base: Any, l: int, i: Any, j: Any, kind: ir.Type) -> Any:
        """Return the numbers drawn for layer l's nodes from j on, as many as `kind` has lanes."""
        return o.load(o.at(self.drawn_row(o, base, i, l), self.element, j), kind)

    def source(self, o: Ops, base: Any, l: int, i: Any, j: Any) -> Any:
        """Return the address of entry (i, j) of what comes from the output in the place of
        delta_l."""
        width = word(self.packing.blocks[-1].width)
        offset = o.b.add(o.b.mul(i, width), j)
        return o.at(self.address(o, base, f"source{l}"), self.element, offset)

    def entry(self, o: Ops, base: Any, name: str, l: int, i: Any, j: Any) -> Any:
        """Return the address of entry (i, j) of layer l's `net`, `y` or `delta`."""
        width = word(self.packing.blocks[l - 1].width)
        offset = o.b.add(o.b.mul(i, width), j)
        return o.at(self.address(o, base, f"{name}{l}"), self.element, offset)
