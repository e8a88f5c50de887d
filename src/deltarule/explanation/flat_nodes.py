"""`dr.saturation`: how many nodes of every layer still let a delta through."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deltarule.activations import Activation
from deltarule.core.arguments import number
from deltarule.core.errors import DataError, NumericError
from deltarule.core.texts import aligned, few_lines
from deltarule.core.views import view
from deltarule.network import Network

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LayerSaturation:
    """One layer: the slopes of its nodes over all observations."""

    layer: int
    activation: Activation
    nets: Array
    """net (n, n_l)."""
    slopes: Array
    """f'(net) (n, n_l); of a row activation, each net's own dy_j/dnet_j."""
    largest: float
    """The largest |f'| that the activation has."""
    threshold: float

    @property
    def flat(self) -> NDArray[np.bool_]:
        """Where |f'| is below threshold * the largest: (n, n_l)."""
        return np.asarray(np.abs(self.slopes) < self.threshold * self.largest)

    @property
    def saturated(self) -> float:
        """The share of (observation, node) pairs that are flat."""
        return float(np.mean(self.flat))

    @property
    def saturated_nodes(self) -> tuple[int, ...]:
        """The nodes, from 1, that are flat for every observation."""
        return tuple(int(j) + 1 for j in np.flatnonzero(self.flat.all(axis=0)))

    @property
    def dead_nodes(self) -> tuple[int, ...]:
        """The nodes, from 1, whose f' is exactly 0 for every observation: they cannot learn."""
        return tuple(int(j) + 1 for j in np.flatnonzero((self.slopes == 0).all(axis=0)))

    @property
    def dead(self) -> float:
        """The share of dead nodes."""
        return len(self.dead_nodes) / int(self.slopes.shape[1])

    def to_dict(self) -> dict[str, Any]:
        """Return the shares as plain values, ready for JSON."""
        return {
            "layer": self.layer,
            "activation": self.activation.name,
            "nodes": self.slopes.shape[1],
            "saturated": self.saturated,
            "saturated_nodes": list(self.saturated_nodes),
            "dead": self.dead,
            "dead_nodes": list(self.dead_nodes),
            "median_slope": float(np.median(np.abs(self.slopes))),
            "largest_slope": self.largest,
        }


@dataclass(frozen=True, eq=False, repr=False)
class Saturation:
    """All layers; `print` shows the table, `plot` where the nodes sit on their f'."""

    layers: tuple[LayerSaturation, ...]
    """Layer l is `layers[l - 1]`."""

    def plot(self, path: str | Path, *, force: bool = False) -> None:
        """Write a PNG: f' of every layer's activation over net, and where the nodes sit.

        Raises `UsageError` for a file that is no picture of ours, unless `force` is given.
        """
        view(Saturation.plot)(self, Path(path), force=force)

    def to_dict(self) -> dict[str, Any]:
        """Return the shares as plain values, ready for JSON."""
        return {"layers": [layer.to_dict() for layer in self.layers]}

    def __str__(self) -> str:
        head = ("layer", "activation", "nodes", "saturated", "in every row", "dead", "median f'")
        rows = [head]
        for found in self.layers:
            rows.append((
                str(found.layer), found.activation.name, str(found.slopes.shape[1]),
                f"{found.saturated:.1%}", str(len(found.saturated_nodes)),
                str(len(found.dead_nodes)), f"{float(np.median(np.abs(found.slopes))):.3g}",
            ))  # fmt: skip
        return "\n".join(aligned(rows))

    def __repr__(self) -> str:
        return few_lines(str(self))


def saturation(net: Network, theta: ArrayLike, X: ArrayLike, threshold: float = 0.05) -> Saturation:
    """Report, layer by layer, which nodes are saturated or dead on the observations X.

    A node is saturated at an observation where |f'(net)| < threshold * (the largest |f'| of its
    activation), and dead where f' is exactly 0 at every observation: no delta gets through it, and
    no training on these observations changes the weights into it. For an output layer that
    couples a row (softmax), f' stands for dy_j/dnet_j = y_j (1 - y_j); there, flat means sure.

    Args:
        net: the network.
        theta: its parameters, flat; the nets are computed in float64.
        X: inputs (n, n_0).
        threshold: below which share of the largest slope a node counts as saturated.

    Returns:
        A `Saturation` with `layers[l - 1].saturated` (a share of all (observation, node) pairs),
        `.saturated_nodes` (for every observation), `.dead_nodes`, and `plot(path)`.

    Raises `UsageError` or `DataError` for arguments that cannot be used, and `NumericError` where
    a net is not finite.

    >>> import deltarule as dr
    >>> net = dr.Network(1, [dr.Dense(2, "relu"), dr.Dense(1, "sigmoid")])
    >>> theta = net.pack([([[1.0], [-1.0]], [0.0, 0.0]), ([[1.0, 1.0]], [0.0])])
    >>> dr.saturation(net, theta, [[1.0], [2.0]])
    layer  activation  nodes  saturated  in every row  dead  median f'
        1        relu      2      50.0%             1     1        0.5
        2     sigmoid      1       0.0%             0     0      0.151
    """
    layers = net.affine
    threshold = number("threshold", threshold, 0.0, 1.0)
    theta = net.check_theta(theta, np.float64)
    inputs = net.check_inputs(X, np.float64)
    if not len(inputs):
        raise DataError("X has no rows")
    if not np.all(np.isfinite(np.asarray(inputs))):
        raise DataError("X has values that are not finite; finite numbers are needed")
    with np.errstate(all="ignore"):
        nets, _ = net.forward(theta, inputs)
    return Saturation(tuple(
        _layer(l, layer.activation, nets[l], threshold) for l, layer in enumerate(layers, 1)
    ))  # fmt: skip


def _layer(l: int, activation: Activation, nets: Array, threshold: float) -> LayerSaturation:
    if not np.all(np.isfinite(nets)):
        raise NumericError(f"net of layer {l} is not finite; look at the weights and the inputs")
    nets = nets.reshape(-1, nets.shape[-1])  # each step of a sequence is an observation
    slopes = own_slopes(activation, nets)
    return LayerSaturation(l, activation, nets, slopes, largest_slope(activation), threshold)


_HALF_WIDTH, _POINTS = 8.0, 1601
"""The largest f' is looked for at 1601 values of net in [-8, 8]."""


def largest_slope(activation: Activation) -> float:
    """Return the largest |f'|; of a row activation, the largest dy_j/dnet_j over pairs of nets.

    >>> from deltarule.activations import Sigmoid, Softmax
    >>> largest_slope(Sigmoid()), largest_slope(Softmax())
    (0.25, 0.25)
    """
    grid = np.linspace(-_HALF_WIDTH, _HALF_WIDTH, _POINTS)
    if activation.rowwise:
        found = own_slopes(activation, np.stack([grid, np.zeros_like(grid)], axis=1))
    else:
        found = activation.derivative(grid)
    return float(np.max(np.abs(found)))


def own_slopes(activation: Activation, nets: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return f'(net); of a row activation dy_j/dnet_j, the diagonal of every row's Jacobian."""
    if not activation.rowwise:
        return activation.derivative(nets)
    return np.array([np.diagonal(activation.derivative(row)) for row in nets])
