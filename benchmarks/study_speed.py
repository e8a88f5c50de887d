"""A study's worth of networks: 1,000 seeds by 8 rules on XOR, beside JAX and PyTorch.

All train every network for the same epochs, full batches, in float32; ours and JAX (vmap, scan)
are compiled beforehand. They end at the same weights, but for a few that begin beside a saddle,
where rounding decides. In JAX and PyTorch a rule is what stands for f' on the way back, and all
networks of a rule are trained at once; PyTorch does a part of the epochs, and its time is
multiplied. Ours also keeps every network's E and eta of every epoch, which the others do not.
"""

from __future__ import annotations

import importlib.util
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import deltarule as dr

SEEDS, EPOCHS, REPEATS, GOAL = 1000, 1000, 5, 8.0
PART = 20
"""PyTorch does one epoch in so many."""
RULES = {
    "exact": ("exact", "exact"),
    "hidden=constant:1": (1.0, "exact"),
    "hidden=constant:0.5": (0.5, "exact"),
    "hidden=offset:0.1": ("offset", "exact"),
    "hidden=symmetric": ("symmetric", "exact"),
    "output=constant:1": ("exact", 1.0),
    "output=constant:0.5": ("exact", 0.5),
    "output=offset:0.1": ("exact", "offset"),
}
"""Rules, and what stands for f' in the hidden layer and at the output."""


def problem() -> tuple[dr.Network, Any, Any]:
    """Return the network, and XOR's samples in float32."""
    net = dr.Network(2, [dr.Dense(2, "sigmoid"), dr.Dense(1, "sigmoid")], init="uniform:1")
    xor = dr.data.load("xor")
    return net, xor.X.astype(np.float32), xor.T.astype(np.float32)


def ours(rule: str, theta: np.ndarray, epochs: int = EPOCHS) -> np.ndarray:
    """Return what a rule makes of all networks."""
    net, X, T = problem()
    return dr.train_many(
        net, X, T, theta=theta, rule=rule, optimizer="sgd:1", reduction="sum", epochs=epochs,
        batch_size=None, shuffle=False, engine="compiled",
    ).theta  # fmt: skip


def slope(kind: Any, y: Any, xp: Any) -> Any:
    """Return what stands for f' of a sigmoid."""
    named = {"exact": lambda y: y * (1 - y), "offset": lambda y: y * (1 - y) + 0.1,
             "symmetric": lambda y: xp.minimum(y, 1 - y)}  # fmt: skip
    return named[kind](y) if isinstance(kind, str) else kind


def in_jax(rule: str) -> Callable[[np.ndarray], np.ndarray]:
    """Return a compiled function that does the same."""
    import jax
    import jax.numpy as jnp

    _, X, T = problem()
    hidden, output = RULES[rule]

    def step(theta: Any, _: Any) -> tuple[Any, None]:
        W1, b1, W2, b2 = theta[:4].reshape(2, 2), theta[4:6], theta[6:8].reshape(1, 2), theta[8:]
        y1 = jax.nn.sigmoid(X @ W1.T + b1)
        y2 = jax.nn.sigmoid(y1 @ W2.T + b2)
        delta2 = (y2 - T) * slope(output, y2, jnp)
        delta1 = (delta2 @ W2) * slope(hidden, y1, jnp)
        parts = ((delta1.T @ X).ravel(), delta1.sum(0), (delta2.T @ y1).ravel(), delta2.sum(0))
        return theta - jnp.concatenate(parts), None

    def train(theta: Any) -> Any:
        return jax.lax.scan(step, theta, None, length=EPOCHS)[0]

    run = jax.jit(jax.vmap(train))
    return lambda theta: np.asarray(run(theta).block_until_ready())


def in_torch(rule: str, theta: np.ndarray, epochs: int) -> np.ndarray:
    """Return what a rule makes of all networks in some epochs, in PyTorch's batched products."""
    import torch

    X, T = (torch.from_numpy(values) for values in problem()[1:])
    hidden, output = RULES[rule]
    with torch.no_grad():
        m, w = len(theta), torch.from_numpy(theta)
        W1, b1, W2, b2 = (
            w[:, i:j].clone().reshape(shape)
            for i, j, shape in (
                (0, 4, (m, 2, 2)),
                (4, 6, (m, 1, 2)),
                (6, 8, (m, 1, 2)),
                (8, 9, (m, 1, 1)),
            )
        )
        for _ in range(epochs):
            y1 = torch.sigmoid(X @ W1.mT + b1)
            y2 = torch.sigmoid(y1 @ W2.mT + b2)
            delta2 = (y2 - T) * slope(output, y2, torch)
            delta1 = (delta2 @ W2) * slope(hidden, y1, torch)
            W1 -= delta1.mT @ X
            b1 -= delta1.sum(1, keepdim=True)
            W2 -= delta2.mT @ y1
            b2 -= delta2.sum(1, keepdim=True)
        return torch.cat([part.reshape(m, -1) for part in (W1, b1, W2, b2)], 1).numpy()


def main() -> dict[str, float]:
    """Return the seconds of all rules together: ours, JAX's, PyTorch's, and ratios to ours."""
    net = problem()[0]
    theta = net.init_many(range(SEEDS), np.float32)
    theirs = {rule: in_jax(rule) for rule in RULES}
    for rule, run in theirs.items():  # compile both, and hold them together
        same = np.isclose(ours(rule, theta), run(theta), rtol=0.02, atol=0.02).all(axis=1)
        assert same.mean() > 0.98, (rule, same.mean())
    contestants = {"ours": (ours, 1), "JAX": (lambda rule, theta: theirs[rule](theta), 1)}
    if importlib.util.find_spec("torch") is not None:
        for rule in RULES:
            same = np.isclose(in_torch(rule, theta, 50), ours(rule, theta, 50), atol=1e-3)
            assert same.mean() > 0.98, (rule, same.mean())
        part = EPOCHS // PART
        contestants["PyTorch"] = (lambda rule, theta: in_torch(rule, theta, part), PART)
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(REPEATS):
        for name, (run, times_as_many) in contestants.items():
            began = time.perf_counter()
            for rule in RULES:
                run(rule, theta)
            times[name].append(times_as_many * (time.perf_counter() - began))
    found = {name: statistics.median(seconds) for name, seconds in times.items()}
    ratios = {f"{name} / ours": found[name] / found["ours"] for name in found if name != "ours"}
    return {**found, **ratios}


if __name__ == "__main__":
    for name, value in main().items():
        print(f"{name:14s} {value:8.3f}")
