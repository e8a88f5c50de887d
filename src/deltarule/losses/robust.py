"""Losses that grow linearly: absolute error, huber, log cosh, quantile."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from deltarule.core.errors import UsageError
from deltarule.core.namespace import magnitude
from deltarule.losses.loss import LOSSES, Body, Loss


@LOSSES.register
@dataclass(frozen=True)
class AbsoluteError(Loss):
    """The absolute error: e = |T - y|, de/dy = sign(y - T), taken as 0 at the kink y = T.

    >>> loss = AbsoluteError()
    >>> loss([0.75, 1.0], [1.0, 1.0]), loss.derivative([0.75, 1.0], [1.0, 1.0])
    (array([0.25, 0.  ]), array([-1.,  0.]))
    """

    name = "absolute_error"
    equation = r"|T - y|"
    derivative_equation = r"\operatorname{sign}(y - T)"
    reference = "Laplace (1774)"
    probes = ((0.3, 1.0), (0.7, 0.5))

    def body(self, xp: Any) -> Body:
        """Return `(e, de)` over the namespace `xp`."""

        def e(y: Any, T: Any) -> Any:
            return magnitude(y - T, xp)

        def de(y: Any, T: Any) -> Any:
            zero, one = xp.constant(0.0, y), xp.constant(1.0, y)
            return xp.where(y < T, -one, xp.where(y > T, one, zero))

        return e, de


@LOSSES.register
@dataclass(frozen=True)
class Huber(Loss):
    """Huber: e = 1/2 d^2 for |d| <= threshold, else threshold (|d| - threshold/2), d = y - T.

    de/dy = d, clipped to [-threshold, threshold]: continuous, without kinks.

    >>> loss = Huber(threshold=1.0)
    >>> loss([0.5, 3.0], 0.0), loss.derivative([0.5, 3.0], 0.0)
    (array([0.125, 2.5  ]), array([0.5, 1. ]))
    """

    threshold: float = 1.0
    """h: where the parabola turns into a line; in the units of T."""

    name = "huber"
    equation = r"\tfrac12 d^2 \text{ if } |d| \le h \text{, else } h (|d| - h/2),\; d = y - T"
    derivative_equation = r"\max(-h, \min(h, y - T))"
    reference = "Huber (1964), Robust estimation of a location parameter"
    probes = ((0.3, 1.0), (0.7, 0.5), (3.0, 0.5), (-2.0, 0.5))

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.threshold > 0.0:
            raise UsageError(f"huber: threshold has to be positive, not {self.threshold}")

    def body(self, xp: Any) -> Body:
        """Return `(e, de)` over the namespace `xp`."""
        h = self.threshold

        def e(y: Any, T: Any) -> Any:
            d = magnitude(y - T, xp)
            return xp.where(d <= h, 0.5 * d * d, h * (d - 0.5 * h))

        def de(y: Any, T: Any) -> Any:
            d, bound = y - T, xp.constant(h, y)
            return xp.where(d < -h, -bound, xp.where(d > h, bound, d))

        return e, de


@LOSSES.register
@dataclass(frozen=True)
class LogCosh(Loss):
    """Log cosh: e = log cosh(y - T), de/dy = tanh(y - T).

    log cosh d = |d| + log(1 + exp(-2|d|)) - log 2, which does not overflow.

    >>> loss = LogCosh()
    >>> loss([0.0, 1e4], 0.0).round(4), loss.derivative([0.0, 1e4], 0.0)
    (array([   0.    , 9999.3069]), array([0., 1.]))
    """

    name = "log_cosh"
    equation = r"\log \cosh(y - T)"
    derivative_equation = r"\tanh(y - T)"
    reference = "Green (1990), Bayesian reconstructions from emission tomography data using a "
    reference += "modified EM algorithm"
    probes = ((0.3, 1.0), (0.7, 0.5), (30.0, 0.5), (-30.0, 0.5))

    def body(self, xp: Any) -> Body:
        """Return `(e, de)` over the namespace `xp`."""
        log_2 = math.log(2.0)

        def e(y: Any, T: Any) -> Any:
            d = magnitude(y - T, xp)
            return d + (xp.log1p(xp.exp(-2.0 * d)) - log_2)

        def de(y: Any, T: Any) -> Any:
            return xp.tanh(y - T)

        return e, de


@LOSSES.register
@dataclass(frozen=True)
class Quantile(Loss):
    """Quantile (pinball) loss: e = tau (T - y) for y < T, else (1 - tau) (y - T).

    Its minimum is the tau-quantile of T. de/dy = -tau for y < T, 1 - tau for y > T, and 0 (a
    legitimate subgradient) at the kink y = T.

    >>> loss = Quantile(tau=0.9)
    >>> loss([0.0, 2.0], 1.0).round(4), loss.derivative([0.0, 2.0], 1.0).round(4)
    (array([0.9, 0.1]), array([-0.9,  0.1]))
    """

    tau: float = 0.5
    """The quantile, in (0, 1)."""

    name = "quantile"
    equation = r"\tau (T - y) \text{ if } y < T \text{, else } (1 - \tau)(y - T)"
    derivative_equation = r"-\tau \text{ if } y < T \text{, } 1 - \tau \text{ if } y > T"
    reference = "Koenker and Bassett (1978), Regression quantiles"
    probes = ((0.3, 1.0), (0.7, 0.5))

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.0 < self.tau < 1.0:
            raise UsageError(f"quantile: tau has to lie between 0 and 1, not {self.tau}")

    def body(self, xp: Any) -> Body:
        """Return `(e, de)` over the namespace `xp`."""
        tau = self.tau

        def e(y: Any, T: Any) -> Any:
            return xp.where(y < T, tau * (T - y), (1.0 - tau) * (y - T))

        def de(y: Any, T: Any) -> Any:
            below, above = xp.constant(-tau, y), xp.constant(1.0 - tau, y)
            return xp.where(y < T, below, xp.where(y > T, above, xp.constant(0.0, y)))

        return e, de
