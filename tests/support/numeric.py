"""Numerical derivatives, and comparison by scale."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

STEP = 1e-30


def complex_step(f: Callable[[Any], Any], x: Any) -> np.ndarray:
    """Return the gradient of the analytic scalar function f at the vector x: Im f(x + ih) / h."""
    x = np.asarray(x, dtype=np.complex128)
    found = np.empty(x.size)
    for i in range(x.size):
        moved = x.copy()
        moved[i] += 1j * STEP
        found[i] = complex(f(moved)).imag / STEP
    return found


def slope(f: Callable[[Any], Any], x: float) -> float:
    """Return the derivative of the analytic elementwise function f at the number x."""
    return float(np.asarray(f(np.array([x + 1j * STEP]))).imag[0] / STEP)


def difference(f: Callable[[Any], Any], x: float) -> float:
    """Return the central difference of f at x with a step that suits float64 and x."""
    h = np.cbrt(np.finfo(float).eps) * max(1.0, abs(x))
    low, high = x - h, x + h
    ends = np.asarray(f(np.array([low, high])))
    return float((ends[1] - ends[0]) / (high - low))


def assert_close(found: Any, expected: Any, tolerance: float, what: str = "") -> None:
    """Fail unless the largest difference is within `tolerance` of the largest expected entry."""
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape, f"{what}: shape {found.shape}, not {expected.shape}"
    assert np.all(np.isfinite(found)), f"{what}: not finite: {found}"
    scale = np.max(np.abs(expected), initial=0.0)
    worst = np.max(np.abs(found - expected), initial=0.0)
    assert worst <= tolerance * scale, (
        f"{what}: off by {worst:.3g}, {worst / scale if scale else np.inf:.3g} of the largest "
        f"entry; allowed is {tolerance:.3g}\nfound    {found}\nexpected {expected}"
    )
