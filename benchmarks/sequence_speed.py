"""What training on sequences takes, beside PyTorch and JAX: microseconds per update, float32, SGD.

Contestants take turns in one process, so that what else the machine does meets them all; medians.
PyTorch has its own layers, with the better number of threads of one and all; JAX is one jitted
call for all batches of an epoch, with a scan over them and one over time, the products with the
inputs taken out of it; many networks are `vmap`, their updates one call as well.

    python benchmarks/sequence_speed.py        (`taskset -c 0` before it: one processor for all)
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import deltarule as dr

TURNS = 7
SECONDS = 0.15
"""How long a contestant's turn takes, about."""


@dataclass(frozen=True)
class Case:
    """A network layer-Last-Dense(1) on sequences, and how many times faster it has to be."""

    layer: str
    features: int
    units: int
    steps: int
    batch: int
    goals: dict[str, float]
    seeds: int = 1
    batches: int = 8


CASES = {
    "LSTM 1-16-1, 50 steps, batch 32": Case(
        "lstm", 1, 16, 50, 32, {"torch": 4.0, "jax": 2.5}
    ),
    "Elman 1-8-1, 20 steps, batch 1": Case(
        "elman", 1, 8, 20, 1, {"torch": 100.0, "jax": 3.0}, batches=256
    ),
    "GRU 16-64-1, 100 steps, batch 32": Case("gru", 16, 64, 100, 32, {"jax": 1.5}, batches=4),
    "LSTM 1-16-1, 100 seeds": Case("lstm", 1, 16, 50, 32, {"jax": 4.0}, seeds=100, batches=2),
}  # fmt: skip

Epochs = Callable[[int], None]
"""Trains for so many epochs."""


