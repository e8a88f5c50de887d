"""How often a right gradient is called wrong, and a wrong one right: FUZZ_CASES of each."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest

import deltarule as dr

CASES = int(os.environ.get("FUZZ_CASES", "60"))
Pair = tuple[Callable[[Any], Any], Callable[[Any], Any], np.ndarray]


def _steep(rng: np.random.Generator, n: int, dtype: type) -> Pair:
    W = rng.normal(size=(n, n)).astype(dtype)

    def g(x):
        h = np.tanh(W @ x)
        return W.T @ (2 * h * (1 - h * h))

    return lambda x: np.sum(np.tanh(W @ x) ** 2), g, rng.normal(size=n)


def _log_sum_exp(rng: np.random.Generator, n: int, dtype: type) -> Pair:
    def g(x):
        e = np.exp(x - x.max())
        return e / e.sum()

    return lambda x: np.log(np.sum(np.exp(x))), g, rng.normal(size=n) * 3


def _powers(rng: np.random.Generator, n: int, dtype: type) -> Pair:
    k = int(rng.integers(2, 12))
    return lambda x: np.sum(x**k), lambda x: k * x ** (k - 1), rng.uniform(0.5, 2.0, n)


def _exponential(rng: np.random.Generator, n: int, dtype: type) -> Pair:
    c = dtype(rng.uniform(1, 30))
    return lambda x: np.sum(np.exp(c * x)), lambda x: c * np.exp(c * x), rng.uniform(-1, 1, n)


def _inverse(rng: np.random.Generator, n: int, dtype: type) -> Pair:
    return lambda x: np.sum(1 / x), lambda x: -1 / x**2, rng.uniform(0.1, 3, n)


def _waves(rng: np.random.Generator, n: int, dtype: type) -> Pair:
    return lambda x: np.sum(np.sin(x)), np.cos, rng.uniform(-100, 100, n)


def _quadratic(rng: np.random.Generator, n: int, dtype: type) -> Pair:
    d = (10.0 ** rng.uniform(-3, 3, n)).astype(dtype)
    return lambda x: np.sum(d * x * x) / 2, lambda x: d * x, rng.normal(size=n)


KINDS = [_steep, _log_sum_exp, _powers, _exponential, _inverse, _waves, _quadratic]


def _cases(dtype: type, seeds: Iterable[int] = range(CASES)):
    for seed in seeds:
        rng = np.random.default_rng(seed)
        kind = KINDS[seed % len(KINDS)]
        n = int(rng.integers(2, 12))
        f, g, x = kind(rng, n, dtype)
        # rounded as E of a float32 program is: without it E would be taken in float64
        rounded = f if dtype is np.float64 else lambda x, f=f: np.float32(f(np.float32(x)))
        yield f"{kind.__name__} {seed}", rounded, g, x.astype(dtype), rng


def test_what_was_once_called_wrong_is_right() -> None:
    """140: rounding hid truncation; 682: rounding inside E, on a grid; 1657: E drops imaginary
    parts, which differences with few digits did not show."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        for name, f, g, x, _ in _cases(np.float32, [140, 682, 1657]):
            found = dr.check_function(f, g, x)
            assert found.passed, (name, found.verdict)
            assert found.method != "complex", name


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_fuzz_right_gradients_are_right(dtype: type) -> None:
    wrong = [
        (name, found.verdict)
        for name, f, g, x, _ in _cases(dtype)
        if not (found := dr.check_function(f, g, x)).passed
    ]
    assert not wrong, (len(wrong), wrong[:5])


@pytest.mark.parametrize(("dtype", "off"), [(np.float32, 0.3), (np.float64, 1e-4)])
def test_fuzz_wrong_gradients_are_wrong(dtype: type, off: float) -> None:
    """Off in the largest entry: the digits allow it there, or the check says they do not."""
    missed = []
    for name, f, g, x, _ in _cases(dtype):
        right = g(x)
        wrong = right.copy()
        worst = int(np.argmax(np.abs(right)))
        wrong[worst] *= 1 + off
        found = dr.check_function(f, wrong, x)
        hidden = found.rounding[worst] > 0.5 * off * abs(right[worst])
        if found.passed and not (hidden and any("rounding hides" in n for n in found.notes)):
            missed.append((name, str(found)))
    assert not missed, (len(missed), missed[:3])


@pytest.mark.parametrize("n", [10, 20])
def test_steep_functions_in_float32(n: int) -> None:
    """A step of 1/8 is long where E bends sharply: truncation is far above rounding."""
    wrong = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        W = rng.normal(size=(n, n)).astype(np.float32)
        x = rng.normal(size=n).astype(np.float32)

        def f(x, W=W):
            return np.float32(np.sum(np.tanh(W @ x) ** 2))

        def g(x, W=W):
            h = np.tanh(W @ x)
            return W.T @ (2 * h * (1 - h * h))

        found = dr.check_function(f, g, x)
        wrong += [] if found.passed else [(seed, found.verdict)]
    assert not wrong, (len(wrong), wrong[:3])
