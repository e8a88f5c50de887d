"""What a program of sequences does, layer by layer, and where everything lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from deltarule.engine.compiled.expressions.moving import check_choice
from deltarule.engine.compiled.expressions.steps import (
    Step,
    affine_step,
    plain_step,
    recurrent_step,
)
from deltarule.engine.compiled.expressions.tracing import Untraceable
from deltarule.engine.compiled.programs.places import Places
from deltarule.engine.compiled.programs.sequences.fields import Field, Rows, View
from deltarule.engine.compiled.programs.sequences.packing import Packing
from deltarule.engine.compiled.specialisation import Specialisation
from deltarule.engine.objective import Objective
from deltarule.engine.rule_state import drawing
from deltarule.layers import Affine, Conv1d, Dense, EachStep, Flatten, Last, Layer, Shape, Steps
from deltarule.layers.recurrent import Recurrent
from deltarule.rules import LayerRule

__all__ = ["Bias", "Ending", "Plan", "Product", "Row", "Stage", "check_sequences"]

NOWHERE = View(Field(0, 0), 0, 0)
NO_ROWS = Rows(NOWHERE, 0)

MOST_ROWS = 8
"""The most nodes whose deltas are laid together."""


@dataclass(frozen=True)
class Product:
    """A matrix, times the nodes of a source some steps before: a part of a sum.

    Entry (j, k) of the matrix stands at `start + j row + k column` in theta, as it is packed.
    """

    name: str
    start: int
    row: int
    column: int
    sum: int
    delta: int
    own: bool
    """Whether the source is the layer's own h; else it is what is below."""
    lag: int


@dataclass(frozen=True)
class Bias:
    """An entry of theta for every node: a bias in a sum, or a term of its own."""

    name: str
    start: int
    delta: int
    sum: int | None


@dataclass
class Stage:
    """A layer that has parameters."""

    l: int
    units: int
    step: Step
    below: View
    products: list[Product]
    biases: list[Bias]
    dE_dx: View | None
    """Where dE/dy of the layer below goes; None for the first layer."""
    truncate: tuple[int, int] | None = None
    """(k1, k2): see `Recurrent`."""
    states: list[View] = field(default_factory=list)
    """The parts of the state, h (or y) first."""
    dE_dy: View = NOWHERE
    saved: Rows = NO_ROWS
    """What a step saves for the way back."""
    own: Rows = NO_ROWS
    """The deltas, of a truncated way back those of the stretch of time at work; as a rule they take
    the place of what was saved."""
    deltas: Rows = NO_ROWS
    """Their sum over stretches that overlap; else the same."""
    carried: list[View | None] = field(default_factory=list)
    together: View = NOWHERE
    """Room for the deltas of a few nodes, step by step: the same for every stage."""

    @property
    def output(self) -> View:
        """What the layer gives."""
        return self.states[0]


