"""What many networks of one shape have come to: E, accuracy and saturation, side by side."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from deltarule.activations import Activation
from deltarule.core.arrays import Array
from deltarule.core.errors import UsageError
from deltarule.core.namespace import NUMPY
from deltarule.engine import as_samples
from deltarule.engine.reference import data_errors, penalty
from deltarule.explanation.flat_nodes import largest_slope
from deltarule.network import Network
from deltarule.studies.tasks import Made

MEASURED = ("error", "accuracy", "validation_error", "validation_accuracy", "reach")
"""What is measured of every run at the weights that it keeps."""

_ROOM = 1_000_000
"""So many numbers of a layer are computed together."""

_FLAT = 0.05
"""Where |f'| is below this share of the largest that f has, as in `deltarule.saturation`."""


def measured_at(made: Made, thetas: Array) -> dict[str, list[Any]]:
    """Return lists with an entry per theta (m, size): what is in `MEASURED`, and `saturated`.

    A number that is not finite, or has no meaning, is None; `saturated` and `slope` have an entry
    per layer: the share of flat nodes, and the mean of |f'|. The penalty belongs to what is trained
    on; how well held-out samples are met has none.
    """
    parts = made.parts
    found: dict[str, list[Any]] = {}
    sets = (("", parts.X, parts.T), ("validation_", parts.X_held, parts.T_held))
    with np.errstate(all="ignore"):
        penalties = [float(penalty(made.objective, theta, NUMPY)) for theta in thetas]
        for prefix, X, T in (some for some in sets if len(some[1])):
            errors, right, slopes = [], [], []
            weight = _weight(made, X, T)
            for nets, y in _forward(made.network, thetas, X):
                terms = data_errors(made.objective, nets[-1], y, T, weight, NUMPY)
                errors += terms.reshape(len(y), -1).sum(axis=1).tolist()
                right += (_classes(y) == _classes(T)).mean(axis=1).tolist()
                slopes += [] if prefix else _slopes(made.network, nets)
            extra = penalties if not prefix else [0.0] * len(errors)
            total = [_finite(e + p) for e, p in zip(errors, extra, strict=True)]
            found[prefix + "error"] = total
            if parts.task in ("binary", "multiclass"):
                found[prefix + "accuracy"] = right
            if not prefix:
                found["saturated"], found["slope"] = map(list, zip(*slopes, strict=True))
    return found


def _weight(made: Made, X: Array, T: Array) -> Array | None:
    """Return what every sample counts by its class; None where all count alike."""
    if made.class_weight is None:
        return None
    objective = made.objective
    return as_samples(
        objective.network, objective.loss, X, T, None, X.dtype, made.class_weight
    ).weight


def _forward(network: Network, thetas: Array, X: Array) -> Iterator[tuple[list[Any], Array]]:
    """Yield blocks of networks: the nets of every layer (networks, n, n_l), and y of the last."""
    if not _stackable(network):
        for theta in thetas:
            nets, outputs = network.forward(theta, X)
            yield [None if net is None else net[None] for net in nets[1:]], outputs[-1][None]
        return
    most = max(1, _ROOM // (len(X) * max(network.sizes)))
    for start in range(0, len(thetas), most):
        block, y, nets = thetas[start : start + most], X, []
        for number, layer in enumerate(network.affine, 1):
            p = {
                e.parameter.name: block[:, e.start : e.stop].reshape(
                    len(block), *[1] * (2 - len(e.parameter.shape)), *e.parameter.shape
                )
                for e in network.layout.entries
                if e.layer == number
            }
            y, saved = layer.forward(p, y, NUMPY)
            nets.append(saved.net)
        yield nets, y


def _stackable(network: Network) -> bool:
    """Whether all layers have matrices and vectors alone, which can be laid side by side."""
    try:
        network.affine  # noqa: B018 (it raises where a layer is of another kind)
    except UsageError:
        return False
    return all(len(e.parameter.shape) <= 2 for e in network.layout.entries)


def _classes(y: Array) -> Array:
    """Return the class of every row of the last axis: the largest output, or whether it is > 1/2.

    >>> _classes(np.array([[0.1, 0.7, 0.2]])), _classes(np.array([[0.4], [0.6]]))
    (array([1]), array([False,  True]))
    """
    return y[..., 0] > 0.5 if y.shape[-1] == 1 else np.argmax(y, axis=-1)


def _slopes(network: Network, nets: list[Any]) -> list[tuple[list[Any], list[Any]]]:
    """Return, network by network, two numbers of every layer's (sample, node) pairs.

    The share that is saturated, and the mean of |f'|. None where the layer has no nets, couples a
    row, or a net is not finite.
    """
    count = next((len(net) for net in nets if net is not None), 1)
    found: list[tuple[list[Any], list[Any]]] = [([], []) for _ in range(count)]
    for layer, net in zip(network.layers, nets, strict=True):
        f = getattr(layer, "activation", None)
        values = np.full((2, count), np.nan)
        if net is not None and f is not None and not f.rowwise:
            slopes = np.abs(f.derivative(net))
            finite = np.isfinite(net).all(axis=(1, 2))
            flat = slopes < _FLAT * _largest(f)
            numbers = flat.mean(axis=(1, 2)), slopes.mean(axis=(1, 2))
            values = np.where(finite, numbers, np.nan)
        for own, pair in zip(found, values.T.tolist(), strict=True):
            for several, value in zip(own, pair, strict=True):
                several.append(_finite(value))
    return found


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


@lru_cache(maxsize=64)
def _largest(f: Activation) -> float:
    return largest_slope(f)
