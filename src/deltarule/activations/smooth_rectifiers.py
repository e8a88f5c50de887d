"""Smooth rectifiers: softplus, gelu, silu, mish."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from deltarule.activations.activation import ACTIVATIONS, Body, ElementwiseActivation
from deltarule.activations.sigmoids import Sigmoid, Tanh
from deltarule.core.namespace import magnitude


@ACTIVATIONS.register
@dataclass(frozen=True)
class Softplus(ElementwiseActivation):
    """Softplus: y = log(1 + e^net) = max(0, net) + log(1 + e^-|net|), f' = 1 - e^-y.

    f' is the sigmoid of net; -expm1(-y) is accurate at both ends.

    >>> Softplus()([-1e4, 0.0, 10.0]).round(4)
    array([ 0.    ,  0.6931, 10.    ])
    """

    name = "softplus"
    equation = r"\log(1 + e^{net})"
    derivative_equation = r"1 - e^{-y}"
    reference = "Dugas, Bengio, Belisle, Nadeau and Garcia (2001), Incorporating second-order "
    reference += "functional knowledge for better option pricing"
    probes = (-30.0, -1.0, 0.0, 0.6, 30.0)
    init = "he_uniform"
    range = (0.0, math.inf)

    def body(self, xp: Any) -> Body:
        """Return `(f, df)` over the namespace `xp`."""

        def f(net: Any) -> Any:
            small = xp.log1p(xp.exp(-magnitude(net, xp)))
            return xp.where(net < 0, small, net + small)

        def df(net: Any, y: Any) -> Any:
            return -xp.expm1(-y)

        return f, df


@ACTIVATIONS.register
@dataclass(frozen=True)
class GELU(ElementwiseActivation):
    """Gaussian error linear unit (exact): y = net Phi(net), f' = Phi(net) + net phi(net).

    Phi and phi are the standard normal's distribution function and density;
    Phi(net) = erfc(-net / sqrt 2) / 2 keeps its digits in the left tail. The common tanh
    approximation is another function; this is the exact one (PyTorch's default).

    >>> GELU()([-1e4, 0.0, 1.0]).round(4)
    array([-0.    ,  0.    ,  0.8413])
    """

    name = "gelu"
    equation = r"net \, \Phi(net)"
    derivative_equation = r"\Phi(net) + net \, \varphi(net)"
    reference = "Hendrycks and Gimpel (2016), Gaussian error linear units"
    probes = (-8.0, -1.0, 0.0, 0.6, 8.0)
    init = "he_uniform"

    def body(self, xp: Any) -> Body:
        """Return `(f, df)` over the namespace `xp`."""
        half_root, density_at_0 = math.sqrt(0.5), 1.0 / math.sqrt(2.0 * math.pi)

        def normal(net: Any) -> Any:
            return 0.5 * xp.erfc(-half_root * net)

        def f(net: Any) -> Any:
            return net * normal(net)

        def df(net: Any, y: Any) -> Any:
            return normal(net) + net * (density_at_0 * xp.exp(-0.5 * net * net))

        return f, df


@ACTIVATIONS.register
@dataclass(frozen=True)
class SiLU(ElementwiseActivation):
    """Sigmoid linear unit (swish): y = net s(net), f' = s (1 + net (1 - s)), s the sigmoid.

    >>> SiLU()([-1e4, 0.0, 1.0]).round(4)
    array([-0.    ,  0.    ,  0.7311])
    """

    name = "silu"
    equation = r"net \, \sigma(net)"
    derivative_equation = r"\sigma(net) (1 + net (1 - \sigma(net)))"
    reference = "Elfwing, Uchibe and Doya (2018), Sigmoid-weighted linear units"
    probes = (-30.0, -1.0, 0.0, 0.6, 30.0)
    init = "he_uniform"

    def body(self, xp: Any) -> Body:
        """Return `(f, df)` over the namespace `xp`."""
        sigmoid, _ = Sigmoid().body(xp)

        def f(net: Any) -> Any:
            return net * sigmoid(net)

        def df(net: Any, y: Any) -> Any:
            s = sigmoid(net)
            return s * (1.0 + net * (1.0 - s))

        return f, df


@ACTIVATIONS.register
@dataclass(frozen=True)
class Mish(ElementwiseActivation):
    """Mish: y = net t, t = tanh(softplus(net)); f' = t + net (1 - t^2) sigmoid(net).

    >>> Mish()([-1e4, 0.0, 1.0]).round(4)
    array([-0.    ,  0.    ,  0.8651])
    """

    name = "mish"
    equation = r"net \tanh(\log(1 + e^{net}))"
    derivative_equation = r"t + net (1 - t^2) \sigma(net),\; t = \tanh(\log(1 + e^{net}))"
    reference = "Misra (2019), Mish: a self regularized non-monotonic activation function"
    probes = (-30.0, -1.0, 0.0, 0.6, 30.0)
    init = "he_uniform"

    def body(self, xp: Any) -> Body:
        """Return `(f, df)` over the namespace `xp`."""
        softplus, sigmoid = Softplus().body(xp)
        tanh, tanh_derivative = Tanh().body(xp)

        def f(net: Any) -> Any:
            return net * tanh(softplus(net))

        def df(net: Any, y: Any) -> Any:
            bend = softplus(net)
            t = tanh(bend)
            return t + net * tanh_derivative(bend, t) * sigmoid(net, bend)

        return f, df
