"""A chaotic series, and sequences in which something has to be kept in mind."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deltarule.core.arguments import whole
from deltarule.data.bundle import Bundled

_STEPS = 10
"""Steps of the integration in a unit of time."""
_FIRST, _LAGS, _AHEAD = 118, (0, 6, 12, 18), 6


def mackey_glass(delay: int = 17, samples: int = 1000) -> Bundled:
    """Return x(t + 6) of the Mackey-Glass equation from x(t), x(t - 6), x(t - 12), x(t - 18).

        dx/dt = 0.2 x(t - delay) / (1 + x(t - delay)^10) - 0.1 x(t)

    with x = 1.2 before t = 0, by Runge and Kutta's fourth-order method with steps of 0.1 (the
    delayed value of a half step lies between two steps, and is their mean); rows from t = 118 on.
    With the delay 17 it is chaotic. Mackey and Glass (1977); the task is Lapedes and Farber's
    (1987).

    >>> mackey_glass(17, 3).X.shape, mackey_glass(17, 3).columns
    ((3, 4), ('x(t)', 'x(t-6)', 'x(t-12)', 'x(t-18)'))
    """
    tau = whole("mackey_glass: delay", delay, 1, 1000)
    rows = whole("mackey_glass: samples", samples, 1, 1_000_000)
    x = _integrate(tau, _FIRST + rows + _AHEAD)
    t = _FIRST + np.arange(rows)
    says = f"the Mackey-Glass series with the delay {tau}, six steps ahead (Mackey and Glass 1977)"
    columns = [f"x(t-{lag})" if lag else "x(t)" for lag in _LAGS]
    X, T = np.stack([x[t - lag] for lag in _LAGS], axis=1), x[t + _AHEAD][:, None]
    name = f"mackey_glass:{tau},{rows}"
    return Bundled.of(name, X, T, "x(t+6)", says, columns=columns, ordered=True)


def _integrate(tau: int, units: int) -> NDArray[np.float64]:
    """Return x at t = 0, 1, .., units."""
    h, back = 1.0 / _STEPS, tau * _STEPS
    x = [1.2] * (back + 1)  # x[k + back] is x(k h)
    for _ in range(units * _STEPS):
        now = x[-1]
        old, new = x[-1 - back], x[-back]
        middle = 0.5 * (old + new)
        k1 = _slope(now, old)
        k2 = _slope(now + 0.5 * h * k1, middle)
        k3 = _slope(now + 0.5 * h * k2, middle)
        k4 = _slope(now + h * k3, new)
        x.append(now + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4))
    return np.array(x[back::_STEPS])


def _slope(x: float, delayed: float) -> float:
    return 0.2 * delayed / (1.0 + delayed**10) - 0.1 * x


def adding(steps: int = 50, samples: int = 2000) -> Bundled:
    """Return the adding problem: the sum of two marked numbers, one in each half of a sequence.

    A step is (a number from [0, 1), a mark): the mark is 1 at one step of the first half and at
    one of the second, else 0. Who says 1 always has the mean squared error 1/6 = .167 (E, with
    halves, .083); below that something is remembered. Hochreiter and Schmidhuber (1997), with
    marks and lengths as in Le, Jaitly and Hinton (2015). A row holds all numbers, then all marks.

    >>> adding(10, 3).X.shape, adding(10, 3).columns[9:11]
    ((3, 20), ('x1(10)', 'x2(1)'))
    """
    T = whole("adding: steps", steps, 2, 100_000)
    n = whole("adding: samples", samples, 1, 1_000_000)
    rng = np.random.default_rng((T, n))
    numbers, marks = rng.uniform(size=(n, T)), np.zeros((n, T))
    rows = np.arange(n)
    marks[rows, rng.integers(0, T // 2, size=n)] = 1.0
    marks[rows, rng.integers(T // 2, T, size=n)] = 1.0
    says = f"two marked numbers of {T} are to be added (Hochreiter and Schmidhuber 1997)"
    columns = [f"x{f}({t})" for f in (1, 2) for t in range(1, T + 1)]
    X, sums = (
        np.concatenate([numbers, marks], axis=1),
        np.sum(numbers * marks, axis=1, keepdims=True),
    )
    return Bundled.of(f"adding:{T},{n}", X, sums, "sum", says, columns=columns, features=2)
