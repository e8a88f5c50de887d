"""What the passes of a program of sequences read and write: vectors, and weights in all lanes."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from deltarule.engine.compiled.instructions.machine import Machine
from deltarule.engine.compiled.instructions.operations import (
    Ops,
    element_of,
    lanes_of,
    vector_of,
    word,
)
from deltarule.engine.compiled.programs.sequences.fields import Rows, View


class Vectors:
    """Vectors of one node (`kind`, a lane for every observation), and of several side by side.

    `memory` is the thread's own; theta is as the program keeps it. Where a batch is smaller than a
    register, the steps of `several` nodes are made together: they are next to each other in memory.
    """

    def __init__(self, o: Ops, machine: Machine, kind: ir.Type, theta: Any, memory: Any) -> None:
        self.o, self.kind, self.theta, self.memory = o, kind, theta, memory
        self.element, self.lanes = element_of(kind), lanes_of(kind)
        self.bytes = 4 if isinstance(self.element, ir.FloatType) else 8
        self.registers = machine.registers
        self.several = max(1, machine.bits // (8 * self.bytes * self.lanes))

    def of(self, nodes: int) -> ir.Type:
        """Return the type of some nodes' vectors side by side."""
        return vector_of(self.element, self.lanes * nodes)

    @property
    def zero(self) -> Any:
        """0 in every lane."""
        return self.o.constant(self.kind, 0.0)

    def at(self, view: View, t: Any, j: Any = 0) -> Any:
        """Return the address of node j at step t."""
        return view.at(self.o, self.memory, self.kind, t, j)

    def row(self, rows: Rows, t: Any, j: Any, k: int) -> Any:
        """Return the address of node j's vector k at step t."""
        return self.at(rows.view, t, self.o.b.add(j, word(k * rows.apart)))

    def load(self, start: Any, k: Any = 0, nodes: int = 1) -> Any:
        """Return the vectors of some nodes from node k behind an address on."""
        k = word(k) if isinstance(k, int) else k
        at = self.o.b.gep(start, [k], source_etype=self.kind)
        return self.o.load(at, self.of(nodes))

    def store(self, value: Any, start: Any, k: Any = 0) -> None:
        """Write vectors from node k behind an address on."""
        k = word(k) if isinstance(k, int) else k
        self.o.store(value, self.o.b.gep(start, [k], source_etype=self.kind))

    def clear(self, view: View) -> None:
        """Write zeros over all steps."""
        start = self.at(view, word(0))
        with self.o.loop(0, view.steps * view.nodes) as k:
            self.store(self.zero, start, k)

    def entry(self, start: int, place: Any, theta: Any = None) -> Any:
        """Return the address of an entry of theta, or of what is packed alike."""
        theta = self.theta if theta is None else theta
        return self.o.at(theta, self.element, self.o.b.add(place, word(start)))

    def weight(self, start: int, j: Any) -> Any:
        """Return the entry of theta that belongs to node j, in every lane."""
        return self.o.splat(self.kind, self.o.load(self.entry(start, j), self.element))

    def fma(self, w: Any, y: Any, total: Any) -> Any:
        """Return w y + total; w is a single number or a vector."""
        w = w if w.type == self.kind else self.o.splat(self.kind, w)
        return self.o.intrinsic("fmuladd", w, y, total)

    def joined(self, values: list[Any]) -> Any:
        """Return the vectors of 1, 2, 4, .. nodes side by side."""
        if len(values) > 1 and self.lanes == 1:
            found = ir.Constant(self.of(len(values)), ir.Undefined)
            for k, value in enumerate(values):
                found = self.o.b.insert_element(found, value, ir.Constant(ir.IntType(32), k))
            return found
        while len(values) > 1:
            pairs = zip(values[::2], values[1::2], strict=True)
            every = range(2 * lanes_of(values[0].type))
            values = [self.o.lanes(x, y, every) for x, y in pairs]
        return values[0]

    def groups(self, count: int) -> list[tuple[int, int]]:
        """Return how nodes are put side by side: (first, how many), 1, 2, 4, .. of them."""
        found, first = [], 0
        while first < count:
            many = min(self.several, 1 << ((count - first).bit_length() - 1))
            found.append((first, many))
            first += many
        return found
