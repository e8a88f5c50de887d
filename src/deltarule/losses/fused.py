"""Declared fused pairs: an output activation and its loss in one, straight from net.

For the pair (f, e), `body(xp)` returns `(e_net, delta)`: `e_net(net, T)` = e(f(net), T) summed
to the same row total without forming log y, and `delta(y, T)` = dE/dnet, in which the derivative
f' has cancelled. A contract test checks every pair against its unfused form. A rule that changes
the output's f' switches the pair off.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from deltarule.core.namespace import magnitude
from deltarule.losses.loss import Body


def sigmoid_binary_cross_entropy(xp: Any) -> Body:
    """e = max(0, net) - T net + log(1 + exp(-|net|)), delta = y - T (Bishop 1995, section 6.7)."""

    def e(net: Any, T: Any) -> Any:
        rest = xp.log1p(xp.exp(-magnitude(net, xp)))
        return xp.where(net < 0, -T * net, net - T * net) + rest

    def delta(y: Any, T: Any) -> Any:
        return y - T

    return e, delta


def softmax_cross_entropy(xp: Any) -> Body:
    """e = T (log sum_i exp(net_i) - net), delta = y sum_i T_i - T (Bridle 1990)."""

    def e(net: Any, T: Any) -> Any:
        shifted = net - xp.row_max(net)
        return T * (xp.log(xp.row_sum(xp.exp(shifted))) - shifted)

    def delta(y: Any, T: Any) -> Any:
        return y * xp.row_sum(T) - T

    return e, delta


def exp_poisson(xp: Any) -> Body:
    """e = exp(net) - T net, delta = y - T (McCullagh and Nelder 1989, chapter 6)."""

    def e(net: Any, T: Any) -> Any:
        return xp.exp(net) - T * net

    def delta(y: Any, T: Any) -> Any:
        return y - T

    return e, delta


FUSED: dict[tuple[str, str], Callable[[Any], Body]] = {
    ("sigmoid", "binary_cross_entropy"): sigmoid_binary_cross_entropy,
    ("softmax", "cross_entropy"): softmax_cross_entropy,
    ("exp", "poisson"): exp_poisson,
}
"""The declared pairs: (activation, loss) -> body."""
