"""Activations written out again with mpmath (50 digits): the oracle for values and slopes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np

from deltarule.activations import ACTIVATIONS, Activation

mp.mp.dps = 50


def _elu(x: Any, alpha: float) -> Any:
    return x if x > 0 else mp.mpf(alpha) * mp.expm1(x)


def _selu(x: Any) -> Any:
    """Solve Klambauer's fixed point (equation 14) instead of copying its digits."""
    root = mp.sqrt(2)
    alpha = -mp.sqrt(2 / mp.pi) / (mp.erfc(1 / root) * mp.sqrt(mp.e) - 1)
    scale = (1 - mp.erfc(1 / root) * mp.sqrt(mp.e)) * mp.sqrt(2 * mp.pi)
    scale /= mp.sqrt(
        2 * mp.erfc(root) * mp.e**2
        + mp.pi * mp.erfc(1 / root) ** 2 * mp.e
        - 2 * (2 + mp.pi) * mp.erfc(1 / root) * mp.sqrt(mp.e)
        + mp.pi
        + 2
    )
    return scale * _elu(x, alpha)


F: dict[str, Callable[..., Any]] = {
    "identity": lambda x: x,
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
    "tanh": mp.tanh,
    "scaled_tanh": lambda x, amplitude, steepness: mp.mpf(amplitude) * mp.tanh(steepness * x),
    "softsign": lambda x: x / (1 + abs(x)),
    "relu": lambda x, at_zero: max(mp.mpf(0), x),
    "leaky_relu": lambda x, slope: x if x > 0 else slope * x,
    "elu": _elu,
    "selu": _selu,
    "softplus": lambda x: mp.log1p(mp.exp(x)),
    "gelu": lambda x: x * mp.ncdf(x),
    "silu": lambda x: x / (1 + mp.exp(-x)),
    "mish": lambda x: x * mp.tanh(mp.log1p(mp.exp(x))),
    "hard_sigmoid": lambda x: min(mp.mpf(1), max(mp.mpf(0), x / 6 + mp.mpf(1) / 2)),
    "hard_tanh": lambda x: min(mp.mpf(1), max(mp.mpf(-1), x)),
    "step": lambda x: mp.mpf(x >= 0),
    "sign": lambda x: mp.mpf(1 if x >= 0 else -1),
    "gaussian": lambda x: mp.exp(-(x**2)),
    "sin": mp.sin,
    "exp": mp.exp,
}
"""f(net, **parameters); a new elementwise activation needs its line here."""

VARIANTS = ("relu:0.5", "relu:1", "leaky_relu:0.25", "elu:0.5", "elu:2", "scaled_tanh:2,0.5")

ELEMENTWISE = [a() for a in ACTIVATIONS if not a.rowwise]
ELEMENTWISE += [ACTIVATIONS.get(spec) for spec in VARIANTS]
ROWWISE = [a() for a in ACTIVATIONS if a.rowwise]


def label(record: Any) -> str:
    """Return a short name for a test's parameter."""
    return ":".join(str(v) for v in record.to_dict().values() if not isinstance(v, dict))


def value(activation: Activation, net: float) -> Any:
    """Return f(net) with 50 digits, at exactly the float that is given."""
    parameters = {k: v for k, v in activation.to_dict().items() if k != "name"}
    return F[activation.name](mp.mpf(float(net)), **parameters)


def derivative(activation: Activation, net: float) -> Any:
    """Return f'(net) by a central difference with 50 digits; `net` lies off the kinks."""
    x, h = mp.mpf(float(net)), mp.mpf(10) ** -24
    parameters = {k: v for k, v in activation.to_dict().items() if k != "name"}
    with mp.workdps(100):
        f = F[activation.name]
        return (f(x + h, **parameters) - f(x - h, **parameters)) / (2 * h)


def far_from_kinks(activation: Activation, net: float) -> bool:
    """Whether f is analytic around net."""
    return all(not np.isclose(net, k, atol=1e-9) for k in activation.kinks)
