"""Stand-ins for the f' of steps, whose own is 0: functions of net with a hump at 0."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from deltarule.core.errors import UsageError
from deltarule.core.namespace import magnitude
from deltarule.rules.derivatives import DERIVATIVES, DerivativeRule, StandIn


class Surrogate(DerivativeRule):
    """A hump of height 1 at net = 0, whose width 1/k is a parameter."""

    passes = True

    def __post_init__(self) -> None:
        super().__post_init__()
        for field, value in vars(self).items():
            if value <= 0.0:
                raise UsageError(f"{self.name}: {field} = {value:g} has to be above 0")


@DERIVATIVES.register
@dataclass(frozen=True)
class StraightThrough(Surrogate):
    """1 where |net| <= limit, else 0: delta goes through as if y were net there.

    Bengio et al. let it through everywhere, which is `constant:1`.
    """

    limit: float = 1.0
    """Up to which |net| delta goes through."""

    name = "straight_through"
    equation = r"1 \text{ where } |net| \le limit, \text{ else } 0"
    reference = "Bengio, Leonard and Courville (2013); with a limit: Hubara et al. (2016)"

    def body(self, xp: Any) -> StandIn:
        """Return `stand_in(net, y, slope, at)` over the namespace `xp`."""
        limit = self.limit

        def stand_in(net: Any, y: Any, slope: Any, at: Any) -> Any:
            size = magnitude(net, xp)
            return xp.where(size > limit, xp.constant(0.0, net), xp.constant(1.0, net))

        return stand_in

    def antiderivative(self, xp: Any, activation: Any) -> Callable[[Any], Any]:
        """Return f(0) + net, held between -limit and limit."""
        limit, start = self.limit, float(activation(0.0))

        def F(net: Any) -> Any:
            ends = xp.constant(start + limit, net), xp.constant(start - limit, net)
            return xp.where(net > limit, ends[0], xp.where(net < -limit, ends[1], start + net))

        return F


@DERIVATIVES.register
@dataclass(frozen=True)
class FastSigmoidSurrogate(Surrogate):
    """1 / (1 + k |net|)^2: the derivative of net / (1 + k |net|)."""

    k: float = 25.0
    """How narrow it is."""

    name = "fast_sigmoid"
    equation = r"1 / (1 + k |net|)^2"
    reference = "Zenke and Ganguli (2018), SuperSpike"

    def body(self, xp: Any) -> StandIn:
        """Return `stand_in(net, y, slope, at)` over the namespace `xp`."""
        k = self.k

        def stand_in(net: Any, y: Any, slope: Any, at: Any) -> Any:
            wide = 1.0 + k * magnitude(net, xp)
            return 1.0 / (wide * wide)

        return stand_in

    def antiderivative(self, xp: Any, activation: Any) -> Callable[[Any], Any]:
        """Return f(0) + net / (1 + k |net|)."""
        k, start = self.k, float(activation(0.0))
        return lambda net: start + net / (1.0 + k * magnitude(net, xp))


@DERIVATIVES.register
@dataclass(frozen=True)
class ArctanSurrogate(Surrogate):
    """1 / (1 + (k net)^2): the derivative of arctan(k net) / k."""

    k: float = 3.141592653589793
    """How narrow it is."""

    name = "arctan"
    equation = r"1 / (1 + (k\, net)^2)"
    reference = "Fang et al. (2021), Incorporating learnable membrane time constant"

    def body(self, xp: Any) -> StandIn:
        """Return `stand_in(net, y, slope, at)` over the namespace `xp`."""
        k = self.k
        return lambda net, y, slope, at: 1.0 / (1.0 + (k * net) * (k * net))


@DERIVATIVES.register
@dataclass(frozen=True)
class TriangularSurrogate(Surrogate):
    """max(0, 1 - k |net|)."""

    k: float = 1.0
    """How narrow it is."""

    name = "triangular"
    equation = r"\max(0,\, 1 - k |net|)"
    reference = "Esser et al. (2016), PNAS 113; Bellec et al. (2018)"

    def body(self, xp: Any) -> StandIn:
        """Return `stand_in(net, y, slope, at)` over the namespace `xp`."""
        k = self.k

        def stand_in(net: Any, y: Any, slope: Any, at: Any) -> Any:
            return xp.maximum(1.0 - k * magnitude(net, xp), xp.constant(0.0, net))

        return stand_in
