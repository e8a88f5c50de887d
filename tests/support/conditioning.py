"""How much of a result rounding alone decides: the result again, with every output y off a little.

A gradient that divides by 1 - y, as binary cross-entropy's does outside its fused pairs, has few
digits where y is near 1, in whichever engine: y itself is only known to an ulp. Two engines are
held to what is left of the digits, so the tests ask by how much the reference moves when y does.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np

import deltarule as dr

ULPS = 2.0
"""How far an output is moved: what the functions of either engine are accurate to."""


def unsettled(net: dr.Network, seed: int, eps: float) -> dr.Network:
    """Return the network with outputs y (1 + ULPS eps s), s = -1 or 1 at random but fixed."""
    layers = [
        replace(layer, activation=_moved(layer.activation, seed + l, ULPS * eps))
        for l, layer in enumerate(net.layers)
    ]
    return dr.Network(net.inputs, layers)


def _moved(activation: Any, seed: int, share: float) -> Any:
    """Return the activation with its outputs moved by `share` of themselves, within its range."""
    kind = type(activation)

    def body(self: Any, xp: Any) -> Any:
        f, df = kind.body(self, xp)

        def off(net: Any) -> Any:
            y = f(net)
            signs = np.random.default_rng(seed).choice([-1.0, 1.0], np.shape(y))
            return np.clip(y * (1 + share * signs).astype(y.dtype), *self.range)

        return off, df

    moved = type(kind.__name__, (kind,), {"body": body})
    return moved(**{f.name: getattr(activation, f.name) for f in fields(activation)})


def spread(compute: Any, net: dr.Network, eps: float, draws: int = 2) -> Any:
    """Return how far arrays move at most: `compute(net)` gives a dictionary of them."""
    settled = compute(net)
    far = dict.fromkeys(settled, 0.0)
    for seed in range(draws):
        moved = compute(unsettled(net, 1000 * seed, eps))
        for name, value in settled.items():
            there, here = np.asarray(moved[name], float), np.asarray(value, float)
            same = there.shape == here.shape
            off = np.max(np.abs(there - here), initial=0.0) if same else np.inf
            far[name] = max(far[name], float(off))
    return far
