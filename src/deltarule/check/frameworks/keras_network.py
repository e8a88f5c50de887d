"""A plain model of Keras's as a network of ours, by what its layers say of themselves.

Nothing here imports Keras: whoever has a model of it has imported it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from deltarule.activations import ACTIVATIONS, Activation
from deltarule.check.frameworks.by_values import activation_of
from deltarule.core.arguments import plain_values
from deltarule.core.arrays import Array
from deltarule.core.errors import UsageError
from deltarule.layers import Dense
from deltarule.network import Network

_PASSED = ("InputLayer", "Dropout", "GaussianNoise", "GaussianDropout", "ActivityRegularization")
"""Layers that do nothing outside of training."""

_ROWS = 64
_CLOSE = {np.dtype(np.float32): 1e-4, np.dtype(np.float64): 1e-10}


def keras_network(model: Any) -> tuple[Network, Array]:
    """Return a plain model as `(net, theta)`: Dense layers and activations, one after the other.

    Raises `UsageError` naming what is not plain. The outputs of both are held against one another
    on random rows, so that a branch between dense layers is found, too.
    """
    if not hasattr(model, "layers") or not callable(getattr(model, "get_weights", None)):
        raise UsageError(f"a model of Keras's is needed, not {type(model).__name__}")
    weights: list[list[Array]] = []
    activations: list[Activation] = []
    for layer in flat_layers(model.layers):
        kind, name = type(layer).__name__, getattr(layer, "name", "")
        if kind in _PASSED:
            continue
        if kind == "Dense":
            found = [np.asarray(w) for w in layer.get_weights()]
            if not found:
                raise UsageError(f"layer {name!r} has no weights yet: build the model first")
            weights.append(found)
            activations.append(_activation(layer.activation, name, found[0].dtype))
            continue
        if not weights or activations[-1].name != "identity" or list(layer.get_weights()):
            raise UsageError(
                f"layer {name!r} is of the type {kind}; Dense layers are read, each with an "
                "activation that is known here, one after the other"
            )
        activations[-1] = _activation(layer, name, weights[-1][0].dtype)
    if not weights:
        raise UsageError("the model has no Dense layer")
    dtype = weights[0][0].dtype
    if dtype not in _CLOSE:
        raise UsageError(f"the model's weights are {dtype}; float32 or float64 is read")
    pairs = zip(weights, activations, strict=True)
    layers = [Dense(w[0].shape[1], a, len(w) > 1) for w, a in pairs]
    net = Network(weights[0][0].shape[0], layers)
    theta = _packed(net, weights, dtype)
    _agree(model, net, theta)
    return net, theta


def _packed(net: Network, weights: Sequence[Sequence[Array]], dtype: Any) -> Array:
    try:
        return net.pack([[w[0].T, *w[1:]] for w in weights], dtype)
    except UsageError:
        shapes = " and ".join(str(w[0].shape) for w in weights)
        raise UsageError(
            f"the Dense layers' kernels, {shapes}, do not follow one another: there is a branch"
        ) from None


def flat_layers(layers: Any) -> list[Any]:
    """Return the layers, those of a model inside the model in its place."""
    found: list[Any] = []
    for layer in layers:
        found += flat_layers(layer.layers) if hasattr(layer, "layers") else [layer]
    return found


def _activation(f: Callable[..., Any], name: str, dtype: Any) -> Activation:
    if f is None:
        return ACTIVATIONS.get("identity")
    known = activation_of(lambda net: _numbers(f(net)), dtype)
    if known is None:
        word = getattr(f, "__name__", type(f).__name__)
        raise UsageError(f"layer {name!r}: the activation {word} is not known here")
    return known


def outputs_of_keras(model: Any, X: Array) -> Array:
    """Return what a model makes of rows, out of training, as an array of NumPy's."""
    return _numbers(model(X, training=False))


def _numbers(value: Any) -> Array:
    return np.asarray(plain_values("the model's output", value))


def _agree(model: Any, net: Network, theta: Array) -> None:
    X = np.random.default_rng(0).normal(size=(_ROWS, net.inputs)).astype(theta.dtype)
    try:
        theirs = outputs_of_keras(model, X)
    except Exception as error:  # whatever a model raises that takes other inputs
        raise UsageError(f"the model does not take rows of {net.inputs} numbers: {error}") from None
    ours = net(theta, X)
    off = np.inf if theirs.shape != ours.shape else float(np.max(np.abs(theirs - ours)))
    if not off <= _CLOSE[theta.dtype] * max(1.0, float(np.max(np.abs(ours)))):
        raise UsageError(
            "the model's outputs are not those of its Dense layers one after the other (they "
            f"differ by {off:.2g}): there is a branch, or something else happens in it"
        )
