"""Where the coefficients in `engine/compiled` come from: best polynomials by Remez' exchange.

`python tests/engine/compiled/mathematics/make_polynomials.py` prints every set; the tests fit them
again and compare. A set is fitted in 40 decimal digits, then its coefficients are rounded to the
float type.

The fitted functions leave out the leading terms, which stay exact:

    exp(r) - 1   = r + r^2 g(r),   g(r) = (exp(r) - 1 - r) / r^2,    |r| <= ln 2 (and a little)
    log(1 + f)   = f + f^2 h(f),   h(f) = (log(1 + f) - f) / f^2,    sqrt(1/2) <= 1 + f <= sqrt 2
    tanh(x)      = x + x^3 d(x^2), d(w) = (tanh(x) / x - 1) / w,     |x| <= 5/8 (and a little)

The error is weighted so that it is relative to the function that is wanted: to exp(r), to
exp(r) - 1, to log(1 + f), to tanh(x). `short` is exp for |r| <= ln 2 / 2, which tanh uses.

Source: E. Remez (1934); J.-M. Muller, Elementary Functions, 3rd edition (2016), chapter 3.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import mpmath
import numpy as np

DIGITS = 40
POINTS = 24
"""Grid points per coefficient, on which the extremes of the error are looked for."""

Function = Callable[[Any], Any]


@dataclass(frozen=True)
class Fit:
    """What a set of coefficients approximates."""

    function: Function
    weight: Function
    """What the error is multiplied with: here, so that it is relative to the whole result."""
    low: float
    high: float
    terms: int
    """How many coefficients."""
    dtype: str


def exponential(r: Any) -> Any:
    """Return g(r) = (exp(r) - 1 - r) / r^2, whose value at 0 is 1/2."""
    return mpmath.mpf(1) / 2 if r == 0 else (mpmath.expm1(r) - r) / r**2


def logarithm(f: Any) -> Any:
    """Return h(f) = (log(1 + f) - f) / f^2, whose value at 0 is -1/2."""
    return -mpmath.mpf(1) / 2 if f == 0 else (mpmath.log1p(f) - f) / f**2


def tanh_over_x(w: Any) -> Any:
    """Return tanh(x) / x with x^2 = w."""
    x = mpmath.sqrt(w)
    return mpmath.tanh(x) / x


def tangent(w: Any) -> Any:
    """Return d(w) = (tanh(x) / x - 1) / w with x^2 = w, whose value at 0 is -1/3."""
    return (tanh_over_x(w) - 1) / w


BEYOND = 0.6935
"""The end of the reduced argument: ln 2 and what rounding may add to it."""
FITS = {
    (name, dtype): Fit(function, weight, low, high, terms, dtype)
    for name, function, weight, low, high, sizes in [
        ("exp", exponential, lambda r: r**2 / mpmath.exp(r), -BEYOND, BEYOND, (6, 12)),
        ("expm1", exponential, lambda r: abs(r**2 / mpmath.expm1(r)), -BEYOND, BEYOND, (7, 13)),
        ("short", exponential, lambda r: r**2 / mpmath.exp(r), -BEYOND / 2, BEYOND / 2, (5, 10)),
        ("tanh", tangent, lambda w: w / tanh_over_x(w), 0.0, 0.391, (5, 11)),
        ("log", logarithm, lambda f: abs(f**2 / mpmath.log1p(f)), -0.2929, 0.4143, (9, 20)),
    ]
    for dtype, terms in zip(("float32", "float64"), sizes, strict=True)
}


@dataclass(frozen=True)
class Sample:
    """A point, the function there, and the weight of an error there."""

    point: Any
    value: Any
    weight: Any


def coefficients(fit: Fit) -> list[float]:
    """Return the coefficients, lowest power first, each a number of the float type."""
    with mpmath.workdps(DIGITS):
        return [rounded(fit, c) for c in remez(fit.terms, grid(fit))]


def rounded(fit: Fit, value: Any) -> float:
    """Return the nearest number of the fit's float type."""
    return float(np.dtype(fit.dtype).type(float(value)))


def error(fit: Fit, chosen: Sequence[float]) -> float:
    """Return the largest weighted error of the coefficients on the grid."""
    with mpmath.workdps(DIGITS):
        return float(max(abs(e) for e in errors(grid(fit), list(chosen))))


def remez(terms: int, samples: Sequence[Sample]) -> list[Any]:
    """Return the coefficients of the polynomial with the smallest largest weighted error."""
    step = (len(samples) - 1) / terms
    chosen = [samples[round(i * step)] for i in range(terms + 1)]
    for _ in range(20):
        found, level = interpolate(chosen)
        residual = errors(samples, found)
        if max(abs(e) for e in residual) < abs(level) * mpmath.mpf("1.001"):
            return found
        chosen = exchange(samples, residual, terms + 1)
    raise ArithmeticError("The exchange does not converge: use more digits or fewer terms.")


def grid(fit: Fit) -> list[Sample]:
    """Return samples at Chebyshev points of the interval: dense at its ends. Never 0 itself."""
    count = POINTS * fit.terms + 1
    middle, half = (mpmath.mpf(fit.high) + fit.low) / 2, (mpmath.mpf(fit.high) - fit.low) / 2
    points = [middle - half * mpmath.cos(mpmath.pi * i / count) for i in range(count + 1)]
    return [Sample(p, fit.function(p), fit.weight(p)) for p in points if p != 0]


def interpolate(chosen: Sequence[Sample]) -> tuple[list[Any], Any]:
    """Return the coefficients whose error alternates with one size at the points, and the size."""
    size = len(chosen)
    matrix, right = mpmath.matrix(size, size), mpmath.matrix(size, 1)
    for i, sample in enumerate(chosen):
        for j in range(size - 1):
            matrix[i, j] = sample.point**j
        matrix[i, size - 1] = (-1) ** i / sample.weight
        right[i] = sample.value
    solved = mpmath.lu_solve(matrix, right)
    return [solved[j] for j in range(size - 1)], solved[size - 1]


def errors(samples: Sequence[Sample], chosen: Sequence[Any]) -> list[Any]:
    """Return the weighted errors at the points."""
    backwards = list(chosen)[::-1]
    return [(mpmath.polyval(backwards, s.point) - s.value) * s.weight for s in samples]


def exchange(samples: Sequence[Sample], residual: Sequence[Any], count: int) -> list[Sample]:
    """Return `count` neighbouring extremes of alternating sign, the largest ones kept."""
    extremes: list[int] = []
    for i, e in enumerate(residual):
        if extremes and (e > 0) == (residual[extremes[-1]] > 0):
            if abs(e) > abs(residual[extremes[-1]]):
                extremes[-1] = i
        else:
            extremes.append(i)
    while len(extremes) > count:
        first, last = abs(residual[extremes[0]]), abs(residual[extremes[-1]])
        extremes.pop(0 if first < last else -1)
    return [samples[i] for i in extremes]


def main() -> None:
    """Print every set with its error."""
    for (name, dtype), fit in FITS.items():
        chosen = coefficients(fit)
        ulps = error(fit, chosen) / np.finfo(dtype).eps
        print(f"{name} {dtype}: {fit.terms} terms, error {ulps:.3f} of 2^-23 or 2^-52")
        for c in chosen:
            print(f"    {c!r},")


if __name__ == "__main__":
    main()
