"""dE/dw as a sum over paths: the theory page's formula, with `itertools.product`.

    dE/dw_{l,j,k} = y_{l-1,k} f_l'(net_{l,j}) *
        sum over all paths j -> j_{l+1} -> ... -> j_L of
            prod_{m=l+1..L} [ w_{m, j_m, j_{m-1}} f_m'(net_{m,j_m}) ] * dE/dy_{L,j_L}

No delta is formed: every path is multiplied out by itself, in plain Python. With softmax a path
runs through every output i: its last factor f' is the Jacobian dy_i/dnet_j.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

SLOPES: dict[str, Callable[[float], float]] = {
    "identity": lambda net: 1.0,
    "tanh": lambda net: 1.0 / math.cosh(net) ** 2,
    "sigmoid": lambda net: 0.25 / math.cosh(net / 2.0) ** 2,
    "sin": math.cos,
    "softplus": lambda net: 1.0 / (1.0 + math.exp(-net)),
}
VALUES: dict[str, Callable[[float], float]] = {
    "identity": lambda net: net,
    "tanh": math.tanh,
    "sigmoid": lambda net: 1.0 / (1.0 + math.exp(-net)),
    "sin": math.sin,
    "softplus": lambda net: math.log(1.0 + math.exp(net)),
}


def forward(layers: Sequence[tuple[Any, Any, str]], x: Sequence[float]) -> tuple[list, list]:
    """Return nets and outputs of one sample; layers are (W, b, activation)."""
    nets, outputs = [[]], [list(x)]
    for W, b, name in layers:
        net = [sum(w * y for w, y in zip(row, outputs[-1], strict=True)) for row in W]
        nets.append([n + bias for n, bias in zip(net, b, strict=True)])
        if name == "softmax":
            powers = [math.exp(n) for n in nets[-1]]
            outputs.append([p / sum(powers) for p in powers])
        else:
            outputs.append([VALUES[name](n) for n in nets[-1]])
    return nets, outputs


def path_sum(
    layers: Sequence[tuple[Any, Any, str]],
    x: Sequence[float],
    dE_dy: Callable[[Sequence[float]], Sequence[float]],
    l: int,
    j: int,
    k: int | None,
) -> tuple[float, int]:
    """Return (dE/dw_{l,j,k}, number of paths) for one sample; nodes from 0; k None: the bias."""
    nets, outputs = forward(layers, x)
    L, last = len(layers), layers[-1][2]
    at_output = dE_dy(outputs[L])
    routes = itertools.product([j], *(range(len(layers[m][1])) for m in range(l, L)))
    total, count = 0.0, 0
    for route in routes:  # route[m - l] is the node of layer m
        product = 1.0 if k is None else outputs[l - 1][k]
        for m, node in enumerate(route, l):
            W, _, name = layers[m - 1]
            if m > l:
                product *= W[node][route[m - l - 1]]
            if name != "softmax":
                product *= SLOPES[name](nets[m][node])
        end, y = route[-1], outputs[L]
        if last == "softmax":
            ends = [
                y[i] * ((1.0 if i == end else 0.0) - y[end]) * at_output[i] for i in range(len(y))
            ]
            total += product * sum(ends)
            count += len(ends)
        else:
            total += product * at_output[end]
            count += 1
    return total, count
