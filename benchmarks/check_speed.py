"""A full check of a 64-32-10 network on 100 rows in float64, beside PyTorch's gradcheck.

Seconds, medians. The ways take turns, so that a change of the machine's speed meets all of them.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np

import deltarule as dr

REPEATS = 5
OUTPUTS = {"softmax": "cross_entropy", "identity": "half_squared_error"}


def problem(output: str) -> tuple[dr.Network, np.ndarray, np.ndarray, np.ndarray]:
    """Return network, theta, X, T."""
    rng = np.random.default_rng(0)
    net = dr.Network(64, [dr.Dense(32, "tanh"), dr.Dense(10, output)])
    X, T = rng.normal(size=(100, 64)), np.eye(10)[rng.integers(0, 10, 100)]
    return net, net.init(seed=0), X, T


def ours(output: str) -> dict[str, Callable[[], object]]:
    """Return our ways by name."""
    net, theta, X, T = problem(output)

    def check(**options: object) -> Callable[[], object]:
        def run() -> object:
            found = dr.check_gradient(net, theta, X, T, loss=OUTPUTS[output], **options)
            assert found.passed
            return found

        return run

    return {
        "central, incremental": check(method="central"),
        "central, whole passes": check(method="central", reuse=False),
        "complex, incremental": check(method="complex"),
        "central, directions=1": check(method="central", directions=1),
        "complex, directions=1": check(method="complex", directions=1),
    }


def theirs(output: str) -> dict[str, Callable[[], object]]:
    """Return PyTorch's gradcheck by name; empty where PyTorch is not installed."""
    try:
        import torch
    except ImportError:
        return {}
    torch.set_num_threads(1)
    net, theta, X, T = problem(output)
    parts = [torch.tensor(v, requires_grad=True) for p in net.unpack(theta) for v in p.values()]
    x, t = torch.from_numpy(X), torch.from_numpy(T)

    def error(W1, b1, W2, b2):  # type: ignore[no-untyped-def]
        net_2 = torch.tanh(x @ W1.T + b1) @ W2.T + b2
        if output == "softmax":
            return torch.nn.functional.cross_entropy(net_2, t)
        return 0.5 * ((net_2 - t) ** 2).sum() / len(x)

    return {
        "gradcheck": lambda: torch.autograd.gradcheck(error, parts),
        "gradcheck, fast_mode": lambda: torch.autograd.gradcheck(error, parts, fast_mode=True),
    }


def goal(name: str, found: dict[str, float]) -> str:
    """Return what a way is held against: PyTorch's full check, or central differences."""
    output, way = name.split(": ", 1)
    least = {"central, incremental": 20.0, "central, whole passes": 3.0}.get(way)
    whole = found.get(f"{output}: gradcheck")
    if least is not None and whole is not None:
        return f"gradcheck / this {whole / found[name]:5.1f}   goal >= {least:g}"
    if way == "complex, incremental":
        central = found[f"{output}: central, incremental"]
        return f"this / central {found[name] / central:5.1f}   goal <= 3"
    fast = found.get(f"{output}: gradcheck, fast_mode")
    if way.endswith("directions=1") and fast is not None:
        return f"this / fast_mode {found[name] / fast:5.1f}"
    return ""


def main() -> dict[str, float]:
    """Return the median seconds of every way, by output activation and name."""
    found: dict[str, float] = {}
    for output in OUTPUTS:
        ways = {**ours(output), **theirs(output)}
        times: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(REPEATS):
            for name, way in ways.items():
                began = time.perf_counter()
                way()
                times[name].append(time.perf_counter() - began)
        found |= {f"{output}: {name}": statistics.median(t) for name, t in times.items()}
    return found


if __name__ == "__main__":
    for name, seconds in main().items():
        print(f"{name:36s} {seconds * 1e3:9.2f} ms")
