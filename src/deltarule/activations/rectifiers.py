"""Rectifiers: relu, leaky relu, elu, selu."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from deltarule.activations.activation import ACTIVATIONS, Body, ElementwiseActivation
from deltarule.core.errors import UsageError


@ACTIVATIONS.register
@dataclass(frozen=True)
class ReLU(ElementwiseActivation):
    """Rectified linear unit: y = max(0, net), f' = 1 for net > 0, 0 for net < 0.

    At net = 0 the derivative is undefined; `at_zero` is used there. The default 0 is what
    PyTorch, JAX and TensorFlow take; every value in [0, 1] is a legitimate subgradient
    (Bertoin et al. 2021, Numerical influence of ReLU'(0) on backpropagation).

    >>> ReLU()([-2.0, 0.0, 3.0])
    array([0., 0., 3.])
    >>> ReLU(at_zero=1.0).derivative([-2.0, 0.0, 3.0])
    array([0., 1., 1.])
    """

    at_zero: float = 0.0
    """f'(0), in [0, 1]."""

    name = "relu"
    equation = r"\max(0, net)"
    derivative_equation = r"1 \text{ if } net > 0 \text{, } 0 \text{ if } net < 0"
    reference = "Nair and Hinton (2010), Rectified linear units improve restricted Boltzmann "
    reference += "machines; f'(0): Bertoin et al. (2021)"
    probes = (-2.0, -0.1, 0.1, 3.0)
    kinks = (0.0,)
    init = "he_uniform"
    range = (0.0, math.inf)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.0 <= self.at_zero <= 1.0:
            raise UsageError(
                f"relu: at_zero is f'(0), any number from 0 to 1 (the slopes on either side of "
                f"the kink), not {self.at_zero}"
            )

    def body(self, xp: Any) -> Body:
        """Return `(f, df)` over the namespace `xp`."""
        at_zero = self.at_zero

        def f(net: Any) -> Any:
            return xp.maximum(net, xp.constant(0.0, net))  # NaN stays NaN

        def df(net: Any, y: Any) -> Any:
            zero, one = xp.constant(0.0, net), xp.constant(1.0, net)
            if at_zero == 0.0:
                return xp.where(net > 0, one, zero)
            return xp.where(net > 0, one, xp.where(net < 0, zero, xp.constant(at_zero, net)))

        return f, df


@ACTIVATIONS.register
@dataclass(frozen=True)
class LeakyReLU(ElementwiseActivation):
    """Leaky relu: y = net for net > 0, else slope * net; f' = 1 for net > 0, else slope.

    At the kink (net = 0) f' is taken as `slope`, as PyTorch does.

    >>> LeakyReLU(0.1)([-2.0, 3.0])
    array([-0.2,  3. ])
    """

    slope: float = 0.01
    """The slope for net < 0."""

    name = "leaky_relu"
    equation = r"net \text{ if } net > 0 \text{, else } slope \cdot net"
    derivative_equation = r"1 \text{ if } net > 0 \text{, else } slope"
    reference = "Maas, Hannun and Ng (2013), Rectifier nonlinearities improve neural network "
    reference += "acoustic models"
    probes = (-2.0, -0.1, 0.1, 3.0)
    kinks = (0.0,)
    init = "he_uniform"

    def body(self, xp: Any) -> Body:
        """Return `(f, df)` over the namespace `xp`."""
        slope = self.slope

        def f(net: Any) -> Any:
            return xp.where(net > 0, net, slope * net)

        def df(net: Any, y: Any) -> Any:
            return xp.where(net > 0, xp.constant(1.0, net), xp.constant(slope, net))

        return f, df


@ACTIVATIONS.register
@dataclass(frozen=True)
class ELU(ElementwiseActivation):
    """Exponential linear unit: y = net for net > 0, else alpha (e^net - 1); f' = 1 or alpha e^net.

    Smooth at 0 for alpha = 1; for another alpha the kink takes the left slope, alpha.

    >>> ELU()([-1e4, 0.0, 3.0])
    array([-1.,  0.,  3.])
    """

    alpha: float = 1.0
    """-alpha is the value at saturation."""

    name = "elu"
    equation = r"net \text{ if } net > 0 \text{, else } \alpha (e^{net} - 1)"
    derivative_equation = r"1 \text{ if } net > 0 \text{, else } \alpha e^{net} = y + \alpha"
    reference = "Clevert, Unterthiner and Hochreiter (2016), Fast and accurate deep network "
    reference += "learning by exponential linear units"
    probes = (-30.0, -1.0, -0.1, 0.1, 3.0)
    kinks = (0.0,)
    init = "he_uniform"

    def body(self, xp: Any) -> Body:
        """Return `(f, df)` over the namespace `xp`."""
        alpha = self.alpha

        def f(net: Any) -> Any:
            bent = alpha * xp.expm1(xp.where(net > 0, xp.constant(0.0, net), net))
            return xp.where(net > 0, net, bent)

        def df(net: Any, y: Any) -> Any:
            bent = alpha * xp.exp(xp.where(net > 0, xp.constant(0.0, net), net))
            return xp.where(net > 0, xp.constant(1.0, net), bent)

        return f, df


_SELU_ALPHA = 1.6732632423543772848170429916717
_SELU_SCALE = 1.0507009873554804934193349852946


@ACTIVATIONS.register
@dataclass(frozen=True)
class SELU(ElementwiseActivation):
    """Self-normalising elu: y = s elu(net) with alpha = 1.6733..., s = 1.0507...

    f' = s for net > 0, else s alpha e^net. With these constants mean 0 and variance 1 are a fixed
    point of the layer (with lecun_normal weights). At the kink (net = 0) f' is the left slope,
    s alpha = 1.758.

    >>> SELU()([-1e4, 0.0, 1.0]).round(4)
    array([-1.7581,  0.    ,  1.0507])
    """

    name = "selu"
    equation = r"s \, net \text{ if } net > 0 \text{, else } s \alpha (e^{net} - 1)"
    derivative_equation = r"s \text{ if } net > 0 \text{, else } y + s \alpha"
    reference = "Klambauer, Unterthiner, Mayr and Hochreiter (2017), Self-normalizing neural "
    reference += "networks"
    probes = (-30.0, -1.0, -0.1, 0.1, 3.0)
    kinks = (0.0,)
    init = "lecun_normal"

    def body(self, xp: Any) -> Body:
        """Return `(f, df)` over the namespace `xp`."""
        elu, elu_derivative = ELU(_SELU_ALPHA).body(xp)

        def f(net: Any) -> Any:
            return _SELU_SCALE * elu(net)

        def df(net: Any, y: Any) -> Any:
            return _SELU_SCALE * elu_derivative(net, None)

        return f, df
