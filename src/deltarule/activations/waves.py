"""Bumps, waves and growth: gaussian, sin, exp."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from deltarule.activations.activation import ACTIVATIONS, Body, ElementwiseActivation


@ACTIVATIONS.register
@dataclass(frozen=True)
class Gaussian(ElementwiseActivation):
    """Gaussian bump: y = exp(-net^2), f' = -2 net y.

    >>> Gaussian()([-1e4, 0.0, 1.0]).round(4)
    array([0.    , 1.    , 0.3679])
    """

    name = "gaussian"
    equation = r"e^{-net^2}"
    derivative_equation = r"-2 \, net \, y"
    reference = "Broomhead and Lowe (1988), Multivariable functional interpolation and adaptive "
    reference += "networks"
    probes = (-5.0, -1.0, 0.0, 0.6, 5.0)
    range = (0.0, 1.0)

    def body(self, xp: Any) -> Body:
        """Return `(f, df)` over the namespace `xp`."""

        def f(net: Any) -> Any:
            return xp.exp(-(net * net))

        def df(net: Any, y: Any) -> Any:
            return -2.0 * net * y

        return f, df


@ACTIVATIONS.register
@dataclass(frozen=True)
class Sin(ElementwiseActivation):
    """Sine: y = sin(net), f' = cos(net).

    >>> Sin()([0.0, 1.0]).round(4)
    array([0.    , 0.8415])
    """

    name = "sin"
    equation = r"\sin(net)"
    derivative_equation = r"\cos(net)"
    reference = "Sitzmann, Martel, Bergman, Lindell and Wetzstein (2020), Implicit neural "
    reference += "representations with periodic activation functions"
    probes = (-4.0, -1.0, 0.0, 0.6, 2.0)
    range = (-1.0, 1.0)

    def body(self, xp: Any) -> Body:
        """Return `(f, df)` over the namespace `xp`."""

        def f(net: Any) -> Any:
            return xp.sin(net)

        def df(net: Any, y: Any) -> Any:
            return xp.cos(net)

        return f, df


@ACTIVATIONS.register
@dataclass(frozen=True)
class Exp(ElementwiseActivation):
    """Exponential: y = e^net, f' = y; the natural output for a Poisson count.

    It overflows to inf where e^net does: above net = 88.7 in float32 and 709.8 in float64.
    Training then stops and names the layer.

    >>> Exp()([-1e4, 0.0, 1.0]).round(4)
    array([0.    , 1.    , 2.7183])
    """

    name = "exp"
    equation = r"e^{net}"
    derivative_equation = r"y"
    reference = "Nelder and Wedderburn (1972), Generalized linear models"
    probes = (-5.0, -1.0, 0.0, 0.6, 3.0)
    range = (0.0, math.inf)

    def body(self, xp: Any) -> Body:
        """Return `(f, df)` over the namespace `xp`."""

        def f(net: Any) -> Any:
            return xp.exp(net)

        def df(net: Any, y: Any) -> Any:
            return y

        return f, df
