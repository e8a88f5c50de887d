"""What stands for f'(net) in delta = dE/dy * f'(net)."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from deltarule.core.registry import Record, Registry

__all__ = ["DERIVATIVES", "DerivativeRule", "ExactDerivative"]


class DerivativeRule(Record):
    """What stands for f'(net); `body(xp)` returns `stand_in(net, y, slope)`, slope = f'(net)."""

    equation: ClassVar[str]
    """The stand-in as a LaTeX formula."""
    exact: ClassVar[bool] = False
    """Whether it is f' itself; fused pairs and row activations need it to be."""

    @abstractmethod
    def body(self, xp: Any) -> Callable[[Any, Any, Any], Any]:
        """Return `stand_in(net, y, slope)` over the namespace `xp`."""


DERIVATIVES: Registry[DerivativeRule] = Registry("derivative rule", DerivativeRule)
"""Every stand-in for f' by name."""


@DERIVATIVES.register
@dataclass(frozen=True)
class ExactDerivative(DerivativeRule):
    """f'(net) itself: the chain rule."""

    name = "exact"
    equation = r"f'(net)"
    exact = True

    def body(self, xp: Any) -> Callable[[Any, Any, Any], Any]:
        """Return `stand_in(net, y, slope)` over the namespace `xp`."""
        return lambda net, y, slope: slope
