"""Cross-entropies and the Poisson loss: negative log-likelihoods, with 0 log 0 = 0."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from deltarule.losses.loss import LOSSES, Body, Loss


@LOSSES.register
@dataclass(frozen=True)
class BinaryCrossEntropy(Loss):
    """Binary cross-entropy: e = -T log y - (1 - T) log(1 - y), de/dy = (1-T)/(1-y) - T/y.

    T and y lie in [0, 1]; 0 log 0 = 0. With a sigmoid output the fused pair is used: E from net,
    delta = y - T.

    >>> loss = BinaryCrossEntropy()
    >>> loss([0.5, 1.0], [1.0, 1.0]).round(4) + 0.0
    array([0.6931, 0.    ])
    """

    name = "binary_cross_entropy"
    equation = r"-T \log y - (1 - T) \log(1 - y)"
    derivative_equation = r"\frac{1 - T}{1 - y} - \frac{T}{y}"
    reference = "Hinton (1989), Connectionist learning procedures; Bishop (1995), section 6.7"
    probes = ((0.3, 1.0), (0.3, 0.0), (0.6, 0.25))
    output_range = (0.0, 1.0)
    target_range = (0.0, 1.0)

    def body(self, xp: Any) -> Body:
        """Return `(e, de)` over the namespace `xp`."""
        log_likelihood, slope = _weighted_log(xp)

        def e(y: Any, T: Any) -> Any:
            return -log_likelihood(T, y) - log_likelihood(1.0 - T, 1.0 - y)

        def de(y: Any, T: Any) -> Any:
            return slope(1.0 - T, 1.0 - y) - slope(T, y)

        return e, de


@LOSSES.register
@dataclass(frozen=True)
class CrossEntropy(Loss):
    """Cross-entropy: e = -T log y summed over the outputs, de/dy = -T / y; needs softmax outputs.

    The row of T is a distribution (one-hot or soft labels; other non-negative rows are allowed
    and act as weights); 0 log 0 = 0. With softmax the fused pair is used: E from net,
    delta = y sum_i T_i - T.

    >>> loss = CrossEntropy()
    >>> loss([0.25, 0.75], [0.0, 1.0]).round(4) + 0.0
    array([0.    , 0.2877])
    """

    name = "cross_entropy"
    equation = r"-T \log y"
    derivative_equation = r"-T / y"
    reference = "Bridle (1990), Probabilistic interpretation of feedforward classification "
    reference += "network outputs"
    probes = ((0.3, 1.0), (0.3, 0.0), (0.6, 0.25))
    output_range = (0.0, 1.0)
    target_range = (0.0, math.inf)
    distribution = True

    def body(self, xp: Any) -> Body:
        """Return `(e, de)` over the namespace `xp`."""
        log_likelihood, slope = _weighted_log(xp)

        def e(y: Any, T: Any) -> Any:
            return -log_likelihood(T, y)

        def de(y: Any, T: Any) -> Any:
            return -slope(T, y)

        return e, de


@LOSSES.register
@dataclass(frozen=True)
class Poisson(Loss):
    """Poisson: e = y - T log y, de/dy = 1 - T / y; y > 0 is the expected count, T >= 0 a count.

    The term log T!, which no weight changes, is left out (as in PyTorch and Keras), so e can be
    negative. With exp outputs the fused pair is used: E from net, delta = y - T.

    >>> loss = Poisson()
    >>> loss([2.0, 1.0], [2.0, 0.0]).round(4), loss.derivative([2.0, 1.0], [2.0, 0.0])
    (array([0.6137, 1.    ]), array([0., 1.]))
    """

    name = "poisson"
    equation = r"y - T \log y"
    derivative_equation = r"1 - T / y"
    reference = "Nelder and Wedderburn (1972), Generalized linear models"
    probes = ((0.3, 1.0), (0.3, 0.0), (2.5, 4.0))
    output_range = (0.0, math.inf)
    target_range = (0.0, math.inf)

    def body(self, xp: Any) -> Body:
        """Return `(e, de)` over the namespace `xp`."""
        log_likelihood, slope = _weighted_log(xp)

        def e(y: Any, T: Any) -> Any:
            return y - log_likelihood(T, y)

        def de(y: Any, T: Any) -> Any:
            return 1.0 - slope(T, y)

        return e, de


def _weighted_log(xp: Any) -> Body:
    """Return `(w log y, w / y)`, both 0 where the weight w is 0, whatever y."""

    def value(w: Any, y: Any) -> Any:
        used = xp.where(w > 0, y, xp.constant(1.0, y))
        return w * xp.log(used)

    def slope(w: Any, y: Any) -> Any:
        used = xp.where(w > 0, y, xp.constant(1.0, y))
        return w / used

    return value, slope
