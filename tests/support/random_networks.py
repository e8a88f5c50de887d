"""Random networks with data that suit them, of all activations and losses."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from samples import suitable, targets

from deltarule import Dense, Network, backprop
from deltarule.activations import ACTIVATIONS
from deltarule.losses import LOSSES

SMOOTH = [cls() for cls in ACTIVATIONS if not cls.flat]
HIDDEN = [f for f in SMOOTH if not f.rowwise and f.name != "exp"]
OUTPUT = SMOOTH


def problem(index: int) -> tuple[Network, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
    """Return network, theta, X, T and the keyword arguments of `dr.backprop`, case `index`."""
    rng = np.random.default_rng((77, index))
    loss = [cls() for cls in LOSSES][index % len(LOSSES.names())]
    outputs = int(rng.integers(2, 4)) if loss.distribution else int(rng.integers(1, 4))
    fitting = [a for a in OUTPUT if suitable(loss, a, outputs)]
    layers = [
        Dense(int(rng.integers(1, 6)), HIDDEN[int(rng.integers(len(HIDDEN)))], rng.random() < 0.8)
        for _ in range(int(rng.integers(0, 4)))
    ]
    last = Dense(outputs, fitting[int(rng.integers(len(fitting)))])
    net = Network(int(rng.integers(1, 6)), [*layers, last])
    theta = net.init(seed=index) + 0.2 * rng.normal(size=net.size)
    n = int(rng.integers(1, 9))
    X = rng.normal(size=(n, net.inputs))
    options = {
        "loss": loss,
        "reduction": str(rng.choice(["sum", "mean"])),
        "sample_weight": rng.uniform(0.3, 2.0, n) if rng.random() < 0.4 else None,
        "l2": float(rng.choice([0.0, 0.05])),
    }
    return net, theta, X, targets(rng, loss, (n, outputs)), options


@lru_cache
def finite_cases(count: int) -> tuple[int, ...]:
    """Return which of the first cases have a finite E (relu outputs and Poisson's log 0 do not)."""

    def error(index: int) -> float:
        net, theta, X, T, options = problem(index)
        return float(backprop(net, theta, X, T, **options).error)

    return tuple(i for i in range(count) if np.isfinite(error(i)))