@dataclass(frozen=True)
class Row:
    """How a sample stands in X: entry k of step t at `first + t step + k feature`."""

    size: int
    first: int
    step: int
    feature: int
    lengths: bool = False
    """Whether its last number is how many steps it has."""


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
        self.objective, self._packing = spec.objective, packing
        layers = spec.objective.network.layers
        _check_objective(spec.objective)
        self._vector = lanes * np.dtype(spec.dtype).itemsize
        self.memory = Places()
        shapes, row = spec.objective.network.shapes, layers[0]
        in_rows = isinstance(row, Steps)
        steps, features = _sequence(shapes[1 if in_rows else 0])
        self.row = Row(steps * features, 0, features, 1)
        if isinstance(row, Steps):
            first, step = (steps - 1, -1) if row.latest_first else (0, 1)
            self.row = Row(shapes[0][0], first, step, steps, row.lengths)
        self.x = self._field("x", steps, features, _lag(layers[in_rows:]))
        self.stages: list[Stage] = []
        ragged = spec.ragged or self.row.lengths
        below, dE_dy = self.x, None
        self.ending: Ending | None = None
        for l, layer in enumerate(layers[in_rows:], 1 + in_rows):
            if isinstance(layer, Last):
                below, dE_dy = self._last(below, dE_dy) if ragged else _last(below, dE_dy)
            elif isinstance(layer, Flatten):
                below, dE_dy = below.flat, None if dE_dy is None else dE_dy.flat
            else:
                stage = self._stage(l, layer, below, dE_dy)
                self._place(stage, max(1, _lag(layers[l:])))
                self.stages.append(stage)
                below, dE_dy = stage.output, stage.dE_dy
        longest = max((stage.below.steps for stage in self.stages), default=0)
        together = self._field("together", longest, MOST_ROWS)
        for stage in self.stages:
            stage.together = together
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

    def _place(self, stage: Stage, before: int) -> None:
        """Give a stage its fields."""
        l, n, steps, step = stage.l, stage.units, stage.below.steps, stage.step
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

    def _stage(self, l: int, layer: Layer, below: View, dE_dx: View | None) -> Stage:
        rule = self.objective.rule.at(l, len(self.objective.network.layers))
        if isinstance(layer, Recurrent):
            stage = self._recurrent(l, layer.units, _step(layer, rule), below, dE_dx)
            if layer.truncate is not None and min(layer.truncate) < below.steps:
                stage.truncate = layer.truncate
            return stage
        if type(layer) not in (Dense, EachStep, Conv1d) or not isinstance(layer, Affine):
            raise Untraceable(_no_form(layer))
        last = l == len(self.objective.network.layers)
        step = plain_step() if last else affine_step(layer.activation, rule)
        inner = layer.layer if isinstance(layer, EachStep) else layer
        if isinstance(inner, Conv1d):
            taps = [(k, inner.kernel, by) for k, by in enumerate(inner.delays)]
            units = inner.units
        elif isinstance(inner, Dense):
            taps, units = [(0, 1, 0)], inner.units
        else:
            raise Untraceable(_no_form(inner))
        W = self._packing.start(l, "W")
        row = below.nodes * taps[0][1]
        name = "W" if len(taps) == 1 else "W[..., {}]"
        products = [
            Product(name.format(k), W + k, row, column, 0, 0, False, by) for k, column, by in taps
        ]
        biases = [Bias("b", self._packing.start(l, "b"), 0, 0)] if inner.bias else []
        return Stage(l, units, step, below, products, biases, dE_dx)

    def _recurrent(self, l: int, units: int, step: Step, below: View, dE_dx: View | None) -> Stage:
        """Return the stage of a layer with W, U, b and perhaps further entries for every node."""
        W, U, b = (self._packing.start(l, name) for name in ("W", "U", "b"))
        products, biases = [], []
        for s, part in enumerate(step.sums):
            if part.inward is not None:
                delta, row = step.inward[part.inward], part.inward * units
                start = W + row * below.nodes
                gate = f"[{part.inward}]"
                products.append(Product(f"W{gate}", start, below.nodes, 1, s, delta, False, 0))
                biases.append(Bias(f"b{gate}", b + row, delta, s))
            if part.recurrent is not None:
                delta = step.recurrent[part.recurrent]
                start = U + part.recurrent * units * units
                name = f"U[{part.recurrent}]"
                products.append(Product(name, start, units, 1, s, delta, True, 1))
        for name, delta in step.further_deltas.items():
            biases.append(Bias(name, self._packing.start(l, name), delta, None))
        return Stage(l, units, step, below, products, biases, dE_dx)


def _last(below: View, dE_dy: View | None) -> tuple[View, View | None]:
    return below.last, None if dE_dy is None else dE_dy.last


def check_sequences(spec: Specialisation) -> None:
    """Raise `Untraceable` where there is no program of sequences."""
    Plan(spec, Packing(spec.objective.network.layout, spec.dtype), 1)


def _step(layer: Recurrent, rule: LayerRule) -> Step:
    """Return a recurrent layer's step."""
    if any(width != layer.units for width in layer.held):
        raise Untraceable(f"{_no_form(layer)}: its state is not its nodes'")
    try:
        return recurrent_step(layer, rule)
    except Exception as error:  # whatever a step of the user's own does
        raise Untraceable(f"{_no_form(layer)}: {error}") from error


def _no_form(layer: Layer) -> str:
    return f"the layer {type(layer).__name__} has no compiled form"


def _check_objective(objective: Objective) -> None:
    """Raise `Untraceable` for a rule that no program of sequences follows."""
    check_choice(objective)
    if not objective.rule.choice.everything:
        raise Untraceable("a choice of weights, through time")
    if objective.rule.sequential:
        raise Untraceable("the sequential order of updates, through time")
    if any(not rule.exact for rule in objective.feedbacks.values()):
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
