"""What a lane shows: weights, and every number of the passes of one sample or of all rows."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from deltarule.engine import Backprop, Objective, Samples
from deltarule.engine.epoch import outputs_over
from deltarule.layers import Affine
from deltarule.models.metrics import measure
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
"""Nodes of a layer that are drawn one by one, and sent, at most."""
GRID = 40
"""Points along an edge of the decision map."""
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


def passes(lane: Shown, row: int | None) -> dict[str, Any]:
    """Return W, b, net, y, f', dE/dy, delta and dE/dw of every layer, by what `dr.backprop` finds.

    `row` is one training sample; None all of them, whose gradient is that of a whole batch and
    whose nets and outputs are means. Layers of more than 64 nodes leave the others out.
    """
    rows = slice(None) if row is None else slice(row, row + 1)
    found, samples, net = lane.backprop(rows), lane.samples, lane.objective.network
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
        layers.append({name: rounded(_drawn(name, v)) for name, v in one.items()})
    return {
        "x": rounded(samples.X[rows].mean(axis=0)[:DRAWN]),
        "T": rounded(samples.T[rows].mean(axis=0)[:DRAWN]),
        "E": rounded(found.error),
        "layers": layers,
    }


def _drawn(name: str, values: NDArray[Any]) -> NDArray[Any]:
    return values[:DRAWN, :DRAWN] if name in ("W", "gW") else values[:DRAWN]


def curve_point(lane: Lane) -> dict[str, Any]:
    """Return E over the training rows and, where there are some, over the validation rows."""
    trainer, theta = lane.trainer, lane.theta
    point = {"step": lane.state.step, "epoch": lane.state.epoch}
    point["E"] = rounded(trainer.error_over(theta, lane.samples))
    if lane.validation is not None:
        point["validation"] = rounded(trainer.error_over(theta, lane.validation))
    return point


def scores(lane: Lane) -> dict[str, float | None]:
    """Return the metrics of `deltarule train` over the training rows."""
    part = lane.plan.prepared["train"]
    return measure(lane.objective, lane.theta, lane.plan.prepared.targets, [(part.X, part.T)])


def predictions(lane: Shown, most: int = 64) -> list[Any]:
    """Return the outputs of the first training rows."""
    samples = lane.samples
    found: list[Any] = rounded(
        outputs_over(lane.objective.network, lane.theta, samples.X[:most]), 4
    )
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
