"""What stands for f'(net) in delta = dE/dy * f'(net)."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from deltarule.core.errors import UsageError
from deltarule.core.registry import Record, Registry
from deltarule.core.views import view


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
    unintegrable: ClassVar[str] = ""
    """Why it is no function of net alone, so that nothing has it as its derivative; else empty."""
    passes: ClassVar[bool] = False
    """Whether it is other than 0 where f' is 0 everywhere, as that of a step is."""

    @abstractmethod
    def body(self, xp: Any) -> StandIn:
        """Return `stand_in(net, y, slope, at)` over the namespace `xp`."""

    def refusal(self, activation: Any) -> str:
        """Return why it cannot stand for the f' of an activation; empty where it can."""
        return ""

    def antiderivative(self, xp: Any, activation: Any) -> Callable[[Any], Any] | None:
        """Return F over the namespace `xp` with F' = g and F(0) = f(0), where it has a closed form.

        g stands for the f' of an activation.
        """
        return None

    def consistent_activation(self, activation: Any) -> Any:
        """Return the activation F with F'(net) = g(net), g being what stands for f'.

        So that "changing the rule" and "changing the network" can be put side by side.

        Raises `UsageError` where there is none.

        >>> from deltarule.activations import Sigmoid
        >>> F = DERIVATIVES.get("offset:0.1").consistent_activation(Sigmoid())
        >>> F([0.0, 1.0]).round(4), F.derivative(0.0)
        (array([0.5   , 0.8311]), array(0.35))
        """
        if why := self.refusal(activation) or self.unintegrable:
            raise UsageError(f"{self.name} has no consistent activation: {why}")
        if activation.rowwise:
            raise UsageError(
                f"{self.name} has no consistent activation: {activation.name} couples a row"
            )
        return view(DerivativeRule.consistent_activation)(self, activation)


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

    def antiderivative(self, xp: Any, activation: Any) -> Callable[[Any], Any]:
        """Return f."""
        f: Callable[[Any], Any] = activation.body(xp)[0]
        return f
