"""Optimisers of the whole vector on functions of one and two numbers, step by step."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from deltarule.optim import (
    LBFGS,
    ConjugateGradient,
    GaussNewton,
    LevenbergMarquardt,
    ScaledConjugateGradient,
)


class Line:
    """A function of one number: E at some places, its slope and curvature at all of them."""

    unit = 1.0

    def __init__(self, values, slope=-4.0, curvature=4.0):
        self.values, self.g, self.G, self.tried = values, slope, curvature, []

    def error(self, theta):
        self.tried.append(float(theta[0]))
        return self.values[float(theta[0])]

    def gradient(self, theta):
        return self.values[float(theta[0])], np.array([self.g])

    def gauss_newton_vector(self, theta, v):
        return self.G * v

    hessian_vector = gauss_newton_vector

    def normal_equations(self, theta):
        return self.values[float(theta[0])], np.array([self.g]), np.array([[self.G]])


class Banana:
    """Rosenbrock's function: E = 100 (y - x^2)^2 + (1 - x)^2."""

    def error(self, theta):
        x, y = theta
        return 100.0 * (y - x * x) ** 2 + (1.0 - x) ** 2

    def gradient(self, theta):
        x, y = theta
        slope = np.array([-400.0 * x * (y - x * x) - 2.0 * (1.0 - x), 200.0 * (y - x * x)])
        return self.error(theta), slope

    def hessian_vector(self, theta, v):
        x, y = theta
        return np.array([[1200.0 * x * x - 400.0 * y + 2.0, -400.0 * x], [-400.0 * x, 200.0]]) @ v


def steps(optimiser, of, start, count):
    """Return theta after every step, and how it ended."""
    thetas = []

    def proceed(theta, before, slots):
        thetas.append(theta)
        return len(thetas) < count

    none = tuple(np.zeros(0) for _ in optimiser.slots)
    end = optimiser.minimise(of, np.array(start, dtype=float), none, proceed)
    return thetas, end


@pytest.mark.parametrize(
    ("values", "tried"),
    [
        ({0.0: 1.0, 1.0: 0.0}, [1.0]),
        ({0.0: 1.0, 1.0: 1.0 - 2e-4, 0.5: 0.9}, [1.0, 0.5]),  # the slope promises 4e-4
        ({0.0: 1.0, 1.0: 2.0, 0.5: 1.0 - 3e-4}, [1.0, 0.5]),  # at half of it 2e-4
    ],
)
def test_gauss_newton_takes_d_or_half_of_it(values, tried):
    """G d = -g, and E has to fall by 1e-4 of what the slope promises (Armijo)."""
    of = Line(values)
    thetas, _ = steps(GaussNewton(), of, [0.0], 1)
    assert of.tried == tried
    assert thetas == [tried[-1]]


def test_where_they_end():
    for cls in (GaussNewton, LevenbergMarquardt, ScaledConjugateGradient):
        optimiser = cls(tol=0.5)
        assert steps(optimiser, Line({0.0: 1.0}, slope=0.5), [0.0], 1) == ([], "gradient")
    same = {0.5**k: 1.0 for k in range(40)} | {0.0: 1.0}
    of = Line(same)
    assert steps(GaussNewton(), of, [0.0], 1) == ([], "no_descent")
    assert len(of.tried) == 40


@pytest.mark.parametrize("cls", [LBFGS, ConjugateGradient])
def test_scipy_s_end_where_the_slope_is_small_or_nothing_falls(cls):
    thetas, end = steps(cls(tol=1e-6), Banana(), [-1.2, 1.0], 1000)
    assert end == "gradient"
    assert np.abs(Banana().gradient(thetas[-1])[1]).max() <= 1e-6
    bowl = Line(defaultdict(lambda: 1.0))  # whose E does not do what its slope says
    assert steps(cls(), bowl, [0.0], 1000) == ([], "no_descent")


def test_levenberg_marquardt_damps():
    """(G + mu) d = -g: mu is 12, then 60 where E did not fall, then 12 again where it did."""
    of = Line({0.0: 1.0, 0.5: 1.0, 0.125: 0.9, 0.625: 0.8}, slope=-8.0)
    optimiser = LevenbergMarquardt(mu=12.0, up=5.0, down=0.2, limit=60.0)
    thetas, _ = steps(optimiser, of, [0.0], 2)
    assert of.tried == [0.5, 0.125, 0.625]
    assert thetas == [0.125, 0.625]


def test_scaled_conjugate_gradient_makes_a_curvature_of_0_positive():
    """p H p + lam |p|^2 = -16 + 16: lam becomes 2, and alpha p is 4."""
    of = Line({0.0: 1.0, 4.0: 0.5}, curvature=-1.0)
    assert steps(ScaledConjugateGradient(lam=1.0), of, [0.0], 1)[0] == [4.0]


@pytest.mark.parametrize(
    ("after", "theta", "lam"),
    [(0.25, 0.5, 1.0), (0.75, 0.5, 4.0), (1.0, 0.5, 12.0), (np.inf, 0.0, 40.0)],
)
def test_scaled_conjugate_gradient_compares_e_with_its_parabola(after, theta, lam):
    """delta = 16 (4 + 4), and E's fall over the parabola's is 1 - after: lam is 4 before."""
    seen = []
    none = (np.zeros(0),) * 3
    of = Line({0.0: 1.0, 0.5: after})
    ScaledConjugateGradient(lam=4.0).minimise(of, np.zeros(1), none, lambda *all: seen.append(all))
    ((new, before, (_, _, scale)),) = seen
    assert (new.tolist(), before, scale.tolist()) == ([theta], 1.0, [lam, 1.0])


def test_scaled_conjugate_gradient_gives_up_where_nothing_falls():
    of = Line(defaultdict(lambda: 2.0, {0.0: 1.0}))
    thetas, end = steps(ScaledConjugateGradient(), of, [0.0], 1000)
    assert end == "no_descent"
    assert not any(theta.any() for theta in thetas)


def moller(of, w, lam, count):
    """Moller (1993), the algorithm of section 3, with H p itself: w after every step."""
    r = p = -of.gradient(w)[1]
    bar, success, k, found = 0.0, True, 1, []
    while len(found) < count:
        if success:
            delta = p @ of.hessian_vector(w, p)
        delta += (lam - bar) * (p @ p)
        if delta <= 0:
            bar = 2 * (lam - delta / (p @ p))
            delta = -delta + lam * (p @ p)
            lam = bar
        mu = p @ r
        alpha, length = mu / delta, p @ p
        comparison = 2 * delta * (of.error(w) - of.error(w + alpha * p)) / mu**2
        if comparison >= 0:
            w, before = w + alpha * p, r
            r, bar, success = -of.gradient(w)[1], 0.0, True
            p = r if k % len(w) == 0 else r + (r @ r - r @ before) / mu * p
            lam = lam / 4 if comparison >= 0.75 else lam
        else:
            bar, success = lam, False
        if comparison < 0.25:
            lam += delta * (1 - comparison) / length
        k += 1
        found.append(w)
    return found


@pytest.mark.parametrize("start", [(-1.2, 1.0), (0.0, 2.0), (0.5, -0.5)])
@pytest.mark.parametrize("lam", [1e-6, 100.0])
def test_scaled_conjugate_gradient_is_moller_s(start, lam):
    expected = moller(Banana(), np.array(start), lam, 25)
    found, _ = steps(ScaledConjugateGradient(lam), Banana(), start, 25)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
