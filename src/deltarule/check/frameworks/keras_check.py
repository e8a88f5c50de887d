"""`dr.check_keras`: the gradient that Keras's backend gives, against numerical derivatives."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from deltarule.check.frameworks.keras_network import flat_layers, keras_network
from deltarule.check.network import check_gradient
from deltarule.check.result import GradientCheck
from deltarule.core.arguments import array
from deltarule.core.arrays import Array
from deltarule.core.errors import UsageError, first_few

_LOSSES: dict[str, tuple[str, bool]] = {
    "mean_squared_error": ("squared_error", True),
    "mse": ("squared_error", True),
    "mean_absolute_error": ("absolute_error", True),
    "mae": ("absolute_error", True),
    "binary_crossentropy": ("binary_cross_entropy", True),
    "categorical_crossentropy": ("cross_entropy", False),
}
"""Keras's name -> our loss, and whether its mean runs over the outputs, too."""

_TOLERANCE = 1e-4
"""Keras computes in float32: its gradient has some seven digits, of the largest entry."""


def check_keras(
    model: Any,
    X: ArrayLike,
    T: ArrayLike,
    loss: str | None = None,
    tolerance: float = _TOLERANCE,
    seed: int = 0,
) -> GradientCheck:
    """Check the gradient that Keras gives for a plain model, by its backend PyTorch or JAX.

    The model is read as `dr.from_keras` does, and its outputs are ours. Its loss, our formula in
    float64, is differentiated numerically; the gradient is what the backend's own differentiation
    of Keras's loss gives, in float32.

    Args:
        model: Dense layers and activations, one after the other.
        X, T: rows and targets, these (rows, outputs).
        loss: `"mse"`, `"mae"`, `"binary_crossentropy"` or `"categorical_crossentropy"`, of the
            output itself; None: what the model was compiled with.
        tolerance: relative to the largest entry.
        seed: decides what is drawn.

    Raises `UsageError` for a model that is not plain, another loss, another backend.

    See the page "Is this gradient right?" for examples.
    """
    keras = sys.modules.get("keras")
    if keras is None:
        raise UsageError("check_keras checks Keras's models; import keras first")
    net, theta = keras_network(model)
    name = loss if loss is not None else _compiled(model)
    if name not in _LOSSES:
        raise UsageError(
            f"the loss {name!r} cannot be checked; those of Keras's that can are "
            f"{first_few(list(_LOSSES), 9)}"
        )
    body, over_outputs = _LOSSES[name]
    x, t = array("X", X, np.float32), array("T", T, np.float32)
    t = t[:, None] if t.ndim == 1 else t
    if t.shape != (len(x), net.sizes[-1]):
        raise UsageError(f"T has the shape {t.shape}; ({len(x)}, {net.sizes[-1]}) is needed")
    gradient = _gradient(keras, model, x, t, name)
    n, k = t.shape
    by_outputs = over_outputs and k > 1
    return check_gradient(
        net, theta.astype(np.float64), x.astype(np.float64), t.astype(np.float64), loss=body,
        reduction="sum" if by_outputs else "mean",
        sample_weight=np.full(n, 1.0 / (n * k)) if by_outputs else None,
        gradient=gradient, tolerance=tolerance, seed=seed,
    )  # fmt: skip


def _compiled(model: Any) -> str:
    """Return the name of the loss that a model was compiled with."""
    found = getattr(model, "loss", None)
    if getattr(found, "from_logits", False) or getattr(found, "label_smoothing", 0):
        raise UsageError("a loss from_logits, or with label_smoothing, cannot be checked")
    name = found if isinstance(found, str) else getattr(found, "name", None)
    if name is None:
        raise UsageError("the model is not compiled: say which loss is meant, such as loss='mse'")
    return str(name)


def _gradient(keras: Any, model: Any, x: Array, t: Array, name: str) -> Array:
    """Return dE/dtheta as the backend gives it, in our order."""
    backend = keras.backend.backend()
    backends: dict[str, Callable[..., list[Array]]] = {"torch": _by_torch, "jax": _by_jax}
    if backend not in backends:
        raise UsageError(f"the backend {backend} is not asked; torch and jax are")
    function = keras.losses.get(name)
    found = backends[backend](model, lambda y: keras.ops.mean(function(t, y)), x)
    values = {id(v): g for v, g in zip(model.trainable_variables, found, strict=True)}
    parts = []
    for layer in flat_layers(model.layers):
        if type(layer).__name__ != "Dense":
            continue
        if any(id(v) not in values for v in layer.weights):
            raise UsageError(f"layer {layer.name!r} is not trainable, and has no gradient")
        parts += [values[id(v)].T for v in layer.weights]
    return np.concatenate([np.asarray(p, np.float64).ravel() for p in parts])


def _by_torch(model: Any, loss: Callable[[Any], Any], x: Array) -> list[Array]:
    torch = sys.modules["torch"]
    values = [v.value for v in model.trainable_variables]
    with torch.enable_grad():
        total = loss(model(x, training=False))
        found = torch.autograd.grad(total, values)
    return [g.detach().cpu().numpy() for g in found]


def _by_jax(model: Any, loss: Callable[[Any], Any], x: Array) -> list[Array]:
    jax = sys.modules["jax"]
    still = [v.value for v in model.non_trainable_variables]

    def total(values: list[Any]) -> Any:
        return loss(model.stateless_call(values, still, x, training=False)[0])

    return [np.asarray(g) for g in jax.grad(total)([v.value for v in model.trainable_variables])]