def data(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Return X (n, time, features) and T (n, 1)."""
    rng = np.random.default_rng(0)
    n = case.batch * case.batches
    X = rng.normal(size=(n, case.steps, case.features)).astype(np.float32)
    return X, X.mean(axis=(1, 2))[:, None]


def ours(case: Case) -> Epochs:
    """Return the compiled engine's training."""
    layer = {"lstm": dr.LSTM, "elman": dr.Elman, "gru": dr.GRU}[case.layer](case.units)
    net = dr.Network((case.steps, case.features), [layer, dr.Last(), dr.Dense(1)])
    X, T = data(case)
    options: dict[str, Any] = {
        "optimizer": dr.optim.SGD(0.01), "batch_size": case.batch, "shuffle": False,
        "engine": "compiled", "dtype": "float32",
    }  # fmt: skip
    if case.seeds > 1:
        return lambda epochs: dr.train_many(
            net, X, T, seeds=range(case.seeds), epochs=epochs, **options
        )
    return lambda epochs: dr.train(net, X, T, epochs=epochs, **options)


def in_torch(case: Case) -> Epochs:
    """Return PyTorch's training."""
    import torch

    kind = {"lstm": torch.nn.LSTM, "elman": torch.nn.RNN, "gru": torch.nn.GRU}[case.layer]
    layer = kind(case.features, case.units, batch_first=True)
    output = torch.nn.Linear(case.units, 1)
    parameters = [*layer.parameters(), *output.parameters()]
    X, T = (torch.from_numpy(a).split(case.batch) for a in data(case))

    def train(epochs: int) -> None:
        for _ in range(epochs):
            for x, t in zip(X, T, strict=True):
                y = output(layer(x)[0][:, -1])
                loss = torch.nn.functional.mse_loss(y, t, reduction="sum") * (0.5 / case.batch)
                gradients = torch.autograd.grad(loss, parameters)
                with torch.no_grad():
                    torch._foreach_add_(parameters, gradients, alpha=-0.01)

    return _with_best_threads(train, torch.set_num_threads)


def _with_best_threads(train: Epochs, setting: Callable[[int], None]) -> Epochs:
    """Return `train` with the number of threads, one or all, that takes least."""
    times: dict[int, float] = {}
    train(1)
    for threads in 2 * (1, os.cpu_count() or 1):
        setting(threads)
        began = time.perf_counter()
        train(1)
        times[threads] = min(times.get(threads, np.inf), time.perf_counter() - began)
    setting(min(times, key=lambda threads: times[threads]))
    return train


def in_jax(case: Case) -> Epochs:
    """Return JAX's training."""
    import jax
    import jax.numpy as jnp

    gates = {"lstm": 4, "elman": 1, "gru": 3}[case.layer]
    n = case.units

    def step(state: Any, a: Any, U: Any, c: Any) -> Any:
        h = state[0]
        v = h @ U
        if case.layer == "elman":
            return (jnp.tanh(a + v),)
        if case.layer == "lstm":
            i, f, g, o = jnp.split(a + v, 4, axis=-1)
            cell = jax.nn.sigmoid(f) * state[1] + jax.nn.sigmoid(i) * jnp.tanh(g)
            return jax.nn.sigmoid(o) * jnp.tanh(cell), cell
        r = jax.nn.sigmoid(a[:, :n] + v[:, :n])
        z = jax.nn.sigmoid(a[:, n : 2 * n] + v[:, n : 2 * n])
        new = jnp.tanh(a[:, 2 * n :] + r * (v[:, 2 * n :] + c))
        return (new + z * (h - new),)

    def error(p: Any, x: Any, t: Any) -> Any:
        a = jnp.swapaxes(x, 0, 1) @ p["W"] + p["b"]
        zeros = (jnp.zeros((x.shape[0], n), x.dtype),) * (2 if case.layer == "lstm" else 1)
        state, _ = jax.lax.scan(lambda s, at: (step(s, at, p["U"], p["c"]), None), zeros, a)
        y = state[0] @ p["V"] + p["d"]
        return 0.5 * jnp.sum((t - y) ** 2) / case.batch

    def update(p: Any, batch: Any) -> Any:
        gradient = jax.grad(error)(p, *batch)
        return jax.tree.map(lambda w, g: w - 0.01 * g, p, gradient), None

    rng = np.random.default_rng(1)
    shapes = {"W": (case.features, gates * n), "U": (n, gates * n), "b": (gates * n,),
              "c": (n,), "V": (n, 1), "d": (1,)}  # fmt: skip
    many = (case.seeds,) if case.seeds > 1 else ()
    p = {k: 0.2 * rng.normal(size=many + s).astype(np.float32) for k, s in shapes.items()}
    X, T = data(case)
    batches = tuple(a.reshape(case.batches, case.batch, *a.shape[1:]) for a in (X, T))
    over = update if case.seeds == 1 else jax.vmap(update, (0, None), (0, None))
    epoch = jax.jit(lambda p, batches: jax.lax.scan(over, p, batches)[0])
    placed = jax.device_put(batches)

    def train(epochs: int) -> None:
        q = jax.device_put(p)
        for _ in range(epochs):
            q = epoch(q, placed)
        jax.block_until_ready(q)

    return train


def measure(case: Case) -> dict[str, tuple[float, float]]:
    """Return the microseconds of an update, of all networks together: the median, and the least.

    Where others load the machine, the least is nearer to what the work takes.
    """
    makers: dict[str, Callable[[Case], Epochs]] = {"ours": ours, "jax": in_jax}
    if case.seeds == 1:
        makers["torch"] = in_torch
    several, epochs = {}, {}
    for name, make in makers.items():
        try:
            several[name] = make(case)
        except ImportError:
            continue
        several[name](1)
        began = time.perf_counter()
        several[name](4)
        epochs[name] = max(2, int(4 * SECONDS / (time.perf_counter() - began)))
        several[name](epochs[name])
    times: dict[str, list[float]] = {name: [] for name in several}
    for _ in range(TURNS):
        for name, train in several.items():
            began = time.perf_counter()
            train(epochs[name])
            took = time.perf_counter() - began
            times[name].append(1e6 * took / epochs[name] / case.batches)
    return {name: (statistics.median(taken), min(taken)) for name, taken in times.items()}


def lines(case: Case) -> list[str]:
    """Return what a case takes, with the ratios to ours beside their goals."""
    found = measure(case)
    median, least = found["ours"]
    return [
        f"  {who:6s} {m:10.1f} us {f'(least {b:.1f})':>18s}   x {m / median:6.2f} ({b / least:.2f})"
        + (f"   goal >= {case.goals[who]:g}" if who in case.goals else "")
        for who, (m, b) in found.items()
    ]


if __name__ == "__main__":
    for name, case in CASES.items():
        print(name, *lines(case), sep="\n", flush=True)
