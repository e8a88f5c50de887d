"""The same network, loss and optimiser in PyTorch, float64: an oracle with autograd."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="PyTorch is in the extra `peers`")
import torch
from torch import Tensor, nn

torch.set_num_threads(1)

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "identity": nn.Identity(),
    "sigmoid": nn.Sigmoid(),
    "tanh": nn.Tanh(),
    "scaled_tanh": lambda net: 1.7159 * torch.tanh(2.0 / 3.0 * net),
    "softsign": nn.Softsign(),
    "relu": nn.ReLU(),
    "leaky_relu": nn.LeakyReLU(0.01),
    "elu": nn.ELU(),
    "selu": nn.SELU(),
    "softplus": nn.Softplus(threshold=700),  # the default turns linear at 20
    "gelu": nn.GELU(),
    "silu": nn.SiLU(),
    "mish": nn.Mish(),
    # not nn.Hardsigmoid: in float64 its backward has 1/6 in single precision (2.13), off by 5e-9
    "hard_sigmoid": lambda net: torch.clamp(net / 6.0 + 0.5, 0.0, 1.0),
    "hard_tanh": nn.Hardtanh(),
    "gaussian": lambda net: torch.exp(-(net**2)),
    "sin": torch.sin,
    "exp": torch.exp,
    "softmax": nn.Softmax(dim=1),
}


def _logits(loss: Callable[..., Tensor]) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    return lambda net, y, T: loss(net, T)


def _outputs(loss: Callable[..., Tensor]) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    return lambda net, y, T: loss(y, T)


def _arctanh_error(y: Tensor, T: Tensor) -> Tensor:
    d = T - y
    return torch.xlogy(1 + d, 1 + d) + torch.xlogy(1 - d, 1 - d)


LOSSES: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
    # PyTorch's own, elementwise ("none"); MSELoss has no 1/2
    "half_squared_error": _outputs(
        lambda y, T: 0.5 * nn.functional.mse_loss(y, T, reduction="none")
    ),
    "squared_error": _outputs(nn.MSELoss(reduction="none")),
    "absolute_error": _outputs(nn.L1Loss(reduction="none")),
    "huber": _outputs(nn.HuberLoss(reduction="none", delta=1.0)),
    "huber:0.5": _outputs(
        lambda y, T: 0.5 * nn.functional.smooth_l1_loss(y, T, reduction="none", beta=0.5)
    ),
    "binary_cross_entropy": _logits(nn.BCEWithLogitsLoss(reduction="none")),
    "poisson": _logits(nn.PoissonNLLLoss(log_input=True, full=False, reduction="none")),
    # per row; soft targets, rows that sum to 1
    "cross_entropy": _logits(nn.CrossEntropyLoss(reduction="none")),
    # written with PyTorch's functions: it has no such loss
    "log_cosh": _outputs(lambda y, T: torch.log(torch.cosh(y - T))),
    "quantile": _outputs(lambda y, T: torch.maximum(0.5 * (T - y), 0.5 * (y - T))),
    "quantile:0.8": _outputs(lambda y, T: torch.maximum(0.8 * (T - y), -0.2 * (T - y))),
    "arctanh_error": _outputs(_arctanh_error),
}
"""loss -> e(net_L, y_L, T)."""


def unfused(name: str) -> Callable[[Tensor, Tensor, Tensor], Tensor] | None:
    """Return PyTorch's form of a loss that sees y, where it has one."""
    if name == "binary_cross_entropy":
        return _outputs(nn.BCELoss(reduction="none"))
    if name == "poisson":
        return _outputs(nn.PoissonNLLLoss(log_input=False, full=False, eps=0.0, reduction="none"))
    return None


