"""Penalties: the part of E that no sample has, each p(w) with its dp/dw, written once."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from deltarule.core.errors import UsageError
from deltarule.core.registry import Record, Registry
from deltarule.losses.loss import Body


@dataclass(frozen=True)
class Penalty(Record):
    """What E has for the weights, whatever the samples: `scale` times the sum over them of p(w).

    Biases have none, and nothing is divided by the number of samples or of weights.

    `body(xp)` returns `(p, slope)` over a namespace: `p(w, c)` is c p(w), c being 1 if it is not
    given, and `slope(w)` is `scale` dp/dw, the weight's part of dE/dw.
    """

    strength: float = 1e-4
    """lambda: how much the penalty counts beside the error."""

    equation: ClassVar[str]
    """What a weight adds to E, as a LaTeX formula in `w` and `\\lambda`."""
    derivative_equation: ClassVar[str]
    reference: ClassVar[str]
    factors: ClassVar[tuple[str, str]] = ("lambda", "p'({w})")
    """What lambda and dp/dw are called, for a weight `{w}`."""
    slope_says: ClassVar[str]
    """What dp/dw is, in text."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.strength < 0.0:
            raise UsageError(f"{self.name}: strength has to be 0 or more, not {self.strength}")

    @property
    def scale(self) -> float:
        """What the sum of p(w) is multiplied by."""
        return self.strength

    @abstractmethod
    def body(self, xp: Any) -> Body:
        """Return `(p, slope)` over the namespace `xp`."""

    @property
    @abstractmethod
    def says(self) -> str:
        """What it adds to E, in text."""


PENALTIES: Registry[Penalty] = Registry("penalty", Penalty)
"""Every penalty by name."""


@PENALTIES.register
@dataclass(frozen=True)
class L2(Penalty):
    """Weight decay: every weight adds 1/2 lambda w^2 to E, and lambda w to its derivative.

    It is what `l2=` adds. Large weights shrink fastest, and none becomes 0.
    """

    name = "l2"
    equation = r"\tfrac12 \lambda w^2"
    derivative_equation = r"\lambda w"
    reference = "Hinton (1987); Krogh and Hertz (1992), A simple weight decay can improve "
    reference += "generalization"
    factors = ("l2", "{w}")
    slope_says = "the weight itself"

    @property
    def scale(self) -> float:
        """1/2 lambda."""
        return 0.5 * self.strength

    def body(self, xp: Any) -> Body:
        """Return `(p, slope)` over the namespace `xp`."""
        return lambda w, c=1.0: c * w * w, lambda w: self.strength * w

    @property
    def says(self) -> str:
        """What it adds to E, in text."""
        return "1/2 l2 |W|^2"


@PENALTIES.register
@dataclass(frozen=True)
class WeightElimination(Penalty):
    """Weight elimination: every weight adds lambda (w/w0)^2 / (1 + (w/w0)^2) to E.

        dp/dw = (2 w / w0^2) / (1 + (w/w0)^2)^2

    It counts weights: one far above `w0` adds lambda, however large it is, and is hardly pulled;
    one far below it is pulled towards 0 as by weight decay (l2 = 2 lambda / w0^2). So a few large
    weights cost less than many small ones that do the same. The pull is largest at w0 / sqrt(3).
    Biases are left out, as `l2` leaves them out. Weigend raised lambda from 0 in the course of a
    training, by the error; here it is constant.

    >>> from deltarule.core.namespace import NUMPY
    >>> p, slope = WeightElimination(strength=0.1, w0=2.0).body(NUMPY)
    >>> float(p(2.0)), float(slope(2.0)), float(round(p(200.0), 4))
    (0.5, 0.025, 0.9999)
    """

    w0: float = 1.0
    """Where a weight counts half; in the units of the weights."""

    name = "weight_elimination"
    equation = r"\lambda \frac{(w / w_0)^2}{1 + (w / w_0)^2}"
    derivative_equation = r"\lambda \frac{2 w / w_0^2}{(1 + (w / w_0)^2)^2}"
    reference = "Weigend, Rumelhart and Huberman (1991), Generalization by weight-elimination with "
    reference += "application to forecasting"
    slope_says = "(2 w / w0^2) / (1 + (w/w0)^2)^2"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.w0 > 0.0:
            raise UsageError(f"weight_elimination: w0 has to be positive, not {self.w0}")

    def body(self, xp: Any) -> Body:
        """Return `(p, slope)` over the namespace `xp`."""
        inverse, strength = 1.0 / self.w0, self.strength

        def p(w: Any, c: float = 1.0) -> Any:
            square = (inverse * w) * (inverse * w)
            return c * (square / (1.0 + square))

        def slope(w: Any) -> Any:
            r = inverse * w
            more = 1.0 + r * r
            return 2.0 * strength * inverse * (r / (more * more))

        return p, slope

    @property
    def says(self) -> str:
        """What it adds to E, in text."""
        return f"{self.strength:g} sum (w/{self.w0:g})^2 / (1 + (w/{self.w0:g})^2)"
