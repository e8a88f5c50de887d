"""How far what a rule computes points where the gradient points."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deltarule.core.namespace import NUMPY
from deltarule.core.texts import aligned
from deltarule.engine.problem import Problem
from deltarule.engine.rule_state import first_run
from deltarule.losses import Loss
from deltarule.network import Network
from deltarule.rules import DeltaRule

Array = NDArray[np.float64]


@dataclass(frozen=True)
class LayerAlignment:
    """One layer's angles, in degrees; nan where one of the two vectors is 0 or not there."""

    layer: int
    deltas: float
    """Between the rule's delta_l and the chain rule's: the mean over the rows."""
    batch_deltas: float
    """The same of all rows at once, taken as one vector."""
    weights: float
    """Between what carries delta_l back and W_l, as vectors; nan in the first layer, and where it
    comes from the output."""
    gradient: float
    """Between the rule's dE/dw of the layer and the gradient's."""
    length: float
    """|the rule's dE/dw| / |the gradient|"""


@dataclass(frozen=True, repr=False)
class Alignment:
    """A rule beside the chain rule at one theta; `print` shows the table."""

    layers: tuple[LayerAlignment, ...]
    gradient: float
    """The angle between the rule's whole result d and the gradient g, in degrees."""
    descent: float
    """g d / |g|^2: how fast E falls along -d, to first order, against along -g."""

    def __str__(self) -> str:
        head = ("layer", "deltas", "of the batch", "B and W", "gradient", "length")
        rows = [
            (str(a.layer), *map(_degrees, (a.deltas, a.batch_deltas, a.weights, a.gradient)),
             _number(a.length))
            for a in self.layers
        ]  # fmt: skip
        lines = aligned([head, *rows])
        return "\n".join(
            [
                f"{_degrees(self.gradient)} between the rule's direction and the gradient; "
                f"E falls {_number(self.descent)} times as fast to first order",
                *(f"  {line}" for line in lines),
            ]
        )

    __repr__ = __str__


def _degrees(angle: float) -> str:
    return "-" if math.isnan(angle) else f"{angle:.1f} deg"


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3g}"


def alignment(
    net: Network,
    theta: ArrayLike,
    X: ArrayLike,
    T: ArrayLike,
    rule: str | Mapping[str, Any] | DeltaRule,
    loss: str | Mapping[str, Any] | Loss = "half_squared_error",
    reduction: str = "mean",
    sample_weight: ArrayLike | None = None,
    l2: float = 0.0,
    seed: int = 0,
    learned: ArrayLike | None = None,
) -> Alignment:
    """Compare what a rule computes with the chain rule, layer by layer.

        angle(a, b) = arccos(a b / (|a| |b|))

    The literature calls several angles 'alignment': of the deltas row by row, of the deltas of the
    whole batch, of the backward weights with W, of the gradient. Each has its own name here. Below
    90 degrees E falls to first order.

    Args:
        net, theta, X, T, loss, reduction, rule: as in `deltarule.backprop`.
        sample_weight, l2: likewise.
        seed: the run's, from which the rule draws its numbers: `run.seed`.
        learned: B as the rule has learned it: `run.learned`.

    Raises what `deltarule.backprop` raises.

    >>> import deltarule as dr
    >>> net = dr.Network(2, [dr.Dense(3, "tanh"), dr.Dense(1)])
    >>> found = dr.alignment(net, net.init(0), [[1.0, -1.0]], [[0.5]], "hidden=constant")
    >>> found.layers[1].gradient, 0.0 < found.layers[0].gradient < 90.0
    (0.0, True)
    """
    problem = Problem.of(net, theta, X, T, loss, reduction, rule, sample_weight, l2)
    theirs, true = problem.backprop(None, seed, learned), problem.ruled("exact").backprop()
    objective = problem.objective
    run = first_run(objective, seed, np.float64, learned)
    L, parts = len(net.layers), (net.unpack(theirs.gradient), net.unpack(true.gradient))
    weights = net.unpack(problem.theta)
    found = []
    for l in range(1, L + 1):
        none = np.zeros(0)  # of a layer without parameters, or without deltas of its own
        d, g = (np.concatenate([none, *map(np.ravel, part[l - 1].values())]) for part in parts)
        here, there = (none if bp.deltas[l] is None else bp.deltas[l] for bp in (theirs, true))
        carried = math.nan
        if l > 1 and "W" in weights[l - 1] and objective.feedbacks[l].kind != "direct":
            W = weights[l - 1]["W"]
            B = np.asarray(objective.rule.at(l, L, run).carrier(W, NUMPY))
            carried = _angle(B.ravel(), W.ravel())
        rows = [_angle(a.ravel(), b.ravel()) for a, b in zip(here, there, strict=True)]
        finite = [a for a in rows if not math.isnan(a)]
        found.append(
            LayerAlignment(
                layer=l,
                deltas=float(np.mean(finite)) if finite else math.nan,
                batch_deltas=_angle(here.ravel(), there.ravel()),
                weights=carried,
                gradient=_angle(d, g),
                length=_ratio(d, g),
            )
        )
    d, g = theirs.gradient, true.gradient
    squared = float(g @ g)
    descent = float(d @ g) / squared if squared else math.nan
    return Alignment(tuple(found), _angle(d, g), descent)


