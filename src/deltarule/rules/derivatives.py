"""What stands for f'(net) in delta = dE/dy * f'(net)."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from deltarule.core.registry import Record, Registry

__all__ = ["DERIVATIVES", "DerivativeRule", "ExactDerivative", "LayerPass", "StandIn"]


@dataclass(frozen=True)
class LayerPass:
    """Where a stand-in is asked: the layer, the update, the run's random numbers."""

    layer: int
    """l, from 1."""
    range: tuple[float, float]
    """Between which numbers y = f(net) lies."""
    t: Any
    """The number of the update, 1, 2, ..."""
    uniform: Callable[[Any], Any]
    """`uniform(net)`: a number in [0, 1) for every node of every sample, drawn for this layer and
    this update."""


StandIn = Callable[[Any, Any, Any, LayerPass], Any]
"""`stand_in(net, y, slope, at)` with slope = f'(net)."""


class DerivativeRule(Record):
    """What stands for f'(net); `body(xp)` returns `stand_in(net, y, slope, at)`."""

    equation: ClassVar[str]
    """The stand-in as a LaTeX formula."""
    reference: ClassVar[str] = ""
    """Where it comes from."""
    exact: ClassVar[bool] = False
    """Whether it is f' itself; fused pairs and row activations need it to be."""
    passes: ClassVar[bool] = False
    """Whether it is other than 0 where f' is 0 everywhere, as that of a step is."""

    @abstractmethod
    def body(self, xp: Any) -> StandIn:
        """Return `stand_in(net, y, slope, at)` over the namespace `xp`."""

    def refusal(self, activation: Any) -> str:
        """Return why it cannot stand for the f' of an activation; empty where it can."""
        return ""


DERIVATIVES: Registry[DerivativeRule] = Registry("derivative rule", DerivativeRule)
"""Every stand-in for f' by name."""


@DERIVATIVES.register
@dataclass(frozen=True)
class ExactDerivative(DerivativeRule):
    """f'(net) itself: the chain rule."""

    name = "exact"
    equation = r"f'(net)"
    reference = "Rumelhart, Hinton and Williams (1986)"
    exact = True

    def body(self, xp: Any) -> StandIn:
        """Return `stand_in(net, y, slope, at)` over the namespace `xp`."""
        return lambda net, y, slope, at: slope
