"""AMSGrad: Adam whose denominator never shrinks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deltarule.optim.elementwise.moments import Moments
from deltarule.optim.optimiser import OPTIMISERS, Update


@OPTIMISERS.register
@dataclass(frozen=True)
class AMSGrad(Moments):
    """AMSGrad: theta <- theta - lr mhat / (sqrt(largest / (1 - beta2^t)) + eps).

        m <- beta1 m + (1 - beta1) g          mhat = m / (1 - beta1^t)
        v <- beta2 v + (1 - beta2) g^2        largest <- max(largest, v)

    With Adam's corrections of the bias, as in PyTorch; the paper has none. (optax and Keras take
    the largest of the corrected v.)
    """

    name = "amsgrad"
    slots = ("m", "v", "largest")
    equation = (
        r"\theta \leftarrow \theta - \eta \hat m / (\sqrt{\hat v_{\max}} + eps),\;"
        r" v_{\max} \leftarrow \max(v_{\max}, v)"
    )
    reference = "Reddi, Kale and Kumar (2018), On the convergence of Adam and beyond"

    def body(self, xp: Any) -> Update:
        """Return `update` over the namespace `xp`."""
        beta1, beta2, eps = self.beta1, self.beta2, self.eps

        def update(
            theta: Any, g: Any, lr: Any, t: Any, penalised: Any, m: Any, v: Any, largest: Any
        ) -> tuple[Any, ...]:
            m = beta1 * m + (1.0 - beta1) * g
            v = beta2 * v + (1.0 - beta2) * g * g
            largest = xp.maximum(largest, v)
            size = xp.sqrt(largest / (1.0 - beta2**t)) + eps
            return theta - lr * (m / (1.0 - beta1**t)) / size, m, v, largest

        return update
