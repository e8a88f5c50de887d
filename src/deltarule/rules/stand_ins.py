"""Stand-ins for f' that are made from f', or take its place altogether."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from deltarule.core.errors import UsageError
from deltarule.core.namespace import magnitude
from deltarule.core.registry import Elsewhere
from deltarule.rules.antiderivatives import bounded
from deltarule.rules.derivatives import DERIVATIVES, DerivativeRule, StandIn


@DERIVATIVES.register
@dataclass(frozen=True)
class ConstantDerivative(DerivativeRule):
    """c in the place of f'(net): with c = 1, f' is left out.

    At the output of a sigmoid network with squared error, c = 1 is the gradient of the
    cross-entropy. In hidden layers no function has it as its gradient.

    >>> ConstantDerivative()
    ConstantDerivative(c=1.0)
    """

    c: float = 1.0
    """What stands for f' everywhere."""

    name = "constant"
    equation = r"c"
    reference = "Hinton (1989), Artificial Intelligence 40, sec. 4.4, for the output"
    passes = True

    def body(self, xp: Any) -> StandIn:
        """Return `stand_in(net, y, slope, at)` over the namespace `xp`."""
        c = self.c
        return lambda net, y, slope, at: xp.constant(c, slope)

    def antiderivative(self, xp: Any, activation: Any) -> Callable[[Any], Any]:
        """Return f(0) + c net."""
        c, start = self.c, float(activation(0.0))
        return lambda net: start + c * net


@DERIVATIVES.register
@dataclass(frozen=True)
class OffsetDerivative(DerivativeRule):
    """f'(net) + c: a saturated node goes on to learn.

    It is the derivative of f(net) + c net: the same rule is exact for a network with that
    activation.
    """

    c: float = 0.1
    """What is added to f'."""

    name = "offset"
    equation = r"f'(net) + c"
    reference = "Fahlman (1988), CMU-CS-88-162, with c = 0.1 ('sigmoid-prime offset')"
    passes = True

    def body(self, xp: Any) -> StandIn:
        """Return `stand_in(net, y, slope, at)` over the namespace `xp`."""
        c = self.c
        return lambda net, y, slope, at: slope + c

    def antiderivative(self, xp: Any, activation: Any) -> Callable[[Any], Any]:
        """Return f(net) + c net."""
        c, (f, _) = self.c, activation.body(xp)
        return lambda net: f(net) + c * net


@DERIVATIVES.register
@dataclass(frozen=True)
class FlooredDerivative(DerivativeRule):
    """max(f'(net), c)."""

    c: float = 0.1
    """The least that stands for f'."""

    name = "floor"
    equation = r"\max(f'(net), c)"
    passes = True

    def body(self, xp: Any) -> StandIn:
        """Return `stand_in(net, y, slope, at)` over the namespace `xp`."""
        c = self.c
        return lambda net, y, slope, at: xp.where(slope < c, xp.constant(c, slope), slope)

    def antiderivative(self, xp: Any, activation: Any) -> Callable[[Any], Any]:
        """Return f where f' is above c, and straight lines beside it."""
        return bounded(xp, activation, self.c, math.inf)


@DERIVATIVES.register
@dataclass(frozen=True)
class ClippedDerivative(DerivativeRule):
    """f'(net) between two bounds: min(max(f'(net), low), high).

    Raises `UsageError` where low is above high.
    """

    low: float = 0.0
    """The lower bound."""
    high: float = 1.0
    """The upper bound."""

    name = "clip"
    elsewhere = (
        Elsewhere(
            "FANN",
            "always clips y before f': to [0.01, 0.99] for the sigmoid, to [-0.98, 0.98] for "
            "its tanh.",
            "libfann/fann, src/fann_train.c, fann_activation_derived",
        ),
    )
    equation = r"\min(\max(f'(net), low), high)"
    passes = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.low > self.high:
            raise UsageError(f"clip: low = {self.low:g} is above high = {self.high:g}")

    def body(self, xp: Any) -> StandIn:
        """Return `stand_in(net, y, slope, at)` over the namespace `xp`."""
        low, high = self.low, self.high

        def stand_in(net: Any, y: Any, slope: Any, at: Any) -> Any:
            raised = xp.where(slope < low, xp.constant(low, slope), slope)
            return xp.where(raised > high, xp.constant(high, slope), raised)

        return stand_in

    def antiderivative(self, xp: Any, activation: Any) -> Callable[[Any], Any]:
        """Return f where f' is between the bounds, and straight lines beside it."""
        return bounded(xp, activation, self.low, self.high)


