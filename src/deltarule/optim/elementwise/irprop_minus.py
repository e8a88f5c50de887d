"""iRprop-: Rprop that stands still once where the sign of the gradient changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deltarule.core.namespace import sign
from deltarule.core.registry import Elsewhere
from deltarule.optim.elementwise.rprop import Rprop
from deltarule.optim.optimiser import OPTIMISERS, Update

__all__ = ["IRpropMinus"]


@OPTIMISERS.register
@dataclass(frozen=True)
class IRpropMinus(Rprop):
    """iRprop-: theta <- theta - sign(g) d, but no step where the sign of g has changed.

    The sizes of gradients are not looked at. Every weight has a step of its own:

        d <- up d (at most `most`) while g keeps its sign, down d (at least `least`) when it changes

        g <- 0 where it has changed: the next step neither grows nor shrinks

    This is what PyTorch and others call Rprop; PyTorch's first step is 0.01. `"rprop"` is its name,
    too.

    Full batches: a sign that changes with the batch says nothing of the valley.
    """

    name = "irprop_minus"
    elsewhere = (
        Elsewhere(
            "PyTorch",
            "calls it Rprop; the first step is 0.01.",
            "pytorch/pytorch, torch/optim/elementwise/rprop.py",
        ),
        Elsewhere(
            "optax 0.2.8",
            "calls it rprop; a step is made one update after it was found, so that the first "
            "update is 0.",
            "google-deepmind/optax, optax/_src/transform.py, scale_by_rprop; tried",
        ),
        Elsewhere(
            "FANN",
            "grows a step at a product of 0, too; where the sign has changed, moves by +step "
            "whatever the gradient; takes no step for smaller than 1e-4 before it grows or "
            "shrinks; holds weights between -1500 and 1500.",
            "libfann/fann, src/fann_train.c, fann_update_weights_irpropm",
        ),
    )
    slots = ("d", "last")
    equation = (
        r"\theta \leftarrow \theta - \mathrm{sign}(g)\, d,\;"
        r" g \leftarrow 0 \text{ where its sign has changed}"
    )
    reference = "Igel and Huesken (2000), Improving the Rprop learning algorithm"

    def body(self, xp: Any) -> Update:
        """Return `update` over the namespace `xp`."""
        sizes = self.sizes(xp)

        def update(
            theta: Any, g: Any, lr: Any, t: Any, penalised: Any, d: Any, last: Any
        ) -> tuple[Any, ...]:
            d, changed = sizes(d, g * last, lr)
            g = xp.where(changed, xp.constant(0.0, g), g)
            return theta - sign(g, xp) * d, d, g

        return update
