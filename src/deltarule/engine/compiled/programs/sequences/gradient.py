"""The gradient of a layer that walks through time, summed over steps and lanes.

An entry of dE/dW = sum over t of delta_t^T y_{t-lag} stays in a register while the sum over time
runs, a tile of them at a time; then its lanes are added.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from llvmlite import ir

from deltarule.engine.compiled.instructions.operations import word
from deltarule.engine.compiled.programs.sequences.fields import View
from deltarule.engine.compiled.programs.sequences.loops import summed, tiled
from deltarule.engine.compiled.programs.sequences.stages import Bias, Product, Stage
from deltarule.engine.compiled.programs.sequences.vectors import Vectors

_CACHE = 32 * 1024  # bytes of a first-level cache that a tile's deltas may fill


class Gradient:
    """Write what a layer adds to a gradient that is packed as theta is."""

    def __init__(self, vectors: Vectors, into: Any, longest: Any = None) -> None:
        self._v, self._o, self._into = vectors, vectors.o, into
        self._longest = longest
        """How many steps the longest sequence in the lanes has; None: all."""

    def _steps(self, stage: Stage) -> Any:
        steps = stage.below.steps
        return steps if self._longest is None or steps == 1 else self._longest

    def add(self, stage: Stage) -> None:
        """Add dE/dw of every parameter, summed over time and over the lanes.

        A few nodes' deltas of all steps are laid together first: they meet every source.
        """
        rows, columns = self._tile_size(stage)
        for d in range(len(stage.step.deltas)):
            products = [p for p in stage.products if p.delta == d]
            biases = [bias for bias in stage.biases if bias.delta == d]

            def write(
                j: Any,
                n: int,
                d: int = d,
                products: list[Product] = products,
                biases: list[Bias] = biases,
            ) -> None:
                deltas = self._together(stage, d, j, n)
                for bias in biases:
                    found = self._over_time(stage, deltas, n)
                    self._add(found, self._v.entry(bias.start, j, self._into), n, 0, 1)
                for p in products:
                    self._product(stage, p, (deltas, j, n), columns)

            tiled(self._o, stage.units, rows, write)

    def _tile_size(self, stage: Stage) -> tuple[int, int]:
        """Return the rows and columns of a tile: the rows' deltas fit into the nearest cache."""
        v = self._v
        if v.registers < 32:
            return 4, 3
        row = stage.below.steps * v.lanes * v.bytes
        return (8, 3) if 8 * row <= _CACHE else (4, 6)

    def _together(self, stage: Stage, d: int, j: Any, count: int) -> View:
        """Write some nodes' deltas to a field of their own; return it."""
        v, o = self._v, self._o
        field = replace(stage.together.field, nodes=count)
        found = View(field, stage.below.steps, count)
        with o.loop(0, self._steps(stage)) as t:
            rows, place = v.row(stage.deltas, t, j, d), v.at(found, t)
            for n in range(count):
                v.store(v.load(rows, n), place, n)
        return found

    def _product(self, stage: Stage, p: Product, rows: tuple[View, Any, int], columns: int) -> None:
        """Add rows of dE/dw, some columns at a time."""
        v, b, (deltas, j, n) = self._v, self._o.b, rows
        source = stage.source(p)

        def write(k: Any, m: int) -> None:
            found = self._over_time(stage, deltas, n, source, p.lag, k, m)
            place = b.add(b.mul(j, word(p.row)), b.mul(k, word(p.column)))
            self._add(found, v.entry(p.start, place, self._into), m, p.row, p.column)

        tiled(self._o, source.nodes, columns, write)

    def _over_time(
        self,
        stage: Stage,
        deltas: View,
        n: int,
        source: View | None = None,
        lag: int = 0,
        k: Any = None,
        m: int = 1,
    ) -> list[Any]:
        """Return sums over time of n nodes' deltas, times m nodes of a source if there is one."""
        v, o = self._v, self._o

        def add(t: Any, running: list[Any]) -> list[Any]:
            place = v.at(deltas, t)
            own = [v.load(place, i) for i in range(n)]
            if source is None:
                return [o.add(x, d) for x, d in zip(running, own, strict=True)]
            at = v.at(source, o.b.sub(t, word(lag)), k)
            y = [v.load(at, i) for i in range(m)]
            terms = [(d, value) for d in own for value in y]
            return [v.fma(d, value, x) for (d, value), x in zip(terms, running, strict=True)]

        return summed(o, self._steps(stage), [v.zero] * (n * m), add)

    def _add(self, values: list[Any], start: Any, width: int, row: int, column: int) -> None:
        """Add the sums of values' lanes to memory: `width` of them side by side, row by row."""
        o, lanes = self._o, self._v.lanes
        for first in range(0, len(values), lanes):
            some = values[first : first + lanes]
            sums = o.sums_of([*some, *[self._v.zero] * (lanes - len(some))])
            k = 0
            while k < len(some):
                at = first + k
                many = min(width - at % width, len(some) - k) if column == 1 else 1
                place = at // width * row + at % width * column
                self._increase(start, place, self._part(sums, k, many))
                k += many

    def _part(self, sums: Any, k: int, many: int) -> Any:
        """Return some of a vector's lanes."""
        if self._v.lanes == 1:
            return sums
        if many == 1:
            return self._o.b.extract_element(sums, ir.Constant(ir.IntType(32), k))
        return self._o.lanes(sums, sums, range(k, k + many))

    def _increase(self, start: Any, place: int, value: Any) -> None:
        o = self._o
        o.store(o.add(o.load(start, value.type, place), value), start, place)
