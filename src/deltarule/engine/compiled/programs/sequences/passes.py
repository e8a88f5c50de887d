"""The passes of one layer through time, for the observations in the lanes.

Every sum of products is a register, for a few nodes at a time; it is not laid down before the
node's step has been made of it, so nets are never in memory. What stands in it is a vector of
observations times a single weight, read into all lanes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from deltarule.engine.compiled.compiler.lowering import Lowering
from deltarule.engine.compiled.instructions.operations import word
from deltarule.engine.compiled.programs.sequences.fields import Rows
from deltarule.engine.compiled.programs.sequences.loops import summed, tiled
from deltarule.engine.compiled.programs.sequences.plan import Ending
from deltarule.engine.compiled.programs.sequences.samples import Lanes
from deltarule.engine.compiled.programs.sequences.stages import Product, Stage
from deltarule.engine.compiled.programs.sequences.vectors import Vectors


class Passes:
    """Write a layer's passes."""

    def __init__(self, vectors: Vectors, longest: Any = None) -> None:
        self._v, self._o, self._longest = vectors, vectors.o, longest

    def _steps_until(self, steps: int) -> Any:
        """Return how many steps of a field are gone through: none behind the longest sequence."""
        return word(steps) if self._longest is None or steps == 1 else self._longest

    def forward(self, stage: Stage) -> None:
        """Write state_t = step(W x_t + U h_{t-1} + b, state_{t-1}) for t = 1, 2, .., T."""
        with self._o.loop(0, self._steps_until(stage.below.steps)) as t:
            for part in stage.parts:
                self._step_of(part, t)

    def _step_of(self, stage: Stage, t: Any) -> None:
        height = max(1, self._v.registers // 2 // len(stage.step.sums))
        tiled(self._o, stage.units, height, lambda j, n: self._steps(stage, t, j, n))

    def _steps(self, stage: Stage, t: Any, j: Any, count: int) -> None:
        """Write step t of the nodes j, j + 1, .."""
        v, b, several = self._v, self._o.b, len(stage.step.sums)
        biases = {bias.sum: bias for bias in stage.biases if bias.sum is not None}
        sums = [
            v.weight(biases[s].start, b.add(j, word(n))) if s in biases else v.zero
            for n in range(count)
            for s in range(several)
        ]
        for products in _alike(stage.products):
            sums = self._products(stage, products, t, j, count, sums)
        for first, many in v.groups(count):
            nodes = range(first, first + many)
            own = [v.joined([sums[n * several + s] for n in nodes]) for s in range(several)]
            self._step(stage, t, b.add(j, word(first)), many, own)

    def _products(
        self, stage: Stage, products: list[Product], t: Any, j: Any, count: int, sums: list[Any]
    ) -> list[Any]:
        """Add the products with the same source, and the same lag, to the nodes' sums."""
        v, o, first = self._v, self._o, products[0]
        source = stage.source(first)
        nodes = v.at(source, o.b.sub(t, word(first.lag)))
        rows, several = [], len(stage.step.sums)
        for n in range(count):
            for p in products:
                place = o.b.mul(o.b.add(j, word(n)), word(p.row))
                rows.append((n * several + p.sum, v.entry(p.start, place)))

        def add(k: Any, running: list[Any]) -> list[Any]:
            found, y = list(running), v.load(nodes, k)
            for place, row in rows:
                w = o.load(row, v.element, o.b.mul(k, word(first.column)))
                found[place] = v.fma(w, y, found[place])
            return found

        return summed(o, source.nodes, sums, add)

    def _step(self, stage: Stage, t: Any, j: Any, nodes: int, sums: list[Any]) -> None:
        """Write step t of nodes side by side; keep the state, and what the way back needs."""
        v, o, step = self._v, self._o, stage.step
        lower = Lowering(o, v.of(nodes), step.graph.common_divisors())
        for part, value in zip(step.sums, sums, strict=True):
            lower.bind(part.term, value)
        for bias in stage.biases:
            if bias.sum is None:
                own = [v.weight(bias.start, o.b.add(j, word(n))) for n in range(nodes)]
                lower.bind(step.further[bias.name], v.joined(own))
        before = o.b.sub(t, word(1))
        for view, symbol in zip(stage.states, step.before, strict=False):
            lower.bind(symbol, v.load(v.at(view, before, j), 0, nodes))
        for view, term in zip(stage.states, step.after, strict=True):
            v.store(lower(term), v.at(view, t, j))
        for k, term in enumerate(step.saved):
            v.store(lower(term), v.row(stage.saved, t, j, k))

    def take_ends(self, ending: Ending, lanes: Lanes) -> None:
        """Write y, every sequence's own last step of what is below."""
        v, o = self._v, self._o
        y = v.at(ending.y, word(0))
        with o.loop(0, self._steps_until(ending.below.steps)) as t:
            there, at_the_end = v.at(ending.below, t), lanes.at_the_end(t)
            with o.loop(0, ending.y.nodes) as j:
                v.store(o.select(at_the_end, v.load(there, j), v.load(y, j)), y, j)

    def spread_ends(self, ending: Ending, lanes: Lanes) -> None:
        """Write dE/dy below: 0 but for every sequence's own last step."""
        v, o, target = self._v, self._o, ending.dE_dbelow
        assert target is not None
        dE_dy = v.at(ending.dE_dy, word(0))
        with o.loop(0, self._steps_until(ending.below.steps)) as t:
            there, at_the_end = v.at(target, t), lanes.at_the_end(t)
            with o.loop(0, ending.y.nodes) as j:
                v.store(o.select(at_the_end, v.load(dE_dy, j), v.zero), there, j)

    def backward(self, stage: Stage) -> None:
        """Write the deltas for t = T, T - 1, .., 1 from dE/dy_t and the deltas of t + 1.

        A truncated way back goes from T - k1 i, for i = 0, 1, .., through k2 steps; the errors of
        the last k1 among them are those that start there.
        """
        o, steps = self._o, stage.below.steps
        if stage.truncate is None:
            self._begin(stage)
            end = self._steps_until(steps)
            if self._longest is not None and steps > 1:
                self._nothing_behind(stage, end)
            self._walk(stage, word(0), end)
            return
        k1, k2 = stage.truncate
        for part in stage.parts:
            if part.deltas is not part.own:
                self._v.clear(part.deltas.view)
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
                self._v.clear(view)

    def _nothing_behind(self, stage: Stage, end: Any) -> None:
        """Write deltas of 0 for the steps behind the end that a lag reaches."""
        for part in stage.parts:
            rows, lag = part.own.view, max(p.lag for p in part.products)
            start = self._v.at(rows, end)
            with self._o.loop(0, lag * rows.field.nodes) as k:
                self._v.store(self._v.zero, start, k)

    def _at_least_0(self, t: Any) -> Any:
        b = self._o.b
        return b.select(b.icmp_signed("<", t, word(0)), word(0), t)

    def _walk(
        self, stage: Stage, first: Any, end: Any, errors: bool = True, later: bool = True
    ) -> None:
        """Write the deltas of t = end - 1, .., first.

        `errors`: whether dE/dy_t is in them; `later`: whether the deltas of t + 1 are.
        """
        v, o = self._v, self._o

        def back(part: Stage, t: Any, j: Any, count: int) -> None:
            at = v.at(part.dE_dy, t, j)
            from_above = errors and part is stage
            sums = [v.load(at, n) if from_above else v.zero for n in range(count)]
            if part is stage:  # of the step behind it, by what was fed back
                fed = stage.parts[0]
                own = [p for p in fed.products if p.own and later]
                sums = self._through(fed, own, fed.own, t, j, sums)
            else:  # of the same step
                sums = self._through(stage, stage.products, stage.own, t, j, sums)
            for n, many in v.groups(count):
                dE_dh = v.joined(sums[n : n + many])
                self._step_back(part, t, o.b.add(j, word(n)), many, dE_dh)

        def backs(part: Stage, t: Any) -> None:
            tiled(o, part.units, v.registers // 2, lambda j, n: back(part, t, j, n))

        with o.loop(first, end) as t:
            down = o.b.sub(o.b.add(first, o.b.sub(end, word(1))), t)
            for part in reversed(stage.parts):
                backs(part, down)

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
        v, o = self._v, self._o
        for p in products:
            deltas = v.row(rows, o.b.add(t, word(p.lag)), word(0), p.delta)
            left = v.entry(p.start, o.b.mul(j, word(p.column)))

            def add(
                i: Any, running: list[Any], p: Product = p, deltas: Any = deltas, left: Any = left
            ) -> list[Any]:
                delta = v.load(deltas, i)
                row = o.at(left, v.element, o.b.mul(i, word(p.row)))
                weights = [o.load(row, v.element, n * p.column) for n in range(len(running))]
                pairs = zip(weights, running, strict=True)
                return [v.fma(w, delta, value) for w, value in pairs]

            sums = summed(o, stage.units, sums, add)
        return sums

    def _step_back(self, stage: Stage, t: Any, j: Any, nodes: int, dE_dh: Any) -> None:
        """Write the deltas of nodes side by side at step t, over what the step has saved."""
        v, o, step = self._v, self._o, stage.step
        lower = Lowering(o, v.of(nodes))
        for k, term in enumerate(step.saved):
            lower.bind(term, v.load(v.row(stage.saved, t, j, k), 0, nodes))
        places = [None if view is None else v.at(view, word(0), j) for view in stage.carried]
        dE_dstate = [dE_dh, *([None] * (len(step.dE_dstate) - 1))]
        for k, place in enumerate(places):
            if place is not None:
                carried = v.load(place, 0, nodes)
                dE_dstate[k] = carried if k else o.add(dE_dh, carried)
        for symbol, value in zip(step.dE_dstate, dE_dstate, strict=True):
            lower.bind(symbol, o.constant(lower.kind, 0.0) if value is None else value)
        deltas = [lower(term) for term in step.deltas]
        carried_on = [None if term is None else lower(term) for term in step.carried]
        for k, delta in enumerate(deltas):
            v.store(delta, v.row(stage.own, t, j, k))
            if stage.deltas is not stage.own:
                total = v.row(stage.deltas, t, j, k)
                v.store(o.add(v.load(total, 0, nodes), delta), total)
        for place, value in zip(places, carried_on, strict=True):
            if place is not None:
                v.store(value, place)

    def below(self, stage: Stage) -> None:
        """Write dE/dy of the layer below, for every step."""
        v, o, target = self._v, self._o, stage.dE_dx
        if target is None:
            return
        products = [p for p in stage.products if not p.own]

        def write(t: Any, k: Any, count: int) -> None:
            found = self._through(stage, products, stage.deltas, t, k, [v.zero] * count)
            at = v.at(target, t, k)
            for n, value in enumerate(found):
                v.store(value, at, n)

        with o.loop(0, self._steps_until(stage.below.steps)) as t:
            tiled(o, target.nodes, v.registers // 2, lambda k, n: write(t, k, n))


def _alike(products: Sequence[Product]) -> list[list[Product]]:
    """Return the products in groups with the same source and lag."""
    groups: dict[tuple[bool, int], list[Product]] = {}
    for p in products:
        groups.setdefault((p.own, p.lag), []).append(p)
    return list(groups.values())
