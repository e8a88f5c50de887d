"""Nadam: Adam with Nesterov's look ahead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deltarule.core.registry import Elsewhere
from deltarule.optim.elementwise.moments import Moments
from deltarule.optim.optimiser import OPTIMISERS, Update
from deltarule.optim.schedules import Schedule


@OPTIMISERS.register
@dataclass(frozen=True)
class Nadam(Moments):
    """Nadam: theta <- theta - lr (mu' m / (1 - M') + (1 - mu) g / (1 - M)) / (sqrt(vhat) + eps).

        mu = beta1 (1 - 0.96^(t decay) / 2), mu' that of t + 1
        M = the product of mu up to t, M' = M mu'
        m <- beta1 m + (1 - beta1) g          v <- beta2 v + (1 - beta2) g^2

    Three are in use. PyTorch: decay = 0.004 (Dozat's proposal, the default here). Keras: decay = 1.
    optax holds mu = beta1, which a large decay does (1e9).
    """

    lr: float | Schedule = 0.002
    decay: float = 0.004
    """How soon mu comes to be beta1."""

    name = "nadam"
    elsewhere = (
        Elsewhere(
            "PyTorch",
            "is this one, with its defaults.",
            "pytorch/pytorch, torch/optim/nadam.py",
        ),
        Elsewhere(
            "Keras",
            "has decay = 1, lr = 0.001 and eps = 1e-7.",
            "keras-team/keras, keras/src/optimizers/nadam.py",
        ),
        Elsewhere(
            "optax 0.2.8",
            "holds mu = beta1 from the first update on: decay = 1e9 here.",
            "google-deepmind/optax, optax/_src/transform.py; tried",
        ),
    )
    slots = ("m", "v", "rest")
    equation = (
        r"\theta \leftarrow \theta - \eta \left(\frac{\mu_{t+1} m}{1 - M_{t+1}} + "
        r"\frac{(1 - \mu_t) g}{1 - M_t}\right) / (\sqrt{\hat v} + eps)"
    )
    reference = "Dozat (2016), Incorporating Nesterov momentum into Adam"

    def body(self, xp: Any) -> Update:
        """Return `update` over the namespace `xp`."""
        beta1, beta2, eps, decay = self.beta1, self.beta2, self.eps, self.decay

        def update(
            theta: Any, g: Any, lr: Any, t: Any, penalised: Any, m: Any, v: Any, rest: Any
        ) -> tuple[Any, ...]:
            mu = beta1 * (1.0 - 0.5 * 0.96 ** (t * decay))
            ahead = beta1 * (1.0 - 0.5 * 0.96 ** ((t + 1.0) * decay))
            rest = 1.0 - (1.0 - rest) * mu  # 1 - M, which starts at 0
            m = beta1 * m + (1.0 - beta1) * g
            v = beta2 * v + (1.0 - beta2) * g * g
            size = xp.sqrt(v / (1.0 - beta2**t)) + eps
            beyond = 1.0 - (1.0 - rest) * ahead
            step = ahead * m / beyond + (1.0 - mu) * g / rest
            return theta - lr * step / size, m, v, rest

        return update
