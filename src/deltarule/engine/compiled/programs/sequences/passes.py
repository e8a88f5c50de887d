"""The passes of one layer through time, for the observations in the lanes.

Every sum of products is a register, for a few nodes at a time; it is not laid down before the
node's step has been made of it, so nets are never in memory. What stands in it is a vector of
observations times a single weight, read into all lanes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from llvmlite import ir

from deltarule.engine.compiled.compiler.lowering import Lowering
from deltarule.engine.compiled.instructions.operations import Ops, lanes_of
from deltarule.engine.compiled.programs.sequences.fields import Rows, View
from deltarule.engine.compiled.programs.sequences.loops import summed, tiled, word
from deltarule.engine.compiled.programs.sequences.plan import Bias, Ending, Product, Stage
from deltarule.engine.compiled.programs.sequences.samples import Lanes

__all__ = ["Passes"]

_FLOAT = ir.FloatType()
_CACHE = 32 * 1024  # bytes of a first-level cache that a tile's deltas may fill


class Passes:
    """Write a layer's passes; `memory` is the thread's own, theta and the gradient are packed.

    `registers` is how many vector registers there are.
    """

    def __init__(self, o: Ops, kind: ir.Type, theta: Any, memory: Any, registers: int) -> None:
        self._o, self._kind, self._theta, self._memory = o, kind, theta, memory
        self._element, self._registers = kind.element, registers

    def forward(self, stage: Stage) -> None:
        """Write state_t = step(W x_t + U h_{t-1} + b, state_{t-1}) for t = 1, 2, .., T."""
        height = max(1, self._registers // 2 // len(stage.step.sums))
        with self._o.loop(0, stage.below.steps) as t:
            tiled(self._o, stage.units, height, lambda j, n: self._steps(stage, t, j, n))

    def _steps(self, stage: Stage, t: Any, j: Any, count: int) -> None:
        """Write step t of the nodes j, j + 1, .."""
        o = self._o
        biases = {bias.sum: bias for bias in stage.biases if bias.sum is not None}
        sums = [
            self._weight(biases[s].start, o.b.add(j, word(v))) if s in biases else self._zero
            for v in range(count)
            for s in range(len(stage.step.sums))
        ]
        for products in _alike(stage.products):
            sums = self._products(stage, products, t, j, count, sums)
        several = len(stage.step.sums)
        for v in range(count):
            own = sums[v * several : (v + 1) * several]
            self._step(stage, t, o.b.add(j, word(v)), own)

    def _products(
        self, stage: Stage, products: list[Product], t: Any, j: Any, count: int, sums: list[Any]
    ) -> list[Any]:
        """Add the products with the same source, and the same lag, to the nodes' sums."""
        o, first = self._o, products[0]
        source = self._source(stage, first)
        nodes = source.at(o, self._memory, self._kind, o.b.sub(t, word(first.lag)))
        rows, several = [], len(stage.step.sums)
        for v in range(count):
            for p in products:
                place = o.b.mul(o.b.add(j, word(v)), word(p.row))
                row = o.at(self._theta, self._element, o.b.add(place, word(p.start)))
                rows.append((v * several + p.sum, row))

        def add(k: Any, running: list[Any]) -> list[Any]:
            found, y = list(running), self._load(nodes, k)
            for place, row in rows:
                w = o.load(row, self._element, o.b.mul(k, word(first.column)))
                found[place] = self._fma(w, y, found[place])
            return found

        return summed(o, source.nodes, sums, add)

    def _step(self, stage: Stage, t: Any, j: Any, sums: list[Any]) -> None:
        """Write node j's step t from its sums; keep the state, and what the way back needs."""
        o, step = self._o, stage.step
        lower = Lowering(o, self._kind, step.graph.common_divisors())
        for part, value in zip(step.sums, sums, strict=True):
            lower.bind(part.term, value)
        for bias in stage.biases:
            if bias.sum is None:
                lower.bind(step.further[bias.name], self._weight(bias.start, j))
        before = o.b.sub(t, word(1))
        for view, symbol in zip(stage.states, step.before, strict=False):
            lower.bind(symbol, self._load(view.at(o, self._memory, self._kind, before, j)))
        for view, term in zip(stage.states, step.after, strict=True):
            o.store(lower(term), view.at(o, self._memory, self._kind, t, j))
        saved = self._rows(stage.saved, t, j)
        for k, term in enumerate(step.saved):
            self._store(lower(term), saved, k)

    def take_ends(self, ending: Ending, lanes: Lanes) -> None:
        """Write y, every sequence's own last step of what is below."""
        o = self._o
        for t, at_the_end in self._steps_and_ends(ending, lanes):
            with o.loop(0, ending.y.nodes) as j:
                there = ending.below.at(o, self._memory, self._kind, t, j)
                y = ending.y.at(o, self._memory, self._kind, word(0), j)
                o.store(o.select(at_the_end, self._load(there), self._load(y)), y)

    def spread_ends(self, ending: Ending, lanes: Lanes) -> None:
        """Write dE/dy below: 0 but for every sequence's own last step."""
        o, target = self._o, ending.dE_dbelow
        assert target is not None
        for t, at_the_end in self._steps_and_ends(ending, lanes):
            with o.loop(0, ending.y.nodes) as j:
                dE_dy = self._load(ending.dE_dy.at(o, self._memory, self._kind, word(0), j))
                place = target.at(o, self._memory, self._kind, t, j)
                o.store(o.select(at_the_end, dE_dy, self._zero), place)

    def _steps_and_ends(self, ending: Ending, lanes: Lanes) -> Iterator[tuple[Any, Any]]:
        with self._o.loop(0, ending.below.steps) as t:
            yield t, lanes.at_the_end(t)

    def backward(self, stage: Stage) -> None:
        """Write the deltas for t = T, T - 1, .., 1 from dE/dy_t and the deltas of t + 1.

        A truncated way back goes from T - k1 i, for i = 0, 1, .., through k2 steps; the errors of
        the last k1 among them are those that start there.
        """
        o, steps = self._o, stage.below.steps
        if stage.truncate is None:
            self._begin(stage)
            self._walk(stage, word(0), word(steps))
            return
        k1, k2 = stage.truncate
        if stage.deltas is not stage.own:
            self._clear(stage.deltas.view)
        with o.loop(0, steps, k1) as i:
            end = o.b.sub(word(steps), i)
            fresh, first = (self._at_least_0(o.b.sub(end, word(k))) for k in (k1, k2))
            self._begin(stage)
            self._walk(stage, o.b.sub(end, word(1)), end, later=False)
            self._walk(stage, fresh, o.b.sub(end, word(1)))
            if k2 > k1:
                self._walk(stage, first, fresh, errors=False)

    def _begin(self, stage: Stage) -> None:
        """Write that nothing is carried back from a later step."""
        for view in stage.carried:
            if view is not None:
                self._clear(view)

    def _clear(self, view: View) -> None:
        o = self._o
        with o.loop(0, view.steps * view.nodes) as k:
            start = view.at(o, self._memory, self._kind, word(0))
            o.store(self._zero, o.b.gep(start, [k], source_etype=self._kind))

    def _at_least_0(self, t: Any) -> Any:
        b = self._o.b
        return b.select(b.icmp_signed("<", t, word(0)), word(0), t)

    def _walk(
        self, stage: Stage, first: Any, end: Any, errors: bool = True, later: bool = True
    ) -> None:
        """Write the deltas of t = end - 1, .., first.

        `errors`: whether dE/dy_t is in them; `later`: whether the deltas of t + 1 are.
        """
        o = self._o
        height = max(1, self._registers // 2)

        def back(t: Any, j: Any, count: int) -> None:
            at = stage.dE_dy.at(o, self._memory, self._kind, t, j)
            sums = [self._load(at, word(v)) if errors else self._zero for v in range(count)]
            own = [p for p in stage.products if p.own and later]
            for v, dE_dh in enumerate(self._through(stage, own, stage.own, t, j, sums)):
                self._step_back(stage, t, o.b.add(j, word(v)), dE_dh)

        with o.loop(first, end) as t:
            down = o.b.sub(o.b.add(first, o.b.sub(end, word(1))), t)
            tiled(o, stage.units, height, lambda j, n: back(down, j, n))

    def _through(
        self,
        stage: Stage,
        products: Sequence[Product],
        rows: Rows,
        t: Any,
        j: Any,
        sums: list[Any],
    ) -> list[Any]:
        """Add what the deltas of later steps are worth to the sources j, j + 1, .. of step t."""
        o, width = self._o, word(rows.width)
        for p in products:
            deltas = self._rows(rows, o.b.add(t, word(p.lag)), word(0))
            column = o.b.add(o.b.mul(j, word(p.column)), word(p.start))
            left = o.at(self._theta, self._element, column)

            def add(
                i: Any, running: list[Any], p: Product = p, deltas: Any = deltas, left: Any = left
            ) -> list[Any]:
                delta = self._load(deltas, o.b.add(o.b.mul(i, width), word(p.delta)))
                row = o.at(left, self._element, o.b.mul(i, word(p.row)))
                weights = [o.load(row, self._element, v * p.column) for v in range(len(running))]
                pairs = zip(weights, running, strict=True)
                return [self._fma(w, delta, value) for w, value in pairs]

            sums = summed(o, stage.units, sums, add)
        return sums

    def _step_back(self, stage: Stage, t: Any, j: Any, dE_dh: Any) -> None:
        """Write node j's deltas of step t over what its step has saved."""
        o, step = self._o, stage.step
        lower = Lowering(o, self._kind)
        saved, own = (self._rows(rows, t, j) for rows in (stage.saved, stage.own))
        for k, term in enumerate(step.saved):
            lower.bind(term, self._load(saved, word(k)))
        values = [dE_dh] + [None] * (len(step.dE_dstate) - 1)
        places = [
            None if view is None else view.at(o, self._memory, self._kind, word(0), j)
            for view in stage.carried or [None]
        ]
        for k, (symbol, place) in enumerate(zip(step.dE_dstate, places, strict=True)):
            carried = None if place is None else self._load(place)
            both = [x for x in (values[k], carried) if x is not None]
            value = both[0] if both else self._zero
            lower.bind(symbol, o.add(*both) if len(both) == 2 else value)
        deltas = [lower(term) for term in step.deltas]
        carried_on = [None if term is None else lower(term) for term in step.carried]
        for k, delta in enumerate(deltas):
            self._store(delta, own, k)
        if stage.deltas is not stage.own:
            total = self._rows(stage.deltas, t, j)
            for k, delta in enumerate(deltas):
                self._store(o.add(self._load(total, word(k)), delta), total, k)
        for place, value in zip(places, carried_on, strict=False):
            if place is not None:
                o.store(value, place)

    def below(self, stage: Stage) -> None:
        """Write dE/dy of the layer below, for every step."""
        o, target = self._o, stage.dE_dx
        if target is None:
            return
        products = [p for p in stage.products if not p.own]

        def write(t: Any, k: Any, count: int) -> None:
            found = self._through(stage, products, stage.deltas, t, k, [self._zero] * count)
            for v, value in enumerate(found):
                o.store(value, target.at(o, self._memory, self._kind, t, o.b.add(k, word(v))))

        with o.loop(0, stage.below.steps) as t:
            tiled(o, target.nodes, self._registers // 2, lambda k, n: write(t, k, n))

    def gradient(self, stage: Stage, into: Any) -> None:
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
                    self._add(found, self._entry(into, bias.start, j), n, 0, 1)
                for p in products:
                    self._product(stage, p, into, (deltas, j, n), columns)

            tiled(self._o, stage.units, rows, write)

    def _tile_size(self, stage: Stage) -> tuple[int, int]:
        """Return the rows and columns of a tile: the rows' deltas fit into the nearest cache."""
        if self._registers < 32:
            return 4, min(3, lanes_of(self._kind))
        row = stage.below.steps * lanes_of(self._kind) * (4 if self._element == _FLOAT else 8)
        rows, columns = (8, 3) if 8 * row <= _CACHE else (4, 6)
        return rows, min(columns, lanes_of(self._kind))

    def _together(self, stage: Stage, d: int, j: Any, count: int) -> View:
        """Write some nodes' deltas to a field of their own; return it."""
        o = self._o
        field = replace(stage.together.field, nodes=count)
        found = View(field, stage.below.steps, count)
        with o.loop(0, stage.below.steps) as t:
            rows, place = self._rows(stage.deltas, t, j), found.at(o, self._memory, self._kind, t)
            for v in range(count):
                self._store(self._load(rows, v * stage.deltas.width + d), place, v)
        return found

    def _product(
        self, stage: Stage, p: Product, into: Any, rows: tuple[View, Any, int], columns: int
    ) -> None:
        """Add rows of dE/dw = sum over t of delta_t^T y_{t-lag}, some columns at a time."""
        o, source, (deltas, j, n) = self._o, self._source(stage, p), rows

        def write(k: Any, m: int) -> None:
            found = self._over_time(stage, deltas, n, source, p.lag, k, m)
            place = o.b.add(o.b.mul(j, word(p.row)), o.b.mul(k, word(p.column)))
            self._add(found, self._entry(into, p.start, place), m, p.row, p.column)

        tiled(o, source.nodes, columns, write)

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
        o = self._o

        def add(t: Any, running: list[Any]) -> list[Any]:
            place = deltas.at(o, self._memory, self._kind, t)
            own = [self._load(place, v) for v in range(n)]
            if source is None:
                return [o.add(x, d) for x, d in zip(running, own, strict=True)]
            before = o.b.sub(t, word(lag))
            at = source.at(o, self._memory, self._kind, before, k)
            y = [self._load(at, v) for v in range(m)]
            terms = [(d, v) for d in own for v in y]
            return [self._fma(d, v, x) for (d, v), x in zip(terms, running, strict=True)]

        return summed(o, stage.below.steps, [self._zero] * (n * m), add)

    def _entry(self, into: Any, start: int, place: Any) -> Any:
        return self._o.at(into, self._element, self._o.b.add(place, word(start)))

    def _add(self, values: list[Any], start: Any, width: int, row: int, column: int) -> None:
        """Add the sums of values' lanes to memory: `width` of them side by side, row by row."""
        o, lanes = self._o, lanes_of(self._kind)
        several = max(1, lanes // width) * width if width <= lanes else lanes
        for first in range(0, len(values), several):
            some = values[first : first + several]
            sums = o.sums_of([*some, *[self._zero] * (lanes - len(some))])
            for v in range(0, len(some), width):
                place = (first + v) // width * row + (first + v) % width * column
                many = min(width, len(some) - v)
                if column == 1 and many > 1:
                    self._increase(start, place, o.lanes(sums, sums, range(v, v + many)))
                    continue
                for k in range(many):
                    value = o.b.extract_element(sums, ir.Constant(ir.IntType(32), v + k))
                    self._increase(start, place + k * column, value)

    def _increase(self, start: Any, place: int, value: Any) -> None:
        o = self._o
        o.store(o.add(o.load(start, value.type, place), value), start, place)

    @property
    def _zero(self) -> Any:
        return self._o.constant(self._kind, 0.0)

    def _source(self, stage: Stage, p: Product) -> View:
        return stage.states[0] if p.own else stage.below

    def _rows(self, rows: Rows, t: Any, j: Any) -> Any:
        return rows.at(self._o, self._memory, self._kind, t, j)

    def _weight(self, start: int, j: Any) -> Any:
        """Return the entry of theta that belongs to node j, in every lane."""
        o = self._o
        entry = o.load(self._theta, self._element, o.b.add(j, word(start)))
        return o.splat(self._kind, entry)

    def _fma(self, w: Any, y: Any, total: Any) -> Any:
        o = self._o
        w = w if w.type == self._kind else o.splat(self._kind, w)
        return o.intrinsic("fmuladd", w, y, total)

    def _load(self, start: Any, k: Any = 0) -> Any:
        """Return vector k from an address on."""
        k = word(k) if isinstance(k, int) else k
        at = self._o.b.gep(start, [k], source_etype=self._kind)
        return self._o.load(at, self._kind)

    def _store(self, value: Any, start: Any, k: int) -> None:
        self._o.store(value, self._o.b.gep(start, [word(k)], source_etype=self._kind))


def _alike(products: Sequence[Product]) -> list[list[Product]]:
    """Return the products in groups with the same source and lag."""
    groups: dict[tuple[bool, int], list[Product]] = {}
    for p in products:
        groups.setdefault((p.own, p.lag), []).append(p)
    return list(groups.values())
