"""The layers of a program of sequences: what sums of products, and which steps, a layer is."""

from __future__ import annotations

from dataclasses import dataclass, field

from deltarule.engine.compiled.expressions.steps import (
    Step,
    affine_step,
    plain_step,
    recurrent_step,
)
from deltarule.engine.compiled.expressions.tracing import Untraceable
from deltarule.engine.compiled.programs.sequences.fields import Field, Rows, View
from deltarule.engine.compiled.programs.sequences.packing import Packing
from deltarule.layers import Conv1d, Dense, EachStep, Layer
from deltarule.layers.recurrent import Jordan, Recurrent
from deltarule.rules import LayerRule

NOWHERE = View(Field(0, 0), 0, 0)
NO_ROWS = Rows(NOWHERE, 0)


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
    """Whether the source is what the layer feeds back, its own h; else it is what is below."""
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
    inner: Stage | None = None
    """Nodes that come before these within each step, and that alone see what is below the layer."""
    fed: View | None = None
    """What is fed back, where it is not the stage's own h."""

    @property
    def parts(self) -> tuple[Stage, ...]:
        """The nodes of a step, in the order in which they are worked out."""
        return (self,) if self.inner is None else (self.inner, self)

    def source(self, p: Product) -> View:
        """Return what a product's matrix meets."""
        if not p.own:
            return self.below
        return self.states[0] if self.fed is None else self.fed

    @property
    def output(self) -> View:
        """What the layer gives."""
        return self.states[0]


def recurrent_stage(
    l: int, layer: Recurrent, rule: LayerRule, below: View, dE_dx: View | None, packing: Packing
) -> Stage:
    """Return a layer with W, U, b and perhaps further entries for every node."""
    if layer.checkpoint is not None:
        raise Untraceable("steps that are computed again on the way back")
    if type(layer) is Jordan:
        return _jordan_stage(l, layer, rule, below, dE_dx, packing)
    step, units = _step(layer, rule), layer.units
    W, U, b = (packing.start(l, name) for name in ("W", "U", "b"))
    products, biases = [], []
    for s, part in enumerate(step.sums):
        if part.inward is not None:
            delta, row = step.inward[part.inward], part.inward * units
            name, start = f"[{part.inward}]", W + row * below.nodes
            products.append(Product(f"W{name}", start, below.nodes, 1, s, delta, False, 0))
            biases.append(Bias(f"b{name}", b + row, delta, s))
        if part.recurrent is not None:
            delta, start = step.recurrent[part.recurrent], U + part.recurrent * units * units
            products.append(Product(f"U[{part.recurrent}]", start, units, 1, s, delta, True, 1))
    for name, delta in step.further_deltas.items():
        biases.append(Bias(name, packing.start(l, name), delta, None))
    found = Stage(l, units, step, below, products, biases, dE_dx)
    if layer.truncate is not None and min(layer.truncate) < below.steps:
        found.truncate = layer.truncate
    return found


def _jordan_stage(
    l: int, layer: Jordan, rule: LayerRule, below: View, dE_dx: View | None, packing: Packing
) -> Stage:
    """Return the outputs of a step, with the hidden nodes that see the outputs before as `inner`.

    The outputs are made of the hidden nodes (`below`, once these have a place), and fed back to
    them (`fed`).
    """
    W, U, b, V, c = (packing.start(l, name) for name in ("W", "U", "b", "V", "c"))
    into = [
        Product("W", W, below.nodes, 1, 0, 0, False, 0),
        Product("U", U, layer.outs, 1, 0, 0, True, 1),
    ]
    step = affine_step(layer.activation, rule)
    inner = Stage(l, layer.units, step, below, into, [Bias("b", b, 0, 0)], dE_dx)
    out = [Product("V", V, layer.units, 1, 0, 0, False, 0)]
    step = affine_step(layer.output_activation, rule)
    found = Stage(l, layer.outs, step, below, out, [Bias("c", c, 0, 0)], None, inner=inner)
    if layer.truncate is not None and min(layer.truncate) < below.steps:
        found.truncate = inner.truncate = layer.truncate
    return found


def affine_stage(
    l: int,
    layer: Layer,
    rule: LayerRule,
    below: View,
    dE_dx: View | None,
    packing: Packing,
    last: bool,
) -> Stage:
    """Return a dense layer, at one step or at each, or a convolution.

    The last layer's f stands with the loss: its step gives net.
    """
    inner = layer.layer if type(layer) is EachStep else layer
    if type(inner) is Conv1d:
        taps = [(k, inner.kernel, by) for k, by in enumerate(inner.delays)]
    elif type(inner) is Dense:
        taps = [(0, 1, 0)]
    else:
        raise Untraceable(_no_form(inner))
    step = plain_step() if last else affine_step(inner.activation, rule)
    start, row = packing.start(l, "W"), below.nodes * len(taps)
    name = "W" if len(taps) == 1 else "W[..., {}]"
    products = [
        Product(name.format(k), start + k, row, column, 0, 0, False, by) for k, column, by in taps
    ]
    biases = [Bias("b", packing.start(l, "b"), 0, 0)] if inner.bias else []
    return Stage(l, inner.units, step, below, products, biases, dE_dx)


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
