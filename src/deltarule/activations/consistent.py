"""The activation whose derivative is what a rule has in the place of another one's f'."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from types import SimpleNamespace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from deltarule.activations.activation import Body, ElementwiseActivation
from deltarule.core.namespace import NUMPY

_REACH, _PANELS, _NODES = 64.0, 512, 16
"""The integral is laid down from -64 to 64 in panels of 1/4, with 16 points of Gauss and Legendre
in each; all that is beyond is one panel more."""


class Rule(Protocol):
    """What stands for f': `deltarule.rules.DerivativeRule`."""

    name: Any

    def body(self, xp: Any) -> Callable[..., Any]:
        """Return `stand_in(net, y, slope, at)`."""

    def antiderivative(self, xp: Any, activation: Any) -> Callable[..., Any] | None:
        """Return F over the namespace `xp` in closed form, where there is one."""


@dataclass(frozen=True)
class Consistent(ElementwiseActivation):
    """F(net) = f(0) + integral from 0 to net of g, with g in the place of the f' of an activation.

    A network with F, trained by the chain rule, has the deltas that a network with f has under the
    rule, on the same nets. F is exact where the rule knows it in closed form; else it is a
    quadrature (Gauss and Legendre, to rounding), which the reference engine alone can do.
    """

    activation: ElementwiseActivation
    """f"""
    rule: Any
    """What stands for f'."""

    name = "consistent"
    equation = r"f(0) + \int_0^{net} g(x)\, dx"
    derivative_equation = r"g(net)"
    reference = "the fundamental theorem of calculus"
    probes = (-2.0, -0.5, 0.5, 2.0)

    def __post_init__(self) -> None:
        """Nothing is a number here."""

    @property
    def kinks(self) -> tuple[float, ...]:  # type: ignore[override]
        """Those of f; a rule may add others, where g jumps."""
        return self.activation.kinks

    def body(self, xp: Any) -> Body:
        """Return `(f, df)` over the namespace `xp`."""
        f, df = self.activation.body(xp)
        stand_in = self.rule.body(xp)
        at = SimpleNamespace(range=self.activation.range)  # g is a function of net alone

        def g(net: Any, y: Any = None) -> Any:
            inner = f(net)
            return stand_in(net, inner, df(net, inner), at)

        closed = self.rule.antiderivative(xp, self.activation)
        return (closed or self._quadrature), g

    def _g(self, net: NDArray[Any]) -> NDArray[Any]:
        _, g = self.body(NUMPY)
        return np.asarray(np.broadcast_to(g(net), net.shape), np.float64)

    @cached_property
    def _rule(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Points and weights of Gauss and Legendre on (0, 1)."""
        x, w = np.polynomial.legendre.leggauss(_NODES)
        return (x + 1.0) / 2.0, w / 2.0

    @cached_property
    def _laid(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The ends of the panels, and F at each."""
        ends = np.linspace(-_REACH, _REACH, _PANELS + 1)
        parts = self._panels(ends[:-1], ends[1:])
        sums = np.concatenate([[0.0], np.cumsum(parts)])
        return ends, sums - sums[ends == 0.0] + float(self.activation(0.0))

    def _panels(self, low: NDArray[Any], high: NDArray[Any]) -> NDArray[np.float64]:
        """Return the integral of g over every panel."""
        points, weights = self._rule
        at = low[..., None] + (high - low)[..., None] * points
        return np.asarray((self._g(at) @ weights) * (high - low))

    def _quadrature(self, net: Any) -> Any:
        """Return F(net); numbers of NumPy alone."""
        values = np.asarray(net, np.float64)
        ends, sums = self._laid
        inside = np.clip(values, -_REACH, _REACH)
        k = np.searchsorted(ends, inside, side="right") - 1
        found = sums[k] + self._panels(ends[k], inside)
        if np.any(values != inside):  # g is nearly constant there
            found = found + self._panels(inside, values)
        return found.astype(np.asarray(net).dtype)


def of(rule: Rule, activation: ElementwiseActivation) -> Consistent:
    """Return the activation whose derivative is what `rule` has for that of `activation`."""
    return Consistent(activation, rule)
