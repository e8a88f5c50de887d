"""Squared errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deltarule.losses.loss import LOSSES, Body, Loss

__all__ = ["HalfSquaredError", "SquaredError"]


@LOSSES.register
@dataclass(frozen=True)
class HalfSquaredError(Loss):
    """Half the squared error: e = 1/2 (T - y)^2, de/dy = y - T (not T - y).

    >>> loss = HalfSquaredError()
    >>> loss(0.75, 0.0), loss.derivative(0.75, 0.0)
    (array(0.28125), array(0.75))
    """

    name = "half_squared_error"
    square = 1.0
    equation = r"\tfrac12 (T - y)^2"
    derivative_equation = r"y - T"
    reference = "Rumelhart, Hinton and Williams (1986), Learning representations by "
    reference += "back-propagating errors, Nature 323"
    probes = ((0.3, 1.0), (-2.0, 0.5), (1.0, 1.0))

    def body(self, xp: Any) -> Body:
        """Return `(e, de)` over the namespace `xp`."""

        def e(y: Any, T: Any) -> Any:
            rest = T - y
            return 0.5 * rest * rest

        def de(y: Any, T: Any) -> Any:
            return y - T

        return e, de


@LOSSES.register
@dataclass(frozen=True)
class SquaredError(Loss):
    """The squared error: e = (T - y)^2, de/dy = 2 (y - T).

    PyTorch's and Keras's 'MSE' also divides by the number of outputs; ours never does.

    >>> loss = SquaredError()
    >>> loss(0.75, 0.0), loss.derivative(0.75, 0.0)
    (array(0.5625), array(1.5))
    """

    name = "squared_error"
    square = 2.0
    equation = r"(T - y)^2"
    derivative_equation = r"2 (y - T)"
    reference = "Legendre (1805); Gauss (1809)"
    probes = ((0.3, 1.0), (-2.0, 0.5), (1.0, 1.0))

    def body(self, xp: Any) -> Body:
        """Return `(e, de)` over the namespace `xp`."""

        def e(y: Any, T: Any) -> Any:
            rest = T - y
            return rest * rest

        def de(y: Any, T: Any) -> Any:
            return 2.0 * (y - T)

        return e, de
