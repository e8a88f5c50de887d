"""Arrays of a program of sequences: [time][node][lane], a vector of lanes for every node and step.

A lane is an observation (or, of networks side by side, a network). Before its first step a field
may have steps that are 0 and stay 0: where a lag reaches back beyond the beginning.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from llvmlite import ir

from deltarule.engine.compiled.instructions.operations import Ops, word


@dataclass(frozen=True)
class Field:
    """Vectors [time][node]."""

    start: int
    """Where it begins in a thread's memory, in bytes."""
    nodes: int
    before: int = 0
    """Steps of zeros before the first one."""


@dataclass(frozen=True)
class View:
    """Some steps of a field, with its nodes: what a layer gives, as the next one takes it."""

    field: Field
    steps: int
    nodes: int
    first: int = 0
    """The field's step that is the first one here."""

    @property
    def last(self) -> View:
        """The last step alone."""
        return replace(self, steps=1, first=self.first + self.steps - 1)

    @property
    def flat(self) -> View:
        """All steps as one, whose nodes stand step by step."""
        return replace(self, steps=1, nodes=self.steps * self.nodes)

    def at(self, o: Ops, memory: Any, kind: ir.Type, t: Any, node: Any = 0) -> Any:
        """Return the address of a node's vector at step t."""
        slot = o.b.add(t, word(self.first + self.field.before))
        place = o.b.mul(slot, word(self.field.nodes))
        node = word(node) if isinstance(node, int) else node
        start = o.at(memory, ir.IntType(8), self.field.start)
        return o.b.gep(start, [o.b.add(place, node)], source_etype=kind)


@dataclass(frozen=True)
class Rows:
    """Several vectors for every node and step, [time][k][node][lane]."""

    view: View
    apart: int
    """How many vectors lie from one k to the next."""

    @classmethod
    def apart_for(cls, nodes: int) -> int:
        """Return a distance: not a power of 2, where the sets of a cache would meet."""
        return nodes + 1 if nodes % 8 == 0 else nodes
