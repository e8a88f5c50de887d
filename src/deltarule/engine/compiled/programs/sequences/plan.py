"""What a program of sequences does, layer by layer, and where everything lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deltarule.engine.compiled.expressions.backpropagation import try_formulas
from deltarule.engine.compiled.expressions.moving import check_choice
from deltarule.engine.compiled.expressions.tracing import Untraceable
from deltarule.engine.compiled.programs.places import Places
from deltarule.engine.compiled.programs.sequences.fields import Field, Rows, View
from deltarule.engine.compiled.programs.sequences.packing import Packing
from deltarule.engine.compiled.programs.sequences.stages import (
    Stage,
    affine_stage,
    recurrent_stage,
)
from deltarule.engine.compiled.specialisation import Specialisation
from deltarule.engine.objective import Objective
from deltarule.engine.rule_state import drawing
from deltarule.layers import Conv1d, Flatten, Last, Layer, Shape
from deltarule.layers.recurrent import Recurrent

MOST_COUPLED = 256
"""The most output nodes that an f couples: a step's are written one after the other."""

MOST_ROWS = 8
"""The most nodes whose deltas are laid together."""


@dataclass(frozen=True)
class Ending:
    """Where sequences of different lengths become vectors: the last step of each."""

    above: int
    """The number of stages below."""
    below: View
    y: View
    dE_dbelow: View | None
    dE_dy: View


class Plan:
    """The stages of a network, and a thread's memory. Raises `Untraceable` where there is none."""

    def __init__(self, spec: Specialisation, packing: Packing, lanes: int) -> None:
        layers = spec.objective.network.layers
        _check_objective(spec.objective)
        self._vector = lanes * np.dtype(spec.dtype).itemsize
        self.memory = Places()
        steps, features = _sequence(spec.objective.network.shapes[0])
        self.x = self._field("x", steps, features, _lag(layers))
        self.stages: list[Stage] = []
        below, dE_dy = self.x, None
        self.ending: Ending | None = None
        for l, layer in enumerate(layers, 1):
            if isinstance(layer, Last):
                below, dE_dy = self._last(below, dE_dy) if spec.ragged else _last(below, dE_dy)
            elif isinstance(layer, Flatten):
                below, dE_dy = below.flat, None if dE_dy is None else dE_dy.flat
            else:
                rule = spec.objective.rule.at(l, len(layers))
                given = (rule, below, dE_dy, packing)
                if isinstance(layer, Recurrent):
                    stage = recurrent_stage(l, layer, *given)
                else:
                    stage = affine_stage(l, layer, *given, last=l == len(layers))
                if stage.inner is not None:
                    self._place(stage.inner, 0, "h")
                    stage.below = stage.inner.output
                self._place(stage, max(1, _lag(layers[l:])))
                if stage.inner is not None:
                    stage.inner.fed = stage.output
                self.stages.append(stage)
                below, dE_dy = stage.output, stage.dE_dy
        longest = max((stage.below.steps for stage in self.stages), default=0)
        together = self._field("together", longest, MOST_ROWS)
        for stage in self.stages:
            for part in stage.parts:
                part.together = together
        if dE_dy is None:
            raise Untraceable("a network without parameters")
        self.y, self.dE_dy = below, dE_dy

    def _field(self, name: str, steps: int, nodes: int, before: int = 0, after: int = 0) -> View:
        size = (before + steps + after) * nodes * self._vector
        return View(Field(self.memory.reserve(name, size), nodes, before), steps, nodes)

    def _last(self, below: View, dE_dy: View | None) -> tuple[View, View]:
        """Return the view of every sequence's own last step, and of dE/dy there."""
        y, back = (self._field(f"{name} at the end", 1, below.nodes) for name in ("y", "dE_dy"))
        self.ending = Ending(len(self.stages), below, y, dE_dy, back)
        return y, back

    def _place(self, stage: Stage, before: int, mark: str = "") -> None:
        """Give a stage its fields; a layer's inner nodes have a mark of their own."""
        l, n, steps, step = f"{stage.l}{mark}", stage.units, stage.below.steps, stage.step
        for k in range(len(step.after)):
            stage.states.append(self._field(f"state {l}.{k}", steps, n, before if k == 0 else 1))
        stage.dE_dy = self._field(f"dE_dy {l}", steps, n)
        after = max(p.lag for p in stage.products)

        def rows(name: str, width: int) -> Rows:
            apart = Rows.apart_for(n)
            return Rows(self._field(f"{name} {l}", steps, apart * width, after=after), apart)

        stage.saved = rows("saved", max(len(step.saved), len(step.deltas)))
        stage.own = stage.deltas = stage.saved
        if stage.truncate is not None and stage.truncate[0] < stage.truncate[1]:
            stage.own, stage.deltas = (rows(name, len(step.deltas)) for name in ("own", "deltas"))
        for k, part in enumerate(step.carried):
            stage.carried.append(None if part is None else self._field(f"carried {l}.{k}", 1, n))


def _last(below: View, dE_dy: View | None) -> tuple[View, View | None]:
    return below.last, None if dE_dy is None else dE_dy.last


def check_sequences(spec: Specialisation) -> None:
    """Raise `Untraceable` where there is no program of sequences."""
    try_formulas(spec)
    network = spec.objective.network
    if network.output.rowwise and network.shapes[-1][-1] > MOST_COUPLED:
        raise Untraceable(f"{network.shapes[-1][-1]} outputs whose f couples them, through time")
    Plan(spec, Packing(network.layout, spec.dtype), 1)


def _check_objective(objective: Objective) -> None:
    """Raise `Untraceable` for a rule that no program of sequences follows."""
    check_choice(objective)
    if not objective.rule.choice.everything:
        raise Untraceable("a choice of weights, through time")
    if objective.rule.sequential:
        raise Untraceable("the sequential order of updates, through time")
    if any(not rule.exact for rule in (*objective.feedbacks.values(), objective.rule.recurrent)):
        raise Untraceable("other backward weights than W, through time")
    if drawing(objective):
        raise Untraceable("numbers drawn in the place of f', through time")


def _sequence(shape: Shape) -> tuple[int, int]:
    """Return (time, features) of a sample."""
    if len(shape) > 2:
        raise Untraceable(f"samples of the shape {shape}")
    return (shape[0], shape[1]) if len(shape) == 2 else (1, shape[0])


def _lag(layers: Sequence[Layer]) -> int:
    """Return how far the first of some layers looks back at what is below it."""
    return max(layers[0].delays) if layers and isinstance(layers[0], Conv1d) else 0
