"""The rows of the table: what every contestant trains, and what ours has to reach.

All contestants of a row do the same work: the same start, the same rows in the same order, the
same batches, float32, reduction "mean"; each also returns the last epoch's error, measured before
the updates as `deltarule.train` does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

import deltarule as dr

__all__ = ["ROWS", "Goal", "Work", "load", "network", "save"]


@dataclass(frozen=True)
class Goal:
    """Seconds of `contestant` divided by ours have to be at least `ratio`."""

    contestant: str
    ratio: float


@dataclass(frozen=True)
class Work:
    """One row: a structure, an objective, an optimiser, and how much data."""

    key: str
    title: str
    sizes: tuple[int, ...]
    hidden: str
    output: str
    loss: str
    rows: int
    batch: int
    lr: float
    goals: tuple[Goal, ...]
    optimiser: str = "sgd"
    networks: int = 1

    @property
    def steps(self) -> int:
        """Updates per epoch, each of all networks."""
        return self.rows // self.batch

    @property
    def unit(self) -> tuple[str, float]:
        """The row's unit and how many of it are in a second: per update of one network."""
        if self.networks > 1:
            return "ns", 1e9
        return ("ms", 1e3) if min(self.sizes) >= 1024 else ("us", 1e6)

    @property
    def floating_point_operations(self) -> int:
        """Of the matrix products of one step: two forward passes' worth backwards, less one."""
        pairs = [a * b for a, b in zip(self.sizes[:-1], self.sizes[1:], strict=True)]
        return 2 * self.batch * self.networks * (3 * sum(pairs) - pairs[0])


_SMALL = Work(
    "small-1", "3-3-3-1 sigmoid, batch 1, SGD", (3, 3, 3, 1), "sigmoid", "sigmoid",
    "half_squared_error", rows=4_000, batch=1, lr=0.1,
    goals=(Goal("jax", 1.7), Goal("c", 0.9), Goal("torch", 1500)),
)  # fmt: skip
_DIGITS = Work(
    "64-sgd", "64-32-10 tanh, batch 32, SGD", (64, 32, 10), "tanh", "softmax", "cross_entropy",
    rows=3_584, batch=32, lr=0.05, goals=(Goal("jax", 2.5),),
)  # fmt: skip
_IMAGES = Work(
    "784-128", "784-128-10 relu, batch 128, SGD", (784, 128, 10), "relu", "softmax",
    "cross_entropy", rows=12_800, batch=128, lr=0.05,
    goals=(Goal("jax", 1.3), Goal("product", 0.75)),
)  # fmt: skip

ROWS: tuple[Work, ...] = (
    _SMALL,
    replace(
        _SMALL, key="small-32", title="3-3-3-1 sigmoid, batch 32, SGD", rows=32_000, batch=32,
        lr=0.5, goals=(Goal("jax", 8.0),),
    ),
    _DIGITS,
    replace(
        _DIGITS, key="64-adam", title="64-32-10 tanh, batch 32, Adam", optimiser="adam", lr=0.001
    ),
    _IMAGES,
    replace(
        _IMAGES, key="784-512", title="784-512-256-10 relu, batch 128, SGD",
        sizes=(784, 512, 256, 10), rows=6_400, goals=(Goal("jax", 1.1),),
    ),
    Work(
        "1024", "1024-1024-1024-1024 relu, batch 1024, SGD", (1024,) * 4, "relu", "identity",
        "half_squared_error", rows=4_096, batch=1024, lr=0.0005, goals=(Goal("best", 1.05),),
    ),
    replace(
        _SMALL, key="many-1", title="1024 networks 3-3-3-1, batch 1, SGD", networks=1024,
        rows=1_000, goals=(Goal("jax", 8.0),),
    ),
    replace(
        _SMALL, key="many-32", title="256 networks 3-3-3-1, batch 32, SGD", networks=256,
        rows=3_200, batch=32, lr=0.5, goals=(Goal("jax", 16.0),),
    ),
)  # fmt: skip
"""Every row of the table but the cold start, the small ones first."""


def network(work: Work) -> dr.Network:
    """Return the row's network."""
    activations = [work.hidden] * (len(work.sizes) - 2) + [work.output]
    layers = [dr.Dense(n, f) for n, f in zip(work.sizes[1:], activations, strict=True)]
    return dr.Network(work.sizes[0], layers)


def _samples(work: Work) -> tuple[np.ndarray, np.ndarray]:
    """Return X and T: something that can be learnt, so that no network saturates or dies."""
    rng = np.random.default_rng(0)
    if work.output == "softmax":
        label = rng.integers(0, work.sizes[-1], work.rows)
        centres = rng.random((work.sizes[-1], work.sizes[0]), dtype=np.float32)
        noise = rng.normal(0, 0.5, (work.rows, work.sizes[0])).astype(np.float32)
        return centres[label] + noise, np.eye(work.sizes[-1], dtype=np.float32)[label]
    X = rng.normal(0, 1, (work.rows, work.sizes[0])).astype(np.float32)
    if work.output == "sigmoid":
        return X, (X[:, :1] * X[:, 1:2] > 0).astype(np.float32)
    return X, np.tanh(X[:, ::-1]).astype(np.float32)


def save(work: Work, path: Path) -> None:
    """Write X, T and the starting theta, (networks, size), which every contestant reads."""
    net = network(work)
    X, T = _samples(work)
    theta = np.stack([net.init(seed=seed, dtype=np.float32) for seed in range(work.networks)])
    np.savez(path, X=X, T=T, theta=theta)


def load(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return X, T and the starting theta, (networks, size)."""
    with np.load(path) as found:
        return found["X"], found["T"], found["theta"]
