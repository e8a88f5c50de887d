"""Steps: activations with two outputs, whose f' is 0 wherever there is one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deltarule.activations.activation import ACTIVATIONS, Body, ElementwiseActivation


@ACTIVATIONS.register
@dataclass(frozen=True)
class Step(ElementwiseActivation):
    """Step: y = 1 for net >= 0, else 0; f' = 0.

    No delta passes a step: it learns by a rule that puts something in the place of f', such as
    `"hidden=fast_sigmoid:25"`. At net = 0, where y jumps, y is 1.

    >>> Step()([-0.5, 0.0, 2.0])
    array([0., 1., 1.])
    """

    name = "step"
    equation = r"1 \text{ if } net \ge 0 \text{, else } 0"
    derivative_equation = r"0"
    reference = "McCulloch and Pitts (1943)"
    probes = (-2.0, 0.5)
    kinks = (0.0,)
    range = (0.0, 1.0)
    flat = True

    def body(self, xp: Any) -> Body:
        """Return `(f, df)` over the namespace `xp`."""

        def f(net: Any) -> Any:
            return xp.where(net >= 0.0, xp.constant(1.0, net), xp.constant(0.0, net))

        return f, lambda net, y: xp.constant(0.0, net)


@ACTIVATIONS.register
@dataclass(frozen=True)
class Sign(ElementwiseActivation):
    """Sign: y = 1 for net >= 0, else -1; f' = 0.

    As with `step`, it takes a rule other than the exact one to learn. At net = 0, where y jumps,
    y is 1.

    >>> Sign()([-0.5, 0.0, 2.0])
    array([-1.,  1.,  1.])
    """

    name = "sign"
    equation = r"1 \text{ if } net \ge 0 \text{, else } -1"
    derivative_equation = r"0"
    reference = "Hubara et al. (2016), Binarized neural networks"
    probes = (-2.0, 0.5)
    kinks = (0.0,)
    range = (-1.0, 1.0)
    flat = True

    def body(self, xp: Any) -> Body:
        """Return `(f, df)` over the namespace `xp`."""

        def f(net: Any) -> Any:
            return xp.where(net >= 0.0, xp.constant(1.0, net), xp.constant(-1.0, net))

        return f, lambda net, y: xp.constant(0.0, net)
