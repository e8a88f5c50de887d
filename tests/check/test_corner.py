"""Several entries on kinks: a gradient has to be one together, not entry by entry."""

import os
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

import deltarule as dr

Array = NDArray[np.float64]
TIE, ZEROS = np.array([1.0, 1.0, 0.0]), np.zeros(10)


def relu(x: Array) -> Array:
    return np.maximum(x, 0.0)


def pooled(x: Array) -> Array:
    return x.reshape(3, 2).max(axis=1).sum()


@pytest.mark.parametrize(
    ("f", "x", "g", "right"),
    [
        (np.max, TIE, [1, 1, 0], False),
        (np.max, TIE, [0.6, 0.6, 0], False),
        (np.max, TIE, [1, 0, 0], True),
        (np.max, TIE, [0.3, 0.7, 0], True),
        (np.max, ZEROS, np.ones(10), False),
        (np.max, ZEROS, np.eye(10)[3], True),
        (np.max, ZEROS, np.full(10, 0.1), True),
        (np.min, np.ones(3), np.ones(3), False),
        (lambda x: relu(x[0]) - relu(x[1]), np.zeros(2), [0, 0], True),
        (lambda x: abs(x[0]) - abs(x[1]), np.zeros(2), [1, 1], True),
        (lambda x: abs(x).sum(), ZEROS, np.zeros(10), True),
        (lambda x: abs(x).sum(), ZEROS, np.sign(np.arange(10) - 4.5), True),
        (lambda x: relu(1 - x).sum(), np.ones(4), [-1, 0, -1, -0.5], True),
        (pooled, np.ones(6), np.ones(6), False),
        (pooled, np.ones(6), [1, 0, 0, 1, 0.5, 0.5], True),
        (np.linalg.norm, np.zeros(3), np.ones(3), False),
        (lambda x: abs(x[0] + x[1]), np.zeros(2), [1, -1], False),
        (lambda x: abs(x[0] + x[1]), np.zeros(2), [0.5, 0.5], True),
    ],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gradients_at_corners(
    f: Callable[[Array], float], x: Array, g: Array, right: bool, dtype: type
) -> None:
    check = dr.check_function(f, np.asarray(g, dtype), x.astype(dtype))
    assert check.passed == right, check
    assert right or "on a kink: got" in check.verdict


def test_the_direction_is_named() -> None:
    check = dr.check_function(np.max, np.array([1.0, 1.0, 0.0]), TIE)
    assert "along +1 x[0] +1 x[1] it says 2, and E's slopes beside the point reach 1" in str(check)


def test_fuzz_networks_on_kinks_are_right() -> None:
    """Our own gradient takes relu'(0) = 0, whatever lies on a kink."""
    for seed in range(int(os.environ.get("FUZZ_CASES", "20"))):
        rng = np.random.default_rng(seed)
        net = dr.Network(3, [dr.Dense(4, "relu"), dr.Dense(4, "relu"), dr.Dense(1)])
        X, T, theta = rng.normal(size=(4, 3)), rng.normal(size=(4, 1)), net.init(seed)
        first, second, _ = net.unpack(theta)
        for k in rng.integers(0, 4, 3):
            first["b"][k] = -(first["W"][k] @ X[rng.integers(4)])
        if seed % 3 == 0:
            second["W"][1], second["b"][1] = 0.0, 0.0
        check = dr.check_gradient(net, X=X, T=T, theta=theta)
        assert check.passed, (seed, check.verdict)


def test_numbers_are_told_apart() -> None:
    x = np.array([1.0])
    found = dr.check_function(lambda x: x.sum(), np.array([1.0 + 1e-9]), x, tolerance=1e-12)
    assert "got 1.000000001, expected 1" in found.verdict
