"""A limit: the row's own matrix products and nothing else, on all cores.

One step of L layers is L products forward, L for the weights' gradients and L - 1 back; outputs
are preallocated. NumPy's OpenBLAS and, where it is installed, PyTorch's product are tried; the
faster counts. `rate` measures large square products, the most that the machine gives.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
from serve import NotDone
from work import Work

Product = Callable[[Any, Any, Any], Any]

_LARGE = 2048


def _backends() -> dict[str, tuple[Product, Callable[[np.ndarray], Any]]]:
    """Return by name: product(a, b, out), and what makes its arrays."""
    found: dict[str, Any] = {"OpenBLAS": (lambda a, b, out: np.matmul(a, b, out=out), np.asarray)}
    if find_spec("torch"):
        import torch

        found["PyTorch"] = (lambda a, b, out: torch.mm(a, b, out=out), torch.from_numpy)
    return found


def _array(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 1, shape).astype(np.float32)


def _products(work: Work) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Return (a, b, out) of every product of one step."""
    products = []
    for l, (k, n) in enumerate(zip(work.sizes[:-1], work.sizes[1:], strict=True)):
        y, W, delta = _array(work.batch, k), _array(n, k), _array(work.batch, n)
        products += [(y, W.T, _array(work.batch, n)), (delta.T, y, _array(n, k))]
        if l:
            products.append((delta, W, _array(work.batch, k)))
    return products


def _least_time(run: Callable[[], Any], times: int) -> float:
    run()
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        run()
        taken.append(time.perf_counter() - began)
    return min(taken)


def prepare(work: Work, X: np.ndarray, T: np.ndarray, theta: np.ndarray):
    """Return `train(epochs)`, which returns no theta and no error."""
    if max(work.sizes) < 64:
        raise NotDone("products of 3 by 3 are no limit")
    best, least = None, float("inf")
    for name, (product, make) in _backends().items():
        arrays = [tuple(map(make, three)) for three in _products(work)]

        def train(epochs: int, product=product, arrays=arrays):
            for _ in range(epochs * work.steps):
                for a, b, out in arrays:
                    product(a, b, out)
            return None, None

        taken = _least_time(lambda train=train: train(1), 3)
        train.note = name
        if taken < least:
            best, least = train, taken
    return best


def rate() -> float:
    """Return GFLOP/s of large float32 products, the best of several and of both libraries."""
    least = float("inf")
    for product, make in _backends().values():
        a, out = make(_array(_LARGE, _LARGE)), make(_array(_LARGE, _LARGE))
        least = min(least, _least_time(lambda p=product, a=a, out=out: p(a, a, out), 10))
    return 2e-9 * _LARGE**3 / least


if __name__ == "__main__":
    print(rate())