def _angle(a: NDArray[Any], b: NDArray[Any]) -> float:
    """Return the angle between two vectors in degrees; nan where one is 0.

    By the half angle, tan(angle / 2) = |u - v| / |u + v| with u and v of length 1 (Kahan 2006),
    which keeps its digits where the two point the same way.
    """
    lengths = float(np.linalg.norm(a)), float(np.linalg.norm(b))
    if not all(0.0 < length < math.inf for length in lengths):
        return math.nan
    u, v = a / lengths[0], b / lengths[1]
    half = math.atan2(float(np.linalg.norm(u - v)), float(np.linalg.norm(u + v)))
    return math.degrees(2.0 * half)


def _ratio(d: NDArray[Any], g: NDArray[Any]) -> float:
    length = float(np.linalg.norm(g))
    return float(np.linalg.norm(d)) / length if length else math.nan


@dataclass
class AlignmentWatch:
    """A callback of `deltarule.train` that follows the alignment, epoch by epoch.

        watch = dr.AlignmentWatch(net, X, T, rule="feedback=random")
        dr.train(net, X, T, rule="feedback=random", callbacks=watch)

    Args:
        net, X, T, rule: as in `alignment`; a rule that learns beside theta cannot be followed,
            since a callback sees theta alone.
        options: further arguments of `alignment`: the loss, the run's seed.
    """

    net: Network
    X: ArrayLike
    T: ArrayLike
    rule: str | Mapping[str, Any] | DeltaRule
    options: Mapping[str, Any] = field(default_factory=dict)
    history: list[Alignment] = field(default_factory=list)
    """One after every epoch."""

    def __call__(self, epoch: Any) -> None:
        """Look at theta after an epoch."""
        found = alignment(self.net, epoch.theta, self.X, self.T, self.rule, **self.options)
        self.history.append(found)

    def plot(self, path: str | Path, *, force: bool = False) -> None:
        """Draw every layer's angle of the gradient over the epochs."""
        from deltarule.core.style import GREY, new_figure, quiet_axes, save_figure

        figure = new_figure(7.0, 4.2)
        axes = figure.subplots()
        quiet_axes(axes)
        epochs = np.arange(1, len(self.history) + 1)
        styles = ("-", "--", "-.", ":")
        for l in range(len(self.net.layers)):
            angles = [found.layers[l].gradient for found in self.history]
            axes.plot(epochs, angles, styles[l % 4], linewidth=1.8, label=f"layer {l + 1}")
        axes.axhline(90.0, color=GREY, linewidth=1.0)
        axes.set_ylim(-6.0, 186.0)  # a line at 0 is seen beside the axis
        axes.set_yticks([0, 45, 90, 135, 180])
        axes.set_xlabel("epoch")
        axes.set_ylabel("degrees between rule and gradient")
        axes.set_title("below 90 E falls to first order", loc="left", fontsize=10)
        axes.legend(frameon=False)
        save_figure(figure, Path(path), force=force)
