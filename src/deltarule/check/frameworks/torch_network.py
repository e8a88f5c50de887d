"""A plain PyTorch module and its loss as a network and an objective of ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from deltarule.activations import ACTIVATIONS, Activation
from deltarule.check.ours import Ours
from deltarule.core.namespace import NUMPY
from deltarule.layers import Dense
from deltarule.losses import LOSSES
from deltarule.network import Network

__all__ = ["ours_of"]

_ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "Identity": lambda m: "identity",
    "Sigmoid": lambda m: "sigmoid",
    "Tanh": lambda m: "tanh",
    "ReLU": lambda m: "relu",
    "LeakyReLU": lambda m: {"name": "leaky_relu", "slope": m.negative_slope},
    "ELU": lambda m: {"name": "elu", "alpha": m.alpha},
    "SELU": lambda m: "selu",
    "SiLU": lambda m: "silu",
    "Mish": lambda m: "mish",
    "GELU": lambda m: "gelu" if m.approximate == "none" else None,
    "Softsign": lambda m: "softsign",
    "Hardtanh": lambda m: "hard_tanh" if (m.min_val, m.max_val) == (-1.0, 1.0) else None,
    "Softmax": lambda m: "softmax" if m.dim in (1, -1) else None,
}
"""PyTorch's class -> our activation; None where its parameters have no counterpart."""

_LOSSES: dict[str, tuple[Callable[[Any], Any], str | None, bool]] = {
    "MSELoss": (lambda m: "squared_error", None, True),
    "L1Loss": (lambda m: "absolute_error", None, True),
    "HuberLoss": (lambda m: {"name": "huber", "threshold": m.delta}, None, True),
    "BCELoss": (lambda m: "binary_cross_entropy", None, True),
    "BCEWithLogitsLoss": (lambda m: "binary_cross_entropy", "sigmoid", True),
    "CrossEntropyLoss": (lambda m: "cross_entropy", "softmax", False),
}
"""PyTorch's class -> our loss, the output activation inside it, whether its mean runs over
outputs too."""


def ours_of(
    torch: Any, module: Any, inputs: tuple[Any, ...], loss: Any, targets: Any
) -> Ours | None:
    """Return the module and its loss as ours, or None where they are not plain enough."""
    parts = list(module) if isinstance(module, torch.nn.Sequential) else [module]
    known = _LOSSES.get(type(loss).__name__)
    if known is None or len(inputs) != 1 or targets is None or inputs[0].ndim != 2:
        return None
    if getattr(loss, "weight", None) is not None or getattr(loss, "label_smoothing", None):
        return None
    body, inside, over_outputs = known
    layers = _layers(torch, parts, inside)
    if layers is None or loss.reduction not in ("sum", "mean"):
        return None
    linear = [p for p in parts if isinstance(p, torch.nn.Linear)]
    net = Network(linear[0].in_features, layers)
    n, k = len(inputs[0]), net.sizes[-1]
    T = targets.detach().cpu().numpy()
    if inside == "softmax" and T.ndim == 1:
        T = np.eye(k)[T]
    if T.shape != (n, k):
        return None
    by_outputs = over_outputs and k > 1 and loss.reduction == "mean"
    reduction, weight = ("sum", np.full(n, 1.0 / (n * k))) if by_outputs else (loss.reduction, None)
    return Ours(
        net, net.pack([_parameters(p) for p in linear]), inputs[0].cpu().numpy(), T.astype(float),
        LOSSES.get(body(loss)), reduction, weight, 0.0, np.empty(0),
    )  # fmt: skip


def _parameters(linear: Any) -> list[Any]:
    found = [linear.weight.detach().cpu().numpy()]
    return found if linear.bias is None else [*found, linear.bias.detach().cpu().numpy()]


def _activation(torch: Any, part: Any) -> Activation | None:
    """Return one of PyTorch's activations as ours, or what has the values of one of ours."""
    kind = type(part)
    if kind.__module__.startswith("torch.nn.") and kind.__name__ in _ACTIVATIONS:
        spec = _ACTIVATIONS[kind.__name__](part)
        return None if spec is None else ACTIVATIONS.get(spec)
    return None if any(True for _ in part.parameters()) else _by_values(torch, part)


def _by_values(torch: Any, part: Any) -> Activation | None:
    probe = np.linspace(-3.1, 3.3, 35).reshape(7, 5)
    try:
        with torch.no_grad():
            given = part(torch.from_numpy(probe)).numpy()
    except Exception:  # whatever somebody else's module raises for another shape
        return None
    for known in map(ACTIVATIONS.get, ACTIVATIONS.names()):
        with np.errstate(all="ignore"):
            own = known.body(NUMPY)[0](probe)
        if given.shape == own.shape and np.allclose(own, given, rtol=1e-12, atol=1e-15):
            return known
    return None


def _layers(torch: Any, parts: list[Any], inside: str | None) -> list[Dense] | None:
    """Return our layers: each Linear with the activation that follows it."""
    shapes: list[tuple[int, bool]] = []
    activations: list[Activation] = []
    for part in parts:
        if isinstance(part, torch.nn.Linear):
            shapes.append((part.out_features, part.bias is not None))
            activations.append(ACTIVATIONS.get("identity"))
            continue
        found = _activation(torch, part)
        if found is None or not shapes or activations[-1].name != "identity":
            return None
        activations[-1] = found
    if not shapes or any(a.rowwise for a in activations[:-1]):
        return None
    if inside is not None:
        if activations[-1].name != "identity":
            return None
        activations[-1] = ACTIVATIONS.get(inside)
    pairs = zip(shapes, activations, strict=True)
    return [Dense(units, activation, bias) for (units, bias), activation in pairs]
