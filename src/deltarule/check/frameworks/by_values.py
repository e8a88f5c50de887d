"""Which of our activations somebody's function is, by its values."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from deltarule.activations import ACTIVATIONS, Activation
from deltarule.core.arrays import Array
from deltarule.core.namespace import NUMPY

_PROBE = np.array([*np.linspace(-3.1, 3.3, 31), -40.0, -7.5, 7.5, 40.0]).reshape(7, 5)
"""Beyond 6, too, where relu6 ends."""

_CLOSE = {np.dtype(np.float64): 1e-12, np.dtype(np.float32): 2e-6}


def activation_of(f: Callable[[Array], Any], dtype: Any = np.float64) -> Activation | None:
    """Return the activation of ours with the values of `f`, a function of nets (n, nodes).

    `dtype` is that in which `f` computes. None: there is none, or `f` refuses the nets.

    >>> activation_of(lambda net: np.where(net < 0, 0.3 * net, net))
    LeakyReLU(slope=0.3)
    """
    dtype = np.dtype(dtype)
    try:
        given = np.asarray(f(_PROBE.astype(dtype)), np.float64)
    except Exception:  # whatever somebody else's function raises for another shape
        return None
    close = _CLOSE[dtype]
    if given.shape != _PROBE.shape:
        return None
    for known in _candidates(given):
        with np.errstate(all="ignore"):
            own = known.body(NUMPY)[0](_PROBE.astype(dtype).astype(np.float64))
        if np.allclose(own, given, rtol=close, atol=close):
            return known
    return None


def _candidates(given: Array) -> Iterator[Activation]:
    """Yield ours, and those with a parameter that `given` shows: f(-3.1) is the first value."""
    yield from map(ACTIVATIONS.get, ACTIVATIONS.names())
    first, net = float(given[0, 0]), float(_PROBE[0, 0])
    if first < 0 and math.isfinite(first):
        for digits in (3, 6, 12):  # as people write them
            yield ACTIVATIONS.get({"name": "leaky_relu", "slope": round(first / net, digits)})
            yield ACTIVATIONS.get({"name": "elu", "alpha": round(first / math.expm1(net), digits)})
