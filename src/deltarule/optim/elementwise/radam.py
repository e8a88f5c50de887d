"""RAdam: Adam that waits until the running size of the gradient can be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deltarule.core.registry import Elsewhere
from deltarule.optim.elementwise.moments import Moments
from deltarule.optim.optimiser import OPTIMISERS, Update


@OPTIMISERS.register
@dataclass(frozen=True)
class RAdam(Moments):
    """RAdam: theta <- theta - lr r mhat sqrt(1 - beta2^t) / (sqrt(v) + eps), or - lr mhat at first.

        p = q - 2 t beta2^t / (1 - beta2^t)           q = 2 / (1 - beta2) - 1
        r = sqrt((p - 4)(p - 2) q / ((q - 4)(q - 2) p))       where p > threshold

    The threshold is 5 in PyTorch and in the authors' program (the default here), 4 in the paper.
    eps stands beside sqrt(v), before the bias is corrected, as there.
    """

    threshold: float = 5.0
    """From which p on the running size is used."""

    name = "radam"
    elsewhere = (
        Elsewhere(
            "the authors' program",
            "divides where rho >= 5, and below does nothing at all unless asked "
            "(degenerated_to_sgd); eps is added before the bias is corrected.",
            "LiyuanLucasLiu/RAdam, radam/radam.py",
        ),
        Elsewhere(
            "PyTorch",
            "divides where rho > 5; eps is added before the bias is corrected.",
            "pytorch/pytorch, torch/optim/radam.py",
        ),
        Elsewhere(
            "optax 0.2.8",
            "divides where rho >= threshold, which is 5; eps is added after the bias is corrected.",
            "google-deepmind/optax, optax/_src/transform.py, scale_by_radam",
        ),
    )
    slots = ("m", "v")
    equation = (
        r"\theta \leftarrow \theta - \eta\, r\, \hat m / \sqrt{\hat v} \text{ where } p > 5"
        r" \text{, else } \theta - \eta \hat m"
    )
    reference = "Liu et al. (2020), On the variance of the adaptive learning rate and beyond"

    def body(self, xp: Any) -> Update:
        """Return `update` over the namespace `xp`."""
        beta1, beta2, eps = self.beta1, self.beta2, self.eps
        threshold, q = self.threshold, 2.0 / (1.0 - self.beta2) - 1.0

        def update(
            theta: Any, g: Any, lr: Any, t: Any, penalised: Any, m: Any, v: Any
        ) -> tuple[Any, ...]:
            m = beta1 * m + (1.0 - beta1) * g
            v = beta2 * v + (1.0 - beta2) * g * g
            left = 1.0 - beta2**t
            p = q - 2.0 * t * beta2**t / left
            number = 0.0 * g + p  # one number, but for every entry: a condition is made of entries
            squared = (p - 4.0) * (p - 2.0) * q / ((q - 4.0) * (q - 2.0) * p) + 0.0 * g
            trusted, one = number > threshold, xp.constant(1.0, g)
            r = xp.sqrt(xp.where(trusted, squared * left, one))
            size = xp.where(trusted, xp.sqrt(v) + eps, one)
            return theta - lr * (m / (1.0 - beta1**t)) * r / size, m, v

        return update
