"""Random networks with everything that an explanation has to hold for."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import deltarule as dr
from deltarule.losses import LOSSES, Loss

HIDDEN = ("sigmoid", "tanh", "relu", "softplus", "identity", "gelu")


def case(rng: np.random.Generator) -> tuple[dr.Network, np.ndarray, Any, Any, dict[str, Any]]:
    """Return (net, theta, X, T, keywords of backprop and explain)."""
    loss = LOSSES.get(str(rng.choice(LOSSES.names())))
    outputs = int(rng.integers(2, 4)) if loss.distribution else int(rng.integers(1, 4))
    layers = [
        dr.Dense(int(rng.integers(1, 5)), str(rng.choice(HIDDEN)), bias=bool(rng.random() < 0.8))
        for _ in range(int(rng.integers(0, 4)))
    ]
    layers.append(dr.Dense(outputs, _output(rng, loss, outputs)))
    net = dr.Network(int(rng.integers(1, 5)), layers)
    n = int(rng.integers(1, 5))
    X = rng.normal(size=(n, net.inputs))
    keywords = {
        "loss": loss,
        "reduction": str(rng.choice(["sum", "mean"])),
        "sample_weight": rng.uniform(0.2, 2.0, n) if rng.random() < 0.4 else None,
        "l2": 0.3 if rng.random() < 0.3 else 0.0,
    }
    return net, rng.normal(size=net.size), X, _targets(rng, loss, (n, outputs)), keywords


def _output(rng: np.random.Generator, loss: Loss, outputs: int) -> str:
    low, high = loss.output_range
    if loss.distribution:
        return "softmax"
    if (low, high) == (0.0, 1.0):
        return "sigmoid"
    if math.isfinite(low) and math.isfinite(high):
        return "tanh" if low < 0 else "sigmoid"
    if low == 0.0:
        return str(rng.choice(["exp", "softplus"]))
    names = ["identity", "tanh", "sigmoid"] + (["softmax"] if outputs > 1 else [])
    return str(rng.choice(names))


def _targets(rng: np.random.Generator, loss: Loss, shape: tuple[int, int]) -> np.ndarray:
    low, high = loss.target_range
    if math.isinf(low) and math.isinf(high):
        return rng.normal(size=shape)
    return rng.uniform(max(low, -1.0) * 0.9, min(high, 3.0) * 0.9, shape)


def weights(net: dr.Network) -> list[tuple[int, int, int]]:
    """Return every weight of a network in the order of theta; biases (k = 0) after W."""
    found = []
    for l, layer in enumerate(net.layers, 1):
        nodes = range(1, net.sizes[l] + 1)
        found += [(l, j, k) for j in nodes for k in range(1, net.sizes[l - 1] + 1)]
        found += [(l, j, 0) for j in nodes] if layer.bias else []
    return found