class Twin:
    """A `deltarule.Network` at theta, as PyTorch parameters in theta's order."""

    def __init__(self, net: Any, theta: np.ndarray) -> None:
        self.net = net
        self.layers = [
            {name: torch.tensor(view, requires_grad=True) for name, view in layer.items()}
            for layer in net.unpack(theta)
        ]

    @property
    def parameters(self) -> list[Tensor]:
        return [p for layer in self.layers for p in layer.values()]

    def groups(self, weight_decay: float) -> list[dict[str, Any]]:
        """Return weights, which decay, and biases, which do not."""
        named = [(name, p) for layer in self.layers for name, p in layer.items()]
        return [
            {"params": [p for name, p in named if name == "W"], "weight_decay": weight_decay},
            {"params": [p for name, p in named if name == "b"], "weight_decay": 0.0},
        ]

    def forward(self, X: np.ndarray) -> tuple[Tensor, Tensor]:
        y = net = torch.from_numpy(X)
        for layer, p in zip(self.net.layers, self.layers, strict=True):
            net = nn.functional.linear(y, p["W"], p.get("b"))
            y = ACTIVATIONS[layer.activation.name](net)
        return net, y

    def error(self, X: Any, T: Any, loss: Any, reduction: str, weight: Any, l2: float) -> Tensor:
        """E = c sum_i s_i sum_k e + 1/2 l2 |W|^2, built from PyTorch's e."""
        e = loss(*self.forward(X), torch.from_numpy(T))
        rows = e.sum(dim=1) if e.ndim == 2 else e
        s = torch.from_numpy(weight)
        total = (s * rows).sum() / (s.sum() if reduction == "mean" else 1.0)
        squares = sum((layer["W"] ** 2).sum() for layer in self.layers) if l2 else 0.0
        return total + 0.5 * l2 * squares

    def gradient(self) -> np.ndarray:
        return np.concatenate([p.grad.numpy().ravel() for p in self.parameters])

    def theta(self) -> np.ndarray:
        return np.concatenate([p.detach().numpy().ravel() for p in self.parameters])


def optimiser(o: Any, twin: Twin) -> torch.optim.Optimizer:
    """Return PyTorch's optimiser with the hyperparameters of ours."""
    p, lr, d = twin.parameters, o.lr, o.to_dict()
    betas = (d.get("beta1"), d.get("beta2"))
    made: dict[str, Callable[[], torch.optim.Optimizer]] = {
        "sgd": lambda: torch.optim.SGD(p, lr),
        "momentum": lambda: torch.optim.SGD(p, lr, momentum=o.momentum),
        "nesterov": lambda: torch.optim.SGD(p, lr, momentum=o.momentum, nesterov=True),
        "adagrad": lambda: torch.optim.Adagrad(p, lr, eps=o.eps),
        "rmsprop": lambda: torch.optim.RMSprop(p, lr, alpha=o.rho, eps=o.eps),
        "adadelta": lambda: torch.optim.Adadelta(p, lr, rho=o.rho, eps=o.eps),
        "adam": lambda: torch.optim.Adam(p, lr, betas=betas, eps=o.eps),
        "adamw": lambda: torch.optim.AdamW(twin.groups(o.weight_decay), lr, betas, eps=o.eps),
        "adamax": lambda: torch.optim.Adamax(p, lr, betas=betas, eps=o.eps),
        "amsgrad": lambda: torch.optim.Adam(p, lr, betas=betas, eps=o.eps, amsgrad=True),
        "nadam": lambda: torch.optim.NAdam(p, lr, betas=betas, eps=o.eps, momentum_decay=o.decay),
        "radam": lambda: torch.optim.RAdam(p, lr, betas=betas, eps=o.eps),
        "irprop_minus": lambda: torch.optim.Rprop(
            p, lr, etas=(o.down, o.up), step_sizes=(o.least, o.most)
        ),
    }
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)  # NAdam keeps a product in the default one
    try:
        return made[o.name]()
    finally:
        torch.set_default_dtype(before)


def batches(n: int, size: int) -> Iterator[slice]:
    """Yield the rows of every batch, in the given order."""
    return (slice(k * size, (k + 1) * size) for k in range(math.ceil(n / size)))
