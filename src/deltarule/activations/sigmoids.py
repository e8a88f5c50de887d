"""The S-shaped family: sigmoid, tanh, scaled tanh, softsign."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deltarule.activations.activation import ACTIVATIONS, Body, ElementwiseActivation
from deltarule.core.errors import UsageError
from deltarule.core.namespace import magnitude


@ACTIVATIONS.register
@dataclass(frozen=True)
class Sigmoid(ElementwiseActivation):
    """Logistic sigmoid: y = 1 / (1 + exp(-net)), f' = y (1 - y) = s / (1 + s)^2, s = exp(-|net|).

    Only exp(-|net|) is formed, so nothing overflows. A saturated node has f' as small as
    exp(-|net|): it learns slowly. f' is computed from s, which keeps all its digits where y has
    rounded to 1 and y (1 - y) would be 0.

    >>> Sigmoid()([-1e4, 0.0, 1e4])
    array([0. , 0.5, 1. ])
    """

    name = "sigmoid"
    equation = r"\frac{1}{1 + e^{-net}}"
    derivative_equation = r"y (1 - y)"
    reference = "Rumelhart, Hinton and Williams (1986), Learning representations by "
    reference += "back-propagating errors, Nature 323"
    probes = (-30.0, -2.0, 0.0, 0.7, 30.0)
    range = (0.0, 1.0)

    def body(self, xp: Any) -> Body:
        """Return `(f, df)` over the namespace `xp`."""

        def f(net: Any) -> Any:
            small = xp.exp(-magnitude(net, xp))
            return xp.where(net < 0, small / (1.0 + small), 1.0 / (1.0 + small))

        def df(net: Any, y: Any) -> Any:
            small = xp.exp(-magnitude(net, xp))
            return small / ((1.0 + small) * (1.0 + small))

        return f, df


@ACTIVATIONS.register
@dataclass(frozen=True)
class Tanh(ElementwiseActivation):
    """Hyperbolic tangent: y = tanh(net), f' = 1 - y^2 = 4 s / (1 + s)^2, s = exp(-2 |net|).

    f' is computed from s: near saturation 1 - y^2 loses its digits, and is 0 from |net| = 19 on in
    float64 (9 in float32).

    >>> Tanh()([-1e4, 0.0, 1e4])
    array([-1.,  0.,  1.])
    """

    name = "tanh"
    equation = r"\tanh(net)"
    derivative_equation = r"1 - y^2"
    reference = "LeCun, Bottou, Orr and Mueller (1998), Efficient BackProp, section 4.4"
    probes = (-15.0, -1.0, 0.0, 0.6, 15.0)
    range = (-1.0, 1.0)

    def body(self, xp: Any) -> Body:
        """Return `(f, df)` over the namespace `xp`."""

        def f(net: Any) -> Any:
            return xp.tanh(net)

        def df(net: Any, y: Any) -> Any:
            small = xp.exp(-2.0 * magnitude(net, xp))
            return 4.0 * small / ((1.0 + small) * (1.0 + small))

        return f, df


@ACTIVATIONS.register
@dataclass(frozen=True)
class ScaledTanh(ElementwiseActivation):
    """LeCun's tanh: y = a tanh(s net), f' = a s tanh'(s net) = s (a - y) (a + y) / a.

    With a = 1.7159 and s = 2/3, f(1) = 1 and f(-1) = -1 to four digits, and |f''| is largest
    there.

    >>> ScaledTanh()(1.0).round(4)
    np.float64(1.0)
    """

    amplitude: float = 1.7159
    """a: y lies in [-a, a]."""
    steepness: float = 2.0 / 3.0
    """s: the slope at 0 is a s."""

    name = "scaled_tanh"
    equation = r"a \tanh(s \, net),\; a = 1.7159,\; s = \tfrac23"
    derivative_equation = r"s \, (a - y)(a + y) / a"
    reference = "LeCun, Bottou, Orr and Mueller (1998), Efficient BackProp, section 4.4"
    probes = (-15.0, -1.0, 0.0, 0.6, 15.0)
    init = "lecun_uniform"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.amplitude <= 0.0 or self.steepness <= 0.0:
            raise UsageError(
                f"scaled_tanh: amplitude and steepness have to be positive, not "
                f"{self.amplitude} and {self.steepness}"
            )

    def body(self, xp: Any) -> Body:
        """Return `(f, df)` over the namespace `xp`."""
        a, s = self.amplitude, self.steepness
        tanh, tanh_derivative = Tanh().body(xp)

        def f(net: Any) -> Any:
            return a * tanh(s * net)

        def df(net: Any, y: Any) -> Any:
            return a * s * tanh_derivative(s * net, None)

        return f, df


@ACTIVATIONS.register
@dataclass(frozen=True)
class Softsign(ElementwiseActivation):
    """Softsign: y = net / (1 + |net|), f' = 1 / (1 + |net|)^2.

    It saturates polynomially, so f' never underflows as early as tanh's does.

    >>> Softsign()([-1.0, 0.0, 3.0])
    array([-0.5 ,  0.  ,  0.75])
    """

    name = "softsign"
    equation = r"\frac{net}{1 + |net|}"
    derivative_equation = r"\frac{1}{(1 + |net|)^2}"
    reference = "Bergstra, Desjardins, Lamblin and Bengio (2009), Quadratic polynomials learn "
    reference += "better image features"
    probes = (-30.0, -1.0, 0.0, 0.6, 30.0)
    range = (-1.0, 1.0)

    def body(self, xp: Any) -> Body:
        """Return `(f, df)` over the namespace `xp`."""

        def f(net: Any) -> Any:
            return net / (1.0 + magnitude(net, xp))

        def df(net: Any, y: Any) -> Any:
            bend = 1.0 / (1.0 + magnitude(net, xp))
            return bend * bend

        return f, df