@DERIVATIVES.register
@dataclass(frozen=True)
class PowerDerivative(DerivativeRule):
    """f'(net)^p, with the sign of f' where that is negative: sign(f') |f'|^p.

    p = 1/2 flattens f', p = 0 leaves its sign alone. Raises `UsageError` for p below 0.
    """

    p: float = 0.5
    """The exponent."""

    name = "power"
    equation = r"\mathrm{sign}(f'(net))\, |f'(net)|^p"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.p < 0.0:
            raise UsageError(
                f"power: p = {self.p:g} is below 0: f'^p grows without bound at f' = 0"
            )

    def body(self, xp: Any) -> StandIn:
        """Return `stand_in(net, y, slope, at)` over the namespace `xp`."""
        p = self.p

        def root(net: Any, y: Any, slope: Any, at: Any) -> Any:
            raised = xp.sqrt(magnitude(slope, xp))
            return xp.where(slope < 0.0, -raised, raised)

        def stand_in(net: Any, y: Any, slope: Any, at: Any) -> Any:
            size = magnitude(slope, xp)
            moves = size > 0.0  # 0^p = 0, for p = 0 as well: sign(0) is 0
            raised = xp.exp(p * xp.log(xp.where(moves, size, xp.constant(1.0, size))))
            return xp.where(moves, xp.where(slope < 0.0, -raised, raised), xp.constant(0.0, size))

        return root if p == 0.5 else stand_in  # a root is quicker than exp and log


@DERIVATIVES.register
@dataclass(frozen=True)
class SymmetricDerivative(DerivativeRule):
    """The distance of y from the nearer end of its range [a, b]: min(y - a, b - y).

    For the sigmoid min(y, 1 - y), for tanh 1 - |y|: as f', it is 0 where y saturates, but falls
    only as fast as y gets there. An activation without two ends has none; with two, it is a
    function of net like any other, so that it has a consistent activation, by quadrature.
    """

    name = "symmetric"
    equation = r"\min(y - a,\, b - y)"

    def body(self, xp: Any) -> StandIn:
        """Return `stand_in(net, y, slope, at)` over the namespace `xp`."""

        def stand_in(net: Any, y: Any, slope: Any, at: Any) -> Any:
            low, high = at.range
            below, above = y - low, high - y
            return xp.where(below < above, below, above)

        return stand_in

    def refusal(self, activation: Any) -> str:
        """Return why it cannot stand for the f' of an activation; empty where it can."""
        low, high = activation.range
        if math.isfinite(low) and math.isfinite(high):
            return ""
        return f"min(y - a, b - y) needs outputs with two ends, and {activation.name} has none"


@DERIVATIVES.register
@dataclass(frozen=True)
class RandomDerivative(DerivativeRule):
    """A number between low and high, drawn anew for every node, sample and update.

    The numbers come from the run's own counter-based stream: the same seed gives the same ones.
    Raises `UsageError` where low is above high.
    """

    low: float = 0.0
    """The least number."""
    high: float = 1.0
    """The bound above."""

    name = "random"
    equation = r"U(low, high)"
    passes = True
    unintegrable = "a random number is no function of net"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.low > self.high:
            raise UsageError(f"random: low = {self.low:g} is above high = {self.high:g}")

    def body(self, xp: Any) -> StandIn:
        """Return `stand_in(net, y, slope, at)` over the namespace `xp`."""
        low, width = self.low, self.high - self.low
        return lambda net, y, slope, at: low + width * at.uniform(net)
