"""Optimisers of the whole vector, through the loop that trains with all others."""

from __future__ import annotations

import os
import signal
import threading

import numpy as np
import pytest
import scipy.optimize

import deltarule as dr
from deltarule.engine.choice import EngineWarning
from deltarule.optim import OPTIMISERS, LevenbergMarquardt, Minimiser

NAMES = [cls.name for cls in OPTIMISERS.of(Minimiser)]
each = pytest.mark.parametrize("name", NAMES)
NET = dr.Network(3, [dr.Dense(4, "tanh"), dr.Dense(2)])


def samples(rows=20, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, 3))
    return X, np.stack([np.sin(X[:, 0]) + X[:, 1], X[:, 1] * X[:, 2]], axis=1)


def train(optimizer, net=NET, **options):
    given = {"epochs": 60, "batch_size": None, "seed": 1} | options
    return dr.train(net, *samples(), optimizer=optimizer, **given)


@each
def test_every_iteration_is_an_epoch_that_lowers_e(name):
    seen = []
    run = train(name, callbacks=lambda epoch: seen.append((epoch.epoch, epoch.lr, epoch.error)))
    errors = run.history["error"]
    assert (run.epochs, run.stopped, run.engine) == (60, "epochs", "reference")
    assert list(run.history) == ["error"]
    assert [s[0] for s in seen] == list(range(1, 61))
    assert {s[1] for s in seen} == {None}
    assert [s[2] for s in seen] == errors.tolist()
    first = dr.backprop(NET, NET.init(1), *samples()).error
    assert errors[0] == pytest.approx(first, rel=1e-14)
    assert np.all(np.diff(errors) <= 0.0)
    assert errors[-1] < 0.2 * errors[0]


@each
@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_it_ends_at_a_minimum(name, reduction):
    """A penalty makes the minimum a strict one: SciPy's BFGS from there does not leave it."""
    more = {"l2": 0.02, "sample_weight": np.linspace(0.0, 2.0, 20), "reduction": reduction}
    net = dr.Network(3, [dr.Dense(2, "tanh"), dr.Dense(2)])
    run = train(name, net, epochs=3000, **more)
    assert run.stopped in ("gradient", "no_descent")

    def both(theta):
        bp = dr.backprop(net, theta, *samples(), **more)
        return bp.error, bp.gradient

    E, g = both(run.theta)
    assert np.abs(g).max() < 1e-5
    further = scipy.optimize.minimize(both, run.theta, jac=True, method="BFGS", tol=1e-10)
    assert E - further.fun < 1e-8 * abs(E)
    np.testing.assert_allclose(run.theta, further.x, atol=1e-3)


@each
def test_any_loss_but_for_sums_of_squares(name):
    net = dr.Network(3, [dr.Dense(4, "tanh"), dr.Dense(2, "sigmoid")])
    X, T = samples()
    options = {"loss": "binary_cross_entropy", "epochs": 15, "batch_size": None}
    if OPTIMISERS[name].squares:
        with pytest.raises(dr.UsageError, match=r"sums of squares.*binary_cross_entropy is not"):
            dr.train(net, X, T > 0, optimizer=name, **options)
    else:
        errors = dr.train(net, X, T > 0, optimizer=name, **options).history["error"]
        assert errors[-1] < 0.3 * errors[0]


@each
def test_what_stays_stays_and_float32_stays_float32(name):
    net = dr.Network(3, [dr.Dense(4, "tanh", init="uniform:1", train_bias=False), dr.Dense(2)])
    run = train(name, net, epochs=10)
    before = net.unpack(net.init(1))[0]["b"]
    assert np.array_equal(net.unpack(run.theta)[0]["b"], before)
    assert before.any()
    single = train(name, epochs=10, dtype="float32")
    assert single.theta.dtype == np.float32
    assert single.history["error"][-1] < 0.6 * single.history["error"][0]


