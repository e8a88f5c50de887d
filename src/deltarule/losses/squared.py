"""Squared errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deltarule.core.registry import Elsewhere
from deltarule.losses.loss import LOSSES, Body, Loss


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
    elsewhere = (
        Elsewhere(
            "scikit-learn 1.9.1",
            "means E over outputs as well as samples, but not its gradient: with k outputs the "
            "gradient is k times that of the loss it reports.",
            "scikit-learn, sklearn/neural_network/_multilayer_perceptron.py, MLPRegressor",
        ),
        Elsewhere(
            "FANN",
            "halves T - y where the output is symmetric about 0 (its tanh), in the error and in "
            "the delta.",
            "libfann/fann, src/fann_train.c, fann_update_MSE",
        ),
    )
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
