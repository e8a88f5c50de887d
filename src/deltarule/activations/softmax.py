"""Softmax: the activation that couples a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deltarule.activations.activation import ACTIVATIONS, Body, RowActivation


@ACTIVATIONS.register
@dataclass(frozen=True)
class Softmax(RowActivation):
    """Softmax over a row: y_j = e^net_j / sum_i e^net_i; only as the output layer's activation.

    The largest net of the row is subtracted first, so nothing overflows. In place of f' stands
    the Jacobian dy_i/dnet_j = y_i ([i = j] - y_j), as the product
    delta_j = y_j (dE/dy_j - sum_i y_i dE/dy_i).

    >>> Softmax()([[0.0, 1e4], [0.0, 0.0]])
    array([[0. , 1. ],
           [0.5, 0.5]])
    """

    name = "softmax"
    equation = r"\frac{e^{net_j}}{\sum_i e^{net_i}}"
    derivative_equation = r"\partial y_i / \partial net_j = y_i ([i = j] - y_j)"
    reference = "Bridle (1990), Probabilistic interpretation of feedforward classification "
    reference += "network outputs"
    probes = (-30.0, -2.0, 0.0, 0.7, 30.0)
    range = (0.0, 1.0)

    def body(self, xp: Any) -> Body:
        """Return `(f, vjp)` over the namespace `xp`."""

        def f(net: Any) -> Any:
            e = xp.exp(net - xp.row_max(net))
            return e / xp.row_sum(e)

        def vjp(y: Any, dE_dy: Any) -> Any:
            return y * (dE_dy - xp.row_sum(y * dE_dy))

        return f, vjp