@each
def test_stopping_rules_validation_and_callbacks(name):
    held_out = samples(10, seed=5)
    run = train(name, validation=held_out, stop=dr.Patience(3), epochs=500)
    errors = run.history["validation_error"]
    assert run.best_epoch == np.argmin(errors) + 1
    assert dr.backprop(NET, run.theta, *held_out).error == pytest.approx(errors.min(), rel=1e-12)
    assert train(name, stop=dr.ErrorBelow(0.5)).stopped == "error_below"
    assert train(name, callbacks=lambda epoch: epoch.epoch == 2).epochs == 2
    nothing = train(name, epochs=0)
    assert (nothing.epochs, nothing.theta.tolist()) == (0, NET.init(1).tolist())


@each
def test_many_are_what_each_is_alone(name):
    many = dr.train_many(NET, *samples(), seeds=range(3), optimizer=name, epochs=5, batch_size=None)
    for i in range(3):
        alone = train(name, epochs=5, seed=i)
        np.testing.assert_allclose(many.theta[i], alone.theta, rtol=0, atol=1e-9)
        assert many.stopped[i] == alone.stopped


@each
def test_ctrl_c_keeps_what_is_done(name):
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    net = dr.Network(3, [dr.Dense(30, "tanh"), dr.Dense(30, "tanh"), dr.Dense(2)])
    X, T = samples(3000)
    timer.start()
    run = dr.train(net, X, np.cos(9.0 * T), optimizer=name, epochs=10**6, batch_size=None)
    timer.join()
    assert run.stopped == "interrupted"
    assert len(run.history["error"]) == run.epochs


def test_what_it_has_no_meaning_for_is_refused():
    for options, message in [
        ({"batch_size": 5}, r"lbfgs compares E at many theta.*batch_size=None;"),
        ({"clip_norm": 1.0}, r"lbfgs chooses the length.*leave out clip_norm"),
        ({"rule": "hidden=offset:0.1"}, r"lbfgs follows E's own gradient.*has to be exact"),
    ]:
        with pytest.raises(dr.UsageError, match=message):
            train("lbfgs", **options)
    with pytest.raises(dr.UsageError, match="lbfgs has no lr: leave it out"):
        dr.train_many(NET, *samples(), optimizer="lbfgs", lr=0.1, seeds=[0], batch_size=None)
    with pytest.raises(dr.UsageError, match="compiled_source needs an optimizer that updates"):
        NET.compiled_source(optimizer="lbfgs")
    with pytest.raises(dr.UsageError, match="unknown method of levenberg_marquardt 'choleski'"):
        LevenbergMarquardt(method="choleski")
    with pytest.raises(dr.UsageError, match="memory has to be at least 1"):
        dr.optim.LBFGS(memory=0)
    with pytest.warns(EngineWarning, match="reference engine does this job"):
        assert train("lbfgs", epochs=1, engine="compiled").engine == "reference"


def test_a_start_that_is_not_finite_names_the_place():
    X, T = samples()
    huge = NET.pack([(np.full((4, 3), 1e308), np.zeros(4)), (np.full((2, 4), 1e308), np.ones(2))])
    with pytest.raises(dr.NumericError, match=r"diverged at epoch 1.*net of layer") as caught:
        dr.train(NET, X, T, huge, optimizer="lbfgs", batch_size=None)
    assert np.array_equal(caught.value.run.theta, huge)


