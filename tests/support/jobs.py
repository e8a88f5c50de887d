"""Small training problems, the same in every run."""

from __future__ import annotations

from typing import Any

import numpy as np

import deltarule as dr


def regression(n: int = 23, inputs: int = 3, outputs: int = 2) -> tuple[Any, Any]:
    """Return X (n, inputs) and T (n, outputs), with 23 rows so that no batch size divides them."""
    rng = np.random.default_rng(5)
    X = rng.normal(size=(n, inputs))
    return X, np.sin(X @ rng.normal(size=(inputs, outputs)))


def network(inputs: int = 3, outputs: int = 2) -> dr.Network:
    """Return a small network for `regression`."""
    return dr.Network(inputs, [dr.Dense(4, "tanh"), dr.Dense(outputs)])
