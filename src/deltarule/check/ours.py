"""Somebody else's network and objective, as ours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from deltarule.losses import Loss
from deltarule.network import Network

__all__ = ["Ours"]


@dataclass(frozen=True, eq=False)
class Ours:
    """Code of others as arguments for `dr.backprop`, `dr.check_gradient` and the like.

    `dr.backprop(o.net, o.theta, o.X, o.T, **o.options)` has the gradient of the objective that
    the other code computes; `gradient` is the one that it claims.
    """

    net: Network
    theta: NDArray[Any]
    """Its parameters in our order."""
    X: NDArray[Any]
    T: NDArray[Any]
    loss: str | Loss
    reduction: str
    sample_weight: NDArray[Any] | None
    """Weights per sample; they hold what divides the other's loss, such as the outputs' number."""
    l2: float
    gradient: NDArray[Any]
    """The gradient that the other code gives, in our order."""

    @property
    def options(self) -> dict[str, Any]:
        """The keyword arguments that make E the other code's objective."""
        return {
            "loss": self.loss,
            "reduction": self.reduction,
            "sample_weight": self.sample_weight,
            "l2": self.l2,
        }
