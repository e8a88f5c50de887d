"""The identity: a node that does not bend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deltarule.activations.activation import ACTIVATIONS, Body, ElementwiseActivation


@ACTIVATIONS.register
@dataclass(frozen=True)
class Identity(ElementwiseActivation):
    """Identity: y = net, f' = 1.

    >>> Identity()([-2.0, 3.0])
    array([-2.,  3.])
    """

    name = "identity"
    equation = r"net"
    derivative_equation = r"1"
    reference = "Widrow and Hoff (1960), Adaptive switching circuits"
    probes = (-2.0, 0.0, 1.5)

    def body(self, xp: Any) -> Body:
        """Return `(f, df)` over the namespace `xp`."""

        def f(net: Any) -> Any:
            return net

        def df(net: Any, y: Any) -> Any:
            return xp.constant(1.0, net)

        return f, df
