"""Fahlman's arctanh error: it grows without bound as the difference reaches 1."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from deltarule.core.errors import UsageError
from deltarule.core.namespace import magnitude
from deltarule.core.registry import Elsewhere
from deltarule.losses.loss import LOSSES, Body, Loss


@LOSSES.register
@dataclass(frozen=True)
class ArctanhError(Loss):
    """Fahlman's arctanh error: with d = T - y, -de/dy = log((1 + d) / (1 - d)) = 2 arctanh d.

    Fahlman gives only the derivative, clipped at +-17; its integral is
    e = (1 + d) log(1 + d) + (1 - d) log(1 - d), and e = e(d_17) + 17 (|d| - d_17) beyond
    |d| = d_17 = tanh(17/2), where the derivative reaches the clip. So e and de/dy agree
    everywhere, for outputs and targets in [0, 1] (or any for which |d| stays below 1).

    >>> loss = ArctanhError()
    >>> loss.derivative([0.5, 1.0, 0.0], [0.0, 0.0, 1.0]).round(4)
    array([  1.0986,  17.    , -17.    ])
    """

    limit: float = 17.0
    """Where the derivative is clipped; Fahlman's 17."""

    name = "arctanh_error"
    elsewhere = (
        Elsewhere(
            "FANN",
            "has the same derivative, and takes 17 from |d| = 0.9999999 on.",
            "libfann/fann, src/fann_train.c, fann_compute_MSE",
        ),
    )
    equation = r"(1 + d)\log(1 + d) + (1 - d)\log(1 - d),\; d = T - y"
    derivative_equation = r"-\log\frac{1 + d}{1 - d} \text{, clipped at } \pm limit"
    reference = "Fahlman (1988), An empirical study of learning speed in back-propagation "
    reference += "networks, CMU-CS-88-162"
    probes = ((0.3, 1.0), (0.7, 0.5), (0.0, 1.0), (1.0, 0.0))
    output_range = (0.0, 1.0)
    target_range = (0.0, 1.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.0 < self.limit <= 37.0:
            raise UsageError(
                f"arctanh_error: limit has to lie in (0, 37], where tanh(limit / 2) is still below "
                f"1 in float64; not {self.limit}"
            )

    def body(self, xp: Any) -> Body:
        """Return `(e, de)` over the namespace `xp`."""
        limit, edge = self.limit, math.tanh(0.5 * self.limit)
        at_edge = (1.0 + edge) * math.log1p(edge) + (1.0 - edge) * math.log1p(-edge)

        def inside(y: Any, T: Any) -> Any:
            """Return |d| and |d| inside the edge (0 beyond it)."""
            d = magnitude(y - T, xp)
            return d, xp.where(d < edge, d, xp.constant(0.0, y))

        def e(y: Any, T: Any) -> Any:
            d, m = inside(y, T)
            smooth = (1.0 + m) * xp.log1p(m) + (1.0 - m) * xp.log1p(-m)
            return xp.where(d < edge, smooth, at_edge + limit * (d - edge))

        def de(y: Any, T: Any) -> Any:
            d, m = inside(y, T)
            slope = xp.where(d < edge, xp.log1p(m) - xp.log1p(-m), xp.constant(limit, y))
            return xp.where(y < T, -slope, slope)

        return e, de
