"""E of a network in plain Python loops: an oracle that shares no code with the package.

Every formula is written out again from its source, with `cmath`, so that a complex step passes
through. `total_error` is the definition: E = c sum_i s_i sum_k e(y_ik, T_ik) + 1/2 l2 sum w^2.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable, Sequence
from typing import Any


def _xlogy(x: Any, y: Any) -> Any:
    return x * cmath.log(y) if x != 0 else 0.0


def _arctanh_error(y: Any, T: Any, limit: float = 17.0) -> Any:
    """Integrate 2 arctanh |d|, clipped at `limit`: d log((1+d)/(1-d)) + log(1 - d^2) inside."""
    d = y - T
    d = d if complex(d).real >= 0 else -d
    if complex(d).real < math.tanh(limit / 2):
        return d * cmath.log((1 + d) / (1 - d)) + cmath.log(1 - d * d)
    return limit * d - 2 * math.log(math.cosh(limit / 2))  # as log(1 - tanh^2) = -2 log cosh


def _huber(y: Any, T: Any, threshold: float = 1.0) -> Any:
    d = y - T if complex(y - T).real >= 0 else T - y
    if complex(d).real <= threshold:
        return d**2 / 2
    return threshold * d - threshold**2 / 2


def _pinball(y: Any, T: Any, tau: float = 0.5) -> Any:
    return max(tau * (T - y), (tau - 1) * (T - y), key=lambda v: complex(v).real)


LOSS: dict[str, Callable[..., Any]] = {
    "half_squared_error": lambda y, T: (T - y) ** 2 / 2,
    "squared_error": lambda y, T: (T - y) ** 2,
    "absolute_error": lambda y, T: max(y - T, T - y, key=lambda v: complex(v).real),
    "huber": _huber,
    "log_cosh": lambda y, T: cmath.log(cmath.cosh(y - T)),
    "quantile": _pinball,
    "binary_cross_entropy": lambda y, T: -_xlogy(T, y) - _xlogy(1 - T, 1 - y),
    "cross_entropy": lambda y, T: -_xlogy(T, y),
    "poisson": lambda y, T: y - _xlogy(T, y),
    "arctanh_error": _arctanh_error,
}
"""e(y, T, **parameters), elementwise; a new loss needs its line here."""


def _softmax(row: Sequence[Any]) -> list[Any]:
    powers = [cmath.exp(v) for v in row]
    return [p / sum(powers) for p in powers]


def _each(f: Callable[[Any], Any]) -> Callable[[Sequence[Any]], list[Any]]:
    return lambda row: [f(v) for v in row]


ROW: dict[str, Callable[[Sequence[Any]], list[Any]]] = {
    "identity": list,
    "tanh": _each(cmath.tanh),
    "sigmoid": _each(lambda v: 1 / (1 + cmath.exp(-v))),
    "exp": _each(cmath.exp),
    "softmax": _softmax,
}
"""y for a row of net."""


def total_error(
    net: Any,
    theta: Sequence[Any],
    X: Any,
    T: Any,
    *,
    reduction: str,
    sample_weight: Any = None,
    l2: float = 0.0,
    parameters: dict[str, float] | None = None,
    loss: str,
) -> Any:
    """Return E by its definition; `net` tells only sizes, activations and biases."""
    numbers, layers, squares = iter(theta), [], 0.0
    for number, layer in enumerate(net.layers, 1):
        n_in = net.sizes[number - 1]
        W = [[next(numbers) for _ in range(n_in)] for _ in range(layer.units)]
        b = [next(numbers) for _ in range(layer.units)] if layer.bias else [0.0] * layer.units
        squares += sum(w * w for row in W for w in row)
        layers.append((W, b, ROW[layer.activation.name]))
    weights = [1.0] * len(X) if sample_weight is None else list(sample_weight)
    total = 0.0
    for x, target, s in zip(X, T, weights, strict=True):
        y = list(x)
        for W, b, f in layers:
            nets = [
                sum((w * v for w, v in zip(row, y, strict=True)), bias)
                for row, bias in zip(W, b, strict=True)
            ]
            y = f(nets)
        e = LOSS[loss]
        total += s * sum(e(v, t, **(parameters or {})) for v, t in zip(y, target, strict=True))
    if reduction == "mean":
        total /= sum(weights)
    return total + l2 * squares / 2
