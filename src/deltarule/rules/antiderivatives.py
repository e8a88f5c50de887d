"""The integral of a bounded f', in pieces."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np


def pieces(activation: Any, low: float, high: float) -> list[tuple[float, str]]:
    """Return where max(low, min(high, f')) changes: (net from which on, "low", "high" or "f").

    The first piece begins at -inf. f' is looked at every hundredth from -60 to 60.
    """
    from scipy.optimize import brentq

    def slope(net: float) -> float:
        return float(activation.derivative(net))

    def kind(value: float) -> str:
        return "low" if value < low else "high" if value > high else "f"

    grid = np.arange(-6000, 6001) / 100.0
    kinds = [kind(float(v)) for v in activation.derivative(grid)]
    found = [(-math.inf, kinds[0])]
    for (a, before), (b, after) in pairwise(zip(grid, kinds, strict=True)):
        if before != after:  # f' is below the bound, or on it, at one end, and not at the other
            bound = low if "low" in (before, after) else high
            where = brentq(lambda net, c=bound: slope(net) - c, a, b, xtol=1e-15)
            found.append((float(where), after))
    return found


def bounded(xp: Any, activation: Any, low: float, high: float) -> Callable[[Any], Any]:
    """Return F with F' = max(low, min(high, f')) and F(0) = f(0), over the namespace `xp`.

    Between two places where f' crosses a bound, F is f or a straight line, plus a constant that
    makes it continuous.
    """
    f, _ = activation.body(xp)
    found = pieces(activation, low, high)
    starts = [start for start, _ in found]

    def alone(kind: str, net: float) -> float:
        return float(activation(net)) if kind == "f" else {"low": low, "high": high}[kind] * net

    here = sum(start <= 0.0 for start in starts) - 1
    constants = {here: float(activation(0.0)) - alone(found[here][1], 0.0)}
    for k in range(here + 1, len(found)):
        at, before = starts[k], found[k - 1][1]
        constants[k] = alone(before, at) + constants[k - 1] - alone(found[k][1], at)
    for k in reversed(range(here)):
        at, after = starts[k + 1], found[k + 1][1]
        constants[k] = alone(after, at) + constants[k + 1] - alone(found[k][1], at)

    def F(net: Any) -> Any:
        value = None
        for k, (start, kind) in enumerate(found):
            line = f(net) if kind == "f" else {"low": low, "high": high}[kind] * net
            piece = line + constants[k] if constants[k] else line
            value = piece if value is None else xp.where(net < start, value, piece)
        return value

    return F
