"""PyTorch with `torch.compile`: objective, gradient and update are one compiled step.

`torch.func.grad_and_value` gives the gradient inside the step, so that Inductor sees all of it;
the mode is "max-autotune".
"""

from __future__ import annotations

import numpy as np
import torch
from peer_torch import batches, final, objective, start, with_best_threads
from serve import NotDone
from work import Work


def _adam(work: Work, parameters, gradients, state):
    """Adam in place; `state` is m and v of every parameter, and t."""
    m, v, t = state
    t += 1
    rate, root = work.lr / (1 - 0.9**t), (1 - 0.999**t).rsqrt()
    for p, g, a, b in zip(parameters, gradients, m, v, strict=True):
        a.mul_(0.9).add_(g, alpha=0.1)
        b.mul_(0.999).addcmul_(g, g, value=0.001)
        p.sub_(rate * a / (b.sqrt() * root + 1e-8))


def _compiled(work: Work):
    """Return `step(parameters, state, total, x, t)`, which changes the first three in place."""
    gradient = torch.func.grad_and_value(lambda p, x, t: objective(work, p, x, t))

    @torch.compile(fullgraph=True, dynamic=False, mode="max-autotune")
    def step(parameters, state, total, x, t):
        gradients, error = gradient(parameters, x, t)
        if work.optimiser == "adam":
            _adam(work, parameters, gradients, state)
        else:
            for p, g in zip(parameters, gradients, strict=True):
                p.sub_(g, alpha=work.lr)
        total += error

    return step


def prepare(work: Work, X: np.ndarray, T: np.ndarray, theta: np.ndarray):
    """Return `train(epochs)`, once it is compiled."""
    data, step = batches(work, X, T), _compiled(work)

    def train(epochs: int):
        parameters = [p.detach() for p in start(work, theta)]
        m, v = ([torch.zeros_like(p) for p in parameters] for _ in range(2))
        state = (m, v, torch.zeros(())) if work.optimiser == "adam" else ()
        with torch.no_grad():
            for _ in range(epochs):
                total = torch.zeros(())
                for x, t in data:
                    step(parameters, state, total, x, t)
        return final(parameters), total.item() / work.steps / work.networks

    try:
        return with_best_threads(train)
    except (torch._dynamo.exc.TorchDynamoException, RuntimeError) as error:
        raise NotDone(f"torch.compile fails: {str(error).strip().splitlines()[0]}") from None