def test_a_matrix_too_large_is_refused():
    net = dr.Network(300, [dr.Dense(600, "tanh"), dr.Dense(1)])
    X, T = np.zeros((2, 300)), np.ones((2, 1))
    with pytest.raises(dr.ResourceError, match=r"181,201 x .*method='lsmr'"):
        dr.train(net, X, T, optimizer="levenberg_marquardt", batch_size=None, epochs=1)


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_levenberg_marquardt_is_hagan_and_menhaj_s(reduction):
    """Five iterations in NumPy, J by central differences of the errors."""
    X, T = samples()
    theta, mu = NET.init(1), 0.001
    for _ in range(5):
        e = (NET(theta, X) - T).ravel()
        steps = 1e-6 * np.eye(NET.size)
        J = np.stack([(NET(theta + d, X) - NET(theta - d, X)).ravel() for d in steps], 1) / 2e-6
        while True:
            step = np.linalg.solve(J.T @ J + mu * np.eye(NET.size), J.T @ e)
            if np.sum((NET(theta - step, X) - T) ** 2) < e @ e:
                break
            mu *= 10.0
        mu, theta = mu / 10.0, theta - step
    for method in ("cholesky", "lsmr"):
        run = train(LevenbergMarquardt(method=method), epochs=5, reduction=reduction)
        np.testing.assert_allclose(run.theta, theta, rtol=0, atol=1e-5)


def test_mu_and_tol_count_in_units_of_the_sum_of_squares():
    """So the way down is the same, whatever E divides by."""
    net = dr.Network(3, [dr.Dense(2, "tanh"), dr.Dense(2)])
    ways = [
        train(LevenbergMarquardt(tol=0.05), net, epochs=3000, reduction=reduction, loss=loss)
        for reduction in ("sum", "mean")
        for loss in ("half_squared_error", "squared_error")
    ]
    assert {(way.stopped, way.epochs) for way in ways} == {("gradient", ways[0].epochs)}
    for way in ways:
        np.testing.assert_allclose(way.theta, ways[0].theta, atol=1e-8)


def test_mu_at_its_limit_is_no_convergence():
    """Nothing lowers E where float32 has no digits left."""
    run = train(LevenbergMarquardt(tol=0.0, limit=1e6), epochs=2000, dtype="float32")
    assert run.stopped == "mu"
    assert "no convergence" in run.optimiser.ends["mu"]


SATURATED = dr.Network(3, [dr.Dense(2, "sigmoid")])
"""From y near 1 on towards T = 0, E bends downwards."""


@pytest.mark.parametrize("net", [NET, SATURATED])
def test_scaled_conjugate_gradients_are_moller_s(net):
    """His steps 1 to 9 in NumPy, the curvature by a difference of gradients."""
    X, T = samples()
    T = T if net is NET else np.zeros_like(T)

    def at(w):
        bp = dr.backprop(net, w, X, T)
        return bp.error, bp.gradient

    start, bent = net.init(1) + (0.0 if net is NET else 2.0), 0
    w = start
    E, g = at(w)
    r, p, lam, bar, success, k = -g, -g, 1e-6, 0.0, True, 1
    for _ in range(15):
        if success:
            sigma = 1e-6 / np.sqrt(p @ p)
            s = (at(w + sigma * p)[1] - at(w - sigma * p)[1]) / (2 * sigma)
            delta = p @ s
        delta = delta + (lam - bar) * (p @ p)
        if delta <= 0:
            bent += 1
            bar = 2 * (lam - delta / (p @ p))
            delta = -delta + lam * (p @ p)
            lam = bar
        mu = p @ r
        alpha = mu / delta
        E_new, g_new = at(w + alpha * p)
        comparison = 2 * delta * (E - E_new) / mu**2
        old = p
        if comparison >= 0:
            w, E, bar, success = w + alpha * p, E_new, 0.0, True
            beta = 0.0 if k % net.size == 0 else (g_new @ g_new + g_new @ r) / mu
            r = -g_new
            p = r + beta * p
            if comparison >= 0.75:
                lam /= 4
        else:
            bar, success = lam, False
        if comparison < 0.25:
            lam += delta * (1 - comparison) / (old @ old)
        k += 1
    options = {"optimizer": "scaled_conjugate_gradient", "epochs": 15, "batch_size": None}
    run = dr.train(net, X, T, start, **options)
    assert (bent > 0) == (net is SATURATED)
    np.testing.assert_allclose(run.theta, w, rtol=0, atol=1e-5)
