"""Levenberg-Marquardt beside SciPy's, given our Jacobian: a step, and the way to its error.

The network is 10-20-1 with tanh on the 442 rows of `diabetes`, standardised. SciPy's MINPACK and
trust-region methods get residuals and J from `dr.jacobian`, as a user would give them. One thread
multiplies matrices, for all. Where `optimistix` or `torch-levenberg-marquardt` are installed
(`pip install optimistix torch-levenberg-marquardt`; no extra of ours has them) their
Levenberg-Marquardt runs on the same network, from the same theta, in float64.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
import scipy.optimize

import deltarule as dr

REPEATS = 5
EPOCHS = 100
GOAL_MS = 1.0


def median(work: Callable[[], object]) -> float:
    """Return the median of a few times, in seconds."""
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def main() -> dict[str, float]:
    """Return milliseconds a step, and SciPy's times as multiples of ours."""
    from threadpoolctl import threadpool_limits

    data = dr.data.load("diabetes")
    X = (data.X - data.X.mean(axis=0)) / data.X.std(axis=0)
    T = (data.T - data.T.mean(axis=0)) / data.T.std(axis=0)
    net = dr.Network(10, [dr.Dense(20, "tanh"), dr.Dense(1)])
    theta = net.init(seed=1)
    options = {"optimizer": "levenberg_marquardt", "batch_size": None, "theta": theta}

    def ours() -> dr.Run:
        return dr.train(net, X, T, reduction="sum", epochs=EPOCHS, **options)

    found: dict[str, float] = {}
    with threadpool_limits(1, user_api="blas"):
        found["ms a step"] = 1e3 * median(ours) / EPOCHS
        for method in ("lm", "trf"):
            last = theirs(net, theta, X, T, method)
            below = float(last.cost)
            run = dr.train(
                net, X, T, reduction="sum", epochs=3000, stop=dr.ErrorBelow(below), **options
            )
            if run.stopped != "error_below":
                found[f"E of least_squares({method}) reached"] = 0.0
                continue
            mine = median(
                lambda epochs=run.epochs: dr.train(
                    net, X, T, reduction="sum", epochs=epochs, **options
                )
            )
            other = median(lambda method=method: theirs(net, theta, X, T, method))
            found[f"least_squares({method}), to its E = {below:.3f}, over ours"] = other / mine
        for peer in (in_optimistix, in_torch):
            try:
                name, step, steps, below, seconds = peer(theta, X, T)
            except ImportError as error:
                print(f"left out: {error}")
                continue
            found[f"{name}: ms a step"] = 1e3 * step
            run = dr.train(
                net, X, T, reduction="sum", epochs=5000, stop=dr.ErrorBelow(below), **options
            )
            found[f"{name}: its steps to E = {below:.3f}"] = steps
            found[f"{name}: our steps to it ({run.stopped})"] = run.epochs
            mine = median(
                lambda epochs=run.epochs: dr.train(
                    net, X, T, reduction="sum", epochs=epochs, **options
                )
            )
            found[f"{name}: its time to that E, over ours"] = seconds / mine
    return found


def theirs(net: dr.Network, theta: np.ndarray, X: np.ndarray, T: np.ndarray, method: str):
    """Run SciPy's least squares as long as ours runs."""
    return scipy.optimize.least_squares(
        lambda w: (net(w, X) - T).ravel(),
        theta,
        jac=lambda w: dr.jacobian(net, w, X).reshape(-1, net.size),
        method=method,
        max_nfev=EPOCHS,
    )


Peer = tuple[str, float, int, float, float]


def in_optimistix(theta: np.ndarray, X: np.ndarray, T: np.ndarray) -> Peer:
    """Return optimistix' name, seconds a step, steps, E = sum 1/2 (T - y)^2, and seconds."""
    import jax
    import optimistix

    jax.config.update("jax_enable_x64", True)

    def residuals(w: jax.Array, data: tuple[jax.Array, jax.Array]) -> jax.Array:
        inputs, targets = data
        hidden = jax.numpy.tanh(inputs @ w[:200].reshape(20, 10).T + w[200:220])
        return (hidden @ w[220:240] + w[240] - targets[:, 0]).ravel()

    solver = optimistix.LevenbergMarquardt(rtol=1e-8, atol=1e-8)

    @jax.jit
    def solve(w: jax.Array, data: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        found = optimistix.least_squares(
            residuals, solver, w, args=data, max_steps=EPOCHS, throw=False
        )
        return found.value, found.stats["num_steps"]

    data = (jax.numpy.asarray(X), jax.numpy.asarray(T))
    w, steps = solve(jax.numpy.asarray(theta), data)
    seconds = median(lambda: jax.block_until_ready(solve(jax.numpy.asarray(theta), data)))
    below = 0.5 * float((residuals(w, data) ** 2).sum())
    return "optimistix", seconds / int(steps), int(steps), below, seconds


def in_torch(theta: np.ndarray, X: np.ndarray, T: np.ndarray) -> Peer:
    """Return torch-levenberg-marquardt's name, seconds a step, steps, E, and seconds."""
    import torch
    from torch_levenberg_marquardt.training import LevenbergMarquardtModule

    torch.set_num_threads(1)
    inputs, targets = torch.from_numpy(X), torch.from_numpy(T)

    def solve() -> float:
        model = torch.nn.Sequential(
            torch.nn.Linear(10, 20), torch.nn.Tanh(), torch.nn.Linear(20, 1)
        ).double()
        with torch.no_grad():
            model[0].weight[:] = torch.from_numpy(theta[:200].reshape(20, 10))
            model[0].bias[:] = torch.from_numpy(theta[200:220])
            model[2].weight[:] = torch.from_numpy(theta[220:240].reshape(1, 20))
            model[2].bias[:] = torch.from_numpy(theta[240:])
        module = LevenbergMarquardtModule(model, solve_method="cholesky")
        for _ in range(EPOCHS):
            module.training_step(inputs, targets)
        return 0.5 * float(((model(inputs) - targets) ** 2).sum())

    below = solve()
    seconds = median(solve)
    return "torch-levenberg-marquardt", seconds / EPOCHS, EPOCHS, below, seconds


if __name__ == "__main__":
    for name, value in main().items():
        print(f"{name:60s} {value:8.2f}")
