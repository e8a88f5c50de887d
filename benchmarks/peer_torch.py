"""PyTorch eager as its experts write it: functional layers, autograd, a fused optimiser.

Batches are cut once; SGD is one `_foreach_add_`, Adam is PyTorch's own, fused. Several networks
are one batched product per layer. The number of threads is the better of one and all, by a trial.
"""

from __future__ import annotations

import math
import os
import time

import numpy as np
import torch
from torch.nn import functional
from work import Work

from layers import join, split

FORWARD = {
    "sigmoid": torch.sigmoid, "tanh": torch.tanh, "relu": torch.relu, "identity": lambda net: net,
}  # fmt: skip


def objective(work: Work, parameters, x, t):
    """Return the batch's mean error (of many networks: the sum of their errors)."""
    y, pairs = x, list(zip(parameters[::2], parameters[1::2], strict=True))
    for l, (W, b) in enumerate(pairs):
        if work.networks == 1:
            net = functional.linear(y, W, b)
        else:
            y = y.expand(work.networks, *y.shape) if y.dim() == 2 else y
            net = torch.baddbmm(b.unsqueeze(1), y, W.mT)
        last = l == len(pairs) - 1
        if not last:
            y = FORWARD[work.hidden](net)
    if work.loss == "cross_entropy":
        return functional.cross_entropy(net, t)
    y = FORWARD[work.output](net)
    return functional.mse_loss(y, t.expand_as(y), reduction="sum") * (0.5 / work.batch)


def batches(work: Work, X: np.ndarray, T: np.ndarray):
    """Return the list of batches; classes as numbers, which is the faster of PyTorch's two ways."""
    targets = T.argmax(axis=1) if work.loss == "cross_entropy" else T
    parts = torch.from_numpy(X).split(work.batch), torch.from_numpy(targets).split(work.batch)
    return list(zip(*parts, strict=True))


def start(work: Work, theta: np.ndarray):
    """Return the parameters W_1, b_1, W_2, ... at the start."""
    layers = split(work.sizes, theta if work.networks > 1 else theta[0])
    return [torch.tensor(p, requires_grad=True) for layer in layers for p in layer]


def final(parameters) -> np.ndarray:
    """Return theta, (networks, size)."""
    arrays = [p.detach().numpy() for p in parameters]
    return join(zip(arrays[::2], arrays[1::2], strict=True))


def with_best_threads(train):
    """Set the number of threads with which one epoch takes least, and return `train`."""
    taken: dict[int, float] = {}
    train(1)
    for threads in 2 * (1, os.cpu_count() or 1):
        torch.set_num_threads(threads)
        began = time.perf_counter()
        train(1)
        taken[threads] = min(taken.get(threads, math.inf), time.perf_counter() - began)
    best = min(taken, key=taken.get)
    torch.set_num_threads(best)
    train.note = f"{best} thread{'s' if best > 1 else ''}"
    return train


def prepare(work: Work, X: np.ndarray, T: np.ndarray, theta: np.ndarray):
    """Return `train(epochs)`."""
    data = batches(work, X, T)

    def sgd(parameters):
        def step(loss):
            gradients = torch.autograd.grad(loss, parameters)
            with torch.no_grad():
                torch._foreach_add_(parameters, gradients, alpha=-work.lr)

        return step

    def adam(parameters):
        optimiser = torch.optim.Adam(parameters, lr=work.lr, fused=True)

        def step(loss):
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()

        return step

    def train(epochs: int):
        parameters = start(work, theta)
        step = (adam if work.optimiser == "adam" else sgd)(parameters)
        for _ in range(epochs):
            total = torch.zeros(())
            for x, t in data:
                loss = objective(work, parameters, x, t)
                step(loss)
                total += loss.detach()
        return final(parameters), total.item() / work.steps / work.networks

    return with_best_threads(train)
