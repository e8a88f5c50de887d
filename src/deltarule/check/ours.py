"""A gradient in question, with the network and the objective that it is meant for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from deltarule.losses import Loss, Penalty
from deltarule.network import Network


@dataclass(frozen=True, eq=False)
class Ours:
    """Code of others as arguments for `dr.backprop`, `dr.diagnose` and the like.

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
    function: Callable[..., Any] | None = field(default=None, repr=False)
    """What computes it from (theta, X, T), where that can be asked at other points too."""
    one_more_output: Callable[[], Ours] | None = field(default=None, repr=False)
    """Asks the other code with one more output, where it can be."""
    penalty: Penalty | None = None
    """What else E has for the weights."""

    @property
    def options(self) -> dict[str, Any]:
        """The keyword arguments that make E the other code's objective."""
        return {
            "loss": self.loss,
            "reduction": self.reduction,
            "sample_weight": self.sample_weight,
            "l2": self.l2,
            "penalty": self.penalty,
        }
