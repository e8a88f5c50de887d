"""A batch's samples in the lanes: inputs laid down step by step, targets and weights."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from deltarule.engine.compiled.instructions.operations import (
    Ops,
    element_of,
    lanes_of,
    vector_of,
    word,
)
from deltarule.engine.compiled.programs.arguments import CallValues
from deltarule.engine.compiled.programs.sequences.fields import View

WORD, _HALF = ir.IntType(64), ir.IntType(32)


class Lanes:
    """Which samples lie in the lanes: those of rows i, i + 1, .. of a batch of n.

    Lanes beyond the batch hold row i once more, and count for nothing (`inside`).
    """

    def __init__(self, o: Ops, call: CallValues, kind: Any, row: Any, i: Any, n: Any) -> None:
        self._o, self._call, self._kind, self._lanes = o, call, kind, lanes_of(kind)
        index = o.at(call.index, WORD, o.b.add(row, i))
        if self._lanes == 1:
            self.inside = o.truth(kind, True)
            self._sample = o.b.trunc(o.load(index, WORD), _HALF)
            return
        several = self._several(WORD)
        steps = ir.Constant(several, [word(k) for k in range(self._lanes)])
        here = o.b.add(o.splat(several, i), steps)
        self.inside = o.b.icmp_signed("<", here, o.splat(several, n))
        first = o.splat(several, o.load(index, WORD))
        sample = o.select(self.inside, o.masked_load(index, several, self.inside), first)
        self._sample = o.b.trunc(sample, self._several(_HALF))

    def _several(self, kind: ir.Type) -> ir.Type:
        return vector_of(kind, self._lanes)

    def lay(self, x: View, memory: Any, steps: Any) -> None:
        """Write so many steps of X of the samples to a field."""
        o, size = self._o, x.steps * x.nodes
        place, start = self._places(size), x.at(self._o, memory, self._kind, word(0))
        with o.loop(0, o.b.mul(steps, word(x.nodes))) as k:
            value = self._gathered(self._call.X, place, k)
            o.store(value, o.b.gep(start, [k], source_etype=self._kind))

    def targets(self, y: View) -> Any:
        """Return what reads entry k of the samples' targets: step by step, node by node."""
        place = self._places(y.steps * y.nodes)
        return lambda k: self._gathered(self._call.T, place, k)

    def weights(self, steps: int | None) -> Any:
        """Return what reads the samples' weights at a step; without `steps` they have one each."""
        place = self._sample if steps is None else self._places(steps)
        return lambda t: self._gathered(self._call.weight, place, t if steps else word(0))

    def at_the_end(self, t: Any) -> Any:
        """Return whether step t is the last one of the samples' sequences."""
        o, several = self._o, self._several(WORD)
        return o.b.icmp_signed("==", self._lengths(), o.splat(several, o.b.add(t, word(1))))

    def longest(self) -> Any:
        """Return how many steps the longest of the samples' sequences has."""
        b, lengths = self._o.b, self._lengths()
        if self._lanes == 1:
            return lengths
        found = b.extract_element(lengths, ir.Constant(_HALF, 0))
        for k in range(1, self._lanes):
            other = b.extract_element(lengths, ir.Constant(_HALF, k))
            found = b.select(b.icmp_signed(">", other, found), other, found)
        return found

    def _lengths(self) -> Any:
        return self._read(self._call.lengths, self._several(WORD), self._sample)

    def _places(self, size: int) -> Any:
        return self._o.b.mul(self._sample, self._o.constant(self._sample.type, size))

    def _gathered(self, array: Any, place: Any, k: Any) -> Any:
        at = self._o.at(array, element_of(self._kind), k)
        return self._read(at, self._kind, place)

    def _read(self, array: Any, kind: ir.Type, place: Any) -> Any:
        if self._lanes == 1:
            return self._o.load(array, kind, self._o.b.sext(place, WORD))
        return self._o.gather(array, kind, place)
