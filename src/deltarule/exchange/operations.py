"""A trained model as a list of operations, of which every target is a writer.

cells of a row -> numbers scaled, categories as 0 and 1 -> net_l = y_{l-1} W_l^T + b_l,
y_l = f_l(net_l) for l = 1..L -> probabilities of the classes, or values in their own units
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from deltarule.activations import Activation
from deltarule.core.arrays import Array
from deltarule.core.errors import UsageError
from deltarule.data.preparation.encode import OTHER
from deltarule.engine import Objective
from deltarule.exchange.step_program import StepProgram, step_program
from deltarule.layers import Dense
from deltarule.models import Model
from deltarule.rules import DeltaRule


@dataclass(frozen=True)
class Column:
    """How a cell becomes inputs: (x - offset) / scale, or one input per category."""

    name: str
    categories: tuple[str | bool, ...] = ()
    """What a cell may be, where it is no number."""
    offset: float = 0.0
    scale: float = 1.0
    constant: bool = False
    """Whether it never varied in training, and is 0 in the network."""
    fill: float | None = None
    """What a missing number becomes; None: it is refused."""
    least: float = -1.0
    most: float = 1.0
    """The range of training."""

    @property
    def width(self) -> int:
        """How many inputs it becomes."""
        return max(1, len(self.categories))

    def encoded(self, cells: Sequence[Any]) -> list[Array]:
        """Return the inputs that cells become, None being a missing one."""
        if self.categories:
            return [np.array([cell == k for cell in cells], float) for k in self.categories]
        x = np.array([math.nan if cell is None else cell for cell in cells], float)
        x = np.where(np.isnan(x), math.nan if self.fill is None else self.fill, x)
        return [0.0 * x if self.constant else (x - self.offset) / self.scale]


@dataclass(frozen=True, eq=False)
class Step:
    """One layer: net = y W^T + b, y = f(net)."""

    W: Array
    b: Array | None
    activation: Activation


@dataclass(frozen=True, eq=False)
class Operations:
    """Everything that a model does between a row of cells and what it says of it."""

    columns: tuple[Column, ...]
    fills: bool
    """Whether missing cells are filled (the policy `mean`)."""
    steps: tuple[Step, ...]
    objective: Objective
    """E, with the exact rule."""
    changed: bool
    """Whether it was trained with another rule."""
    targets: tuple[str, ...]
    classes: tuple[Any, ...]
    """Empty for a regression."""
    offset: Array
    scale: Array
    """A regression's values are y scale + offset, in float64, ..."""
    how: str = "none"
    """... of which exp or expm1 is taken where it learned "log" or "log1p"."""
    program: StepProgram | None = None
    """What the network does at one step, where rows are sequences; then there are no `steps`."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """The precision of the network."""
        return self.program.dtype if self.program else np.dtype(self.steps[0].W.dtype)

    @property
    def sizes(self) -> tuple[int, ...]:
        """n_0, n_1, .., n_L."""
        return self.objective.network.sizes

    @property
    def inverse(self) -> str:
        """The function that is the last step: exp, expm1, or none."""
        return {"log": "exp", "log1p": "expm1"}.get(self.how, "")

    @property
    def answers(self) -> int:
        """How many numbers come out: a probability for every class, or a value per target."""
        return len(self.classes) or len(self.targets)

    def activations(self) -> list[Activation]:
        """Return every activation once, in order."""
        found: dict[str, Activation] = {}
        for step in self.steps:
            other = found.setdefault(step.activation.name, step.activation)
            if other != step.activation:  # one name is one function in what is written
                raise UsageError(
                    f"two layers have {step.activation.name} with different parameters "
                    f"({other!r}, {step.activation!r}), which no target has a place for"
                )
        return list(found.values())

    def encoded(self, rows: Sequence[tuple[Any, ...]]) -> Array:
        """Return X for rows of cells, None being a missing one."""
        parts = [
            part
            for column, cells in zip(self.columns, zip(*rows, strict=True), strict=True)
            for part in column.encoded(cells)
        ]
        return np.stack(parts, axis=1).astype(self.dtype)


def operations_of(model: Model) -> Operations:
    """Return the operations of a model.

    Raises `UsageError` for a layer that no target has words for, and for what else none has a place
    for.
    """
    network, encoder, targets = model.network, model.inputs, model.targets
    lacking = list(_without_a_place(model))
    if lacking:
        raise UsageError(f"the model cannot be exported yet: {'; '.join(lacking)}")
    program = step_program(network, model.theta)
    steps: list[Step] = []
    for number, (layer, p) in enumerate(
        zip(network.layers, network.unpack(model.theta), strict=True), 1
    ):
        if program is not None:
            break
        if type(layer) is not Dense:
            raise UsageError(
                f"layer {number} is of the type {layer.name}; networks of dense layers, and those "
                "over sequences (dr.save begins them with Steps), can be exported, and no others"
            )
        steps.append(Step(p["W"], p.get("b"), layer.activation))
    classes = tuple(model.classes.tolist()) if targets.classes else ()
    return Operations(
        columns=tuple(_columns(model)),
        fills=encoder.missing == "mean",
        steps=tuple(steps),
        objective=replace(model.objective, rule=DeltaRule()),
        changed=not model.objective.rule.exact,
        targets=targets.names,
        classes=classes,
        offset=targets.scaler.offset,
        scale=targets.scaler.scale,
        how=targets.how,
        program=program,
    )


def _without_a_place(model: Model) -> Iterator[str]:
    """Yield what none of the targets can say, in words."""
    encoder, targets = model.inputs, model.targets
    if model.members is not None:
        yield f"it is an ensemble of {len(model.members)} networks (--ensemble)"
    if encoder.derived:
        yield "columns are made of others (--dates parts, --ordinal)"
    if any(OTHER in some[-1:] for some in encoder.categories):
        yield "rare categories are pooled (--min-count)"
    if model.task == "multilabel":
        yield "its target has several labels"
    if targets.how == "box_cox":
        yield "its target is learned as a power of it (--target-transform box_cox)"
    if targets.threshold != type(targets).threshold:
        yield f"its classes are told apart at {targets.threshold:.3g} (--threshold)"


def _columns(model: Model) -> Iterator[Column]:
    encoder, k = model.inputs, 0
    scaler, ends = encoder.scaler, encoder.ends
    for name, kind, some in zip(encoder.names, encoder.kinds, encoder.categories, strict=True):
        if kind != "numeric":
            yield Column(name, tuple(c == "true" for c in some) if kind == "boolean" else some)
            continue
        offset, scale = float(scaler.offset[k]), float(scaler.scale[k])
        low, high = (offset - scale, offset + scale) if ends is None else map(float, ends[:, k])
        fill = float(encoder.fill[k]) if encoder.missing == "mean" else None
        yield Column(name, (), offset, scale, bool(scaler.constant[k]), fill, low, high)
        k += 1
