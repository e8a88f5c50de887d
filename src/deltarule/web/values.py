"""What a lane shows: weights, and every number of the passes of one sample or of all rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from deltarule.engine import Backprop, Objective, Samples
from deltarule.engine.epoch import outputs_over
from deltarule.layers import Affine
from deltarule.models.metrics import class_numbers, confusion, scores
from deltarule.web.lane import Lane


class Shown(Protocol):
    """A network with its weights and rows: a lane, or one that does not train."""

    @property
    def objective(self) -> Objective:
        """The network, its loss and its rule."""

    @property
    def theta(self) -> NDArray[Any]:
        """The weights as they are now."""

    @property
    def samples(self) -> Samples:
        """The rows."""

    def backprop(self, rows: slice = ...) -> Backprop:
        """Return one pass over some of the rows."""


DRAWN = 64
"""Cells along an edge of what is drawn, and sent, of a layer: its nodes, or some in each cell."""
_PARTS = (0.0, 0.25, 0.5, 0.75, 1.0)
GRID = 40
"""Points along an edge of the decision map."""
_PREDICTED = 64
"""Rows whose outputs are listed."""
FIT = 121
"""Points along the curve of a network with one input."""


def rounded(values: Any, digits: int = 7) -> Any:
    """Return numbers as nested lists, to so many significant digits; what is not finite as text.

    >>> rounded(np.array([1 / 3, np.inf])), rounded(np.array([[2e-9 / 3, -12345678.9, 0.0]]))
    ([0.3333333, 'inf'], [[6.666667e-10, -12345680.0, 0.0]])
    """
    array = np.asarray(values, np.float64)
    size = np.abs(array)
    usual = (size > 1e-250) & (size < 1e250)
    if not (usual | (size == 0)).all():
        if array.ndim:
            return [rounded(value, digits) for value in array]
        number = float(array)
        return float(f"{number:.{digits}g}") if np.isfinite(number) else str(number)
    places = digits - 1 - np.floor(np.log10(np.where(usual, size, 1.0)))
    up, down = 10.0 ** np.maximum(places, 0), 10.0 ** np.maximum(-places, 0)
    return (np.rint(array * up / down) / up * down).tolist()


@dataclass(frozen=True)
class Seen:
    """The nodes of a layer that are seen: from `first` on (0, 1, ...), `per` of them in a cell."""

    first: int
    per: int
    size: int

    @classmethod
    def of(cls, size: int, first: int | None = None) -> Seen:
        """Return the view of a whole layer or, from a node on, of as many as are drawn one by one.

        >>> Seen.of(64), Seen.of(784), Seen.of(784, 780)
        (Seen(first=0, per=1, size=64), Seen(first=0, per=13, size=784), \
Seen(first=720, per=1, size=784))
        """
        if first is None or size <= DRAWN:
            return cls(0, -(-size // DRAWN), size)
        return cls(min(first, size - DRAWN), 1, size)

    def cut(self, values: NDArray[Any], axis: int) -> NDArray[Any]:
        """Return, along an axis, the entry of every cell whose magnitude is the largest.

        >>> Seen(0, 2, 5).cut(np.array([1.0, -3.0, 2.0, 0.5, -1.0]), 0)
        array([-3.,  2., -1.])
        """
        end = min(self.size, self.first + DRAWN * self.per)
        some = values.take(range(self.first, end), axis)
        if self.per == 1:
            return some
        starts = range(0, end - self.first, self.per)
        high, low = (f.reduceat(some, starts, axis) for f in (np.maximum, np.minimum))
        return np.where(high >= -low, high, low)


def passes(lane: Shown, row: int | None, firsts: Sequence[int | None] = ()) -> dict[str, Any]:
    """Return W, b, net, y, f', dE/dy, delta and dE/dw of every layer, by what `dr.backprop` finds.

    `row` is one training sample; None all of them, whose gradient is that of a whole batch and
    whose nets and outputs are means. A layer of more than 64 nodes is told in cells of several
    (`Seen`), or from its node in `firsts` on; `spread` has least, quartiles, most and mean of
    |delta| and of f' over all of its nodes and the rows.
    """
    rows = slice(None) if row is None else slice(row, row + 1)
    found, samples, net = lane.backprop(rows), lane.samples, lane.objective.network
    seen = [Seen.of(n, f) for n, f in zip_longest(net.sizes, firsts)]
    gradients, layers = net.unpack(found.gradient), []
    for l, (layer, p) in enumerate(zip(net.layers, net.unpack(lane.theta), strict=True), 1):
        nets, y = found.nets[l], found.outputs[l]
        assert isinstance(layer, Affine)
        activation = layer.activation
        slope = np.full_like(nets, np.nan) if activation.rowwise else activation.derivative(nets)
        one = {"W": p["W"], "gW": gradients[l - 1]["W"]}
        if "b" in p:
            one |= {"b": p["b"], "gb": gradients[l - 1]["b"]}
        per_node = {"net": nets, "y": y, "slope": slope}
        summed = {"dE_dy": found.dE_dy[l], "delta": found.deltas[l]}
        one |= {name: v.mean(axis=0) for name, v in per_node.items()}
        one |= {name: v.sum(axis=0) for name, v in summed.items()}
        told = {}
        for name, whole in one.items():
            cut = seen[l].cut(whole, 0)
            told[name] = rounded(seen[l - 1].cut(cut, 1) if cut.ndim == 2 else cut)
        told["spread"] = {"delta": _spread(np.abs(found.deltas[l])), "slope": _spread(slope)}
        layers.append(told)
    return {
        "x": rounded(seen[0].cut(samples.X[rows].mean(axis=0), 0)),
        "T": rounded(seen[-1].cut(samples.T[rows].mean(axis=0), 0)),
        "E": rounded(found.error),
        "layers": layers,
        "seen": [[one.first, one.per] for one in seen],
    }


def _spread(values: NDArray[Any]) -> Any:
    """Return least, quartiles, most and mean; None where a number is not finite."""
    if not np.isfinite(values).all():
        return None
    return rounded([*np.quantile(values, _PARTS), values.mean()], 4)


def curve_point(lane: Lane) -> dict[str, Any]:
    """Return E over the training rows and, where there are some, over the validation rows."""
    trainer, theta = lane.trainer, lane.theta
    point = {"step": lane.state.step, "epoch": lane.state.epoch}
    point["E"] = rounded(trainer.error_over(theta, lane.samples))
    if lane.validation is not None:
        point["validation"] = rounded(trainer.error_over(theta, lane.validation))
    return point


def judged(lane: Lane) -> dict[str, Any]:
    """Return what the outputs of the training rows are worth.

    `scores` are the metrics of `deltarule train` but the loss, `predictions` the outputs of the
    first rows, and `confusion` has, where classes are told apart, how often the one of a row was
    taken for that of a column.
    """
    targets, samples = lane.plan.prepared.targets, lane.samples
    y = outputs_over(lane.objective.network, lane.theta, samples.X)
    found = {
        name: v if math.isfinite(v) else None for name, v in scores(targets, y, samples.T).items()
    }
    classes = len(targets.classes) if lane.plan.task in ("binary", "multiclass") else 0
    counts = None
    if 0 < classes <= DRAWN:
        said = class_numbers(y, targets.threshold)
        counts = confusion(class_numbers(samples.T), said, classes).tolist()
    return {"scores": found, "predictions": rounded(y[:_PREDICTED], 4), "confusion": counts}


def predictions(lane: Shown) -> list[Any]:
    """Return the outputs of the first training rows."""
    X = lane.samples.X[:_PREDICTED]
    found: list[Any] = rounded(outputs_over(lane.objective.network, lane.theta, X), 4)
    return found


def decision_map(lane: Shown) -> dict[str, Any] | None:
    """Return the first output over a grid of two inputs, or along one; None for more inputs.

    Inputs are the network's own, scaled; the grid reaches a fifth beyond the training rows.
    """
    samples, net = lane.samples, lane.objective.network
    if net.inputs > 2:
        return None
    low, high = samples.X.min(axis=0), samples.X.max(axis=0)
    room = np.where(high > low, 0.2 * (high - low), 1.0)
    low, high = low - room, high + room
    axes = [
        np.linspace(a, b, GRID if net.inputs == 2 else FIT) for a, b in zip(low, high, strict=True)
    ]
    points = np.stack([axis.ravel() for axis in np.meshgrid(*axes)], axis=1)
    found = outputs_over(net, lane.theta, points)[:, 0]
    return {"low": rounded(low), "high": rounded(high), "y": rounded(found, 4)}
