"""Functions to learn: that of another network, a sine."""

from __future__ import annotations

import numpy as np

from deltarule.core.arguments import number, whole
from deltarule.data.bundle import Bundled

_MOST = 1_000_000


def teacher(inputs: int = 5, hidden: int = 3, samples: int = 1000) -> Bundled:
    """Return what a soft committee machine with random weights says of random inputs.

        T = sum over its nodes j = 1..hidden of erf(w_j x / sqrt 2)

    with x ~ N(0, I) and w_j ~ N(0, I / inputs) scaled to length 1. Saad and Solla (1995), On-line
    learning in soft committee machines.

    >>> teacher(2, 1, 10).T.shape, bool(abs(teacher(2, 1, 10).T).max() < 1.0)
    ((10, 1), True)
    """
    from scipy.special import erf

    n = whole("teacher: inputs", inputs, 1, 10_000)
    m = whole("teacher: hidden nodes", hidden, 1, 10_000)
    rows = whole("teacher: samples", samples, 1, _MOST)
    rng = np.random.Generator(np.random.Philox(0))
    w = rng.standard_normal((m, n))
    w /= np.linalg.norm(w, axis=1, keepdims=True)
    X = rng.standard_normal((rows, n))
    says = f"{rows} answers of a random network with {m} hidden nodes (Saad and Solla 1995)"
    T = erf(X @ w.T / np.sqrt(2.0)).sum(axis=1, keepdims=True)
    return Bundled.of(f"teacher:{n},{m},{rows}", X, T, "teacher", says)


def sine(points: int = 41, periods: float = 1.0) -> Bundled:
    """Return sin(periods pi x) at points from -1 to 1 that are equally far apart.

    A single period is the problem SIN of MathWorks' "Choose a multilayer neural network training
    function", which a 1-5-1 network is to meet with a mean squared error of .002; how many points
    it has is not said there.

    >>> sine(5).T[:, 0].round(3).tolist()
    [-0.0, -1.0, 0.0, 1.0, 0.0]
    """
    n = whole("sine: points", points, 2, _MOST)
    a = number("sine: periods", periods, low=0.0, high=1000.0)
    X = np.linspace(-1.0, 1.0, n)[:, None]
    says = f"{n} points of {a:g} periods of a sine (MathWorks: SIN)"
    return Bundled.of(f"sine:{n},{a:g}", X, np.sin(a * np.pi * X), "sine", says, columns=["x"])
