"""Piecewise linear bounded activations: hard sigmoid, hard tanh."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deltarule.activations.activation import ACTIVATIONS, Body, ElementwiseActivation


@ACTIVATIONS.register
@dataclass(frozen=True)
class HardSigmoid(ElementwiseActivation):
    """Hard sigmoid: y = min(1, max(0, net / 6 + 1/2)), f' = 1/6 for -3 < net < 3, else 0.

    At the kinks (net = -3 and 3) f' is taken as 0, the derivative of the flat side. PyTorch and
    Keras 3 have this slope; Keras 2 had 0.2 with kinks at 2.5.

    >>> HardSigmoid()([-4.0, 0.0, 1.5, 4.0])
    array([0.  , 0.5 , 0.75, 1.  ])
    """

    name = "hard_sigmoid"
    equation = r"\min(1, \max(0, net/6 + 1/2))"
    derivative_equation = r"1/6 \text{ if } |net| < 3 \text{, else } 0"
    reference = "Courbariaux, Bengio and David (2015), BinaryConnect; slope as in Howard et al. "
    reference += "(2019), Searching for MobileNetV3"
    probes = (-5.0, -1.0, 0.5, 2.0, 5.0)
    kinks = (-3.0, 3.0)
    range = (0.0, 1.0)

    def body(self, xp: Any) -> Body:
        """Return `(f, df)` over the namespace `xp`."""

        def f(net: Any) -> Any:
            zero, one = xp.constant(0.0, net), xp.constant(1.0, net)
            return xp.where(net <= -3, zero, xp.where(net >= 3, one, net / 6.0 + 0.5))

        def df(net: Any, y: Any) -> Any:
            flat, slope = xp.constant(0.0, net), xp.constant(1.0 / 6.0, net)
            return xp.where(net <= -3, flat, xp.where(net >= 3, flat, slope))

        return f, df


@ACTIVATIONS.register
@dataclass(frozen=True)
class HardTanh(ElementwiseActivation):
    """Hard tanh: y = min(1, max(-1, net)), f' = 1 for -1 < net < 1, else 0.

    At the kinks (net = -1 and 1) f' is taken as 0, the derivative of the flat side.

    >>> HardTanh()([-4.0, 0.25, 4.0])
    array([-1.  ,  0.25,  1.  ])
    """

    name = "hard_tanh"
    equation = r"\min(1, \max(-1, net))"
    derivative_equation = r"1 \text{ if } |net| < 1 \text{, else } 0"
    reference = "Collobert (2004), Large scale machine learning, PhD thesis"
    probes = (-3.0, -0.5, 0.25, 0.75, 3.0)
    kinks = (-1.0, 1.0)
    range = (-1.0, 1.0)

    def body(self, xp: Any) -> Body:
        """Return `(f, df)` over the namespace `xp`."""

        def f(net: Any) -> Any:
            low, high = xp.constant(-1.0, net), xp.constant(1.0, net)
            return xp.where(net <= -1, low, xp.where(net >= 1, high, net))

        def df(net: Any, y: Any) -> Any:
            flat, slope = xp.constant(0.0, net), xp.constant(1.0, net)
            return xp.where(net <= -1, flat, xp.where(net >= 1, flat, slope))

        return f, df
