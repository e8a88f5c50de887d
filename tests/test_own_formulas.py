"""Activations, losses and optimisers of somebody's own: checked when made, and traced."""

from __future__ import annotations

import numpy as np
import pytest

import deltarule as dr


def softsign2(net):
    return net / (1.0 + np.abs(net))


def slope(net, y):
    return (1.0 - np.abs(y)) ** 2


def momentum(theta, g, lr, t, penalised, v):
    v = 0.9 * v - lr * g
    return theta + v, v


MINE = dr.activations.Custom(softsign2, slope, range=(-1.0, 1.0), kinks=(0.0,))
RNG = np.random.default_rng(1)
X, T = RNG.normal(size=(23, 3)), RNG.normal(size=(23, 2))


@pytest.mark.parametrize("engine", ["reference", "compiled"])
@pytest.mark.parametrize("batch_size", [1, 5, 23])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_what_is_ours_written_by_hand_is_the_same_training(engine, batch_size, dtype):
    loss = dr.losses.Custom(lambda y, T: 0.5 * (y - T) ** 2, lambda y, T: y - T, "mine")
    optimizer = dr.optim.Custom(momentum, "mine", slots=("v",), lr=0.1)
    options = {"epochs": 3, "batch_size": batch_size, "engine": engine, "dtype": dtype}
    net = dr.Network(3, [dr.Dense(4, MINE), dr.Dense(2)])
    run = dr.train(net, X, T, theta=net.init(0), loss=loss, optimizer=optimizer, **options)
    same = dr.Network(3, [dr.Dense(4, "softsign"), dr.Dense(2)])
    ours = dr.train(same, X, T, theta=net.init(0), optimizer="momentum", **options)
    assert (run.engine, run.theta.dtype) == (engine, ours.theta.dtype)
    bound = 1e-12 if dtype == "float64" else 1e-4
    assert np.abs(run.theta - ours.theta).max() < bound
    assert np.allclose(run.history["error"], ours.history["error"], rtol=1e-4)


def test_its_gradient_is_checked_like_ours():
    net = dr.Network(3, [dr.Dense(4, MINE), dr.Dense(2)])
    loss = dr.losses.Custom(lambda y, T: (y - T) ** 4, lambda y, T: 4 * (y - T) ** 3, "fourth")
    assert dr.check_gradient(net, net.init(0), X, T, loss=loss).passed


RANGES = [(-np.inf, np.inf), (0.0, 1.0), (0.0, np.inf), (-np.inf, 0.0), (5.0, np.inf),
          (-np.inf, -5.0), (2.0, 3.0)]  # fmt: skip


@pytest.mark.parametrize(("low", "high"), RANGES)
def test_a_loss_is_looked_at_inside_its_ranges_alone(low, high):
    """At two targets and at four outputs, y on both sides of T and, where both are there, of 0."""
    loss = dr.losses.Custom(lambda y, T: (y - T) ** 2, lambda y, T: 2 * (y - T), "l",
                            output_range=(low, high), target_range=(low, high))  # fmt: skip
    y, T = np.array(loss.probes).T
    assert len(set(loss.probes)) == 8
    assert len(set(T)) == 2
    assert all(low < number < high for number in (*y, *T))
    assert {*np.sign(y[:4] - T[0])} == {*np.sign(y[4:] - T[4])} == {-1.0, 1.0}
    if low < 0.0 < high:
        assert y.min() < 0.0 < y.max()


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: dr.activations.Custom(np.tanh, lambda net: 1.0 - net**2),
         "cannot be called 'tanh'"),
        (lambda: dr.activations.Custom(np.tanh, lambda net, y: 1.0 - net * y, "t"),
         r"t: the derivative is wrong at net = -6: it is given as -4.99993, and differences of the "
         r"function say 2.4\d*e-05. check=False keeps it"),
        (lambda: dr.activations.Custom(lambda net: np.ones(3), np.cos, "t"),
         r"activation t: f returned the shape \(3,\) for an array of the shape \(8,\)"),
        (lambda: dr.activations.Custom(lambda net: "much", np.cos, "t"), "is no number"),
        (lambda: dr.activations.Custom(lambda net: 1 / 0, np.cos, "t"), "t: f: ZeroDivisionError"),
        (lambda: dr.activations.Custom(lambda net: max(net, 0), np.cos, "t"), "np.maximum do what"),
        (lambda: dr.activations.Custom(lambda net: net - np.mean(net), np.cos, "t"),
         "the function of several numbers at once is not that of each"),
        (lambda: dr.losses.Custom(lambda y, T: ((y - T) ** 2).sum(), lambda y, T: 2 * (y - T), "l"),
         "asked entry by entry, so leave out sums and means"),
        (lambda: dr.activations.Custom(lambda a, b: a, np.cos, "t"), r"called with \(net\), and"),
        (lambda: dr.activations.Custom(0.5, np.cos, "t"), r"is a function of \(net\), not 0.5"),
        (lambda: dr.activations.Custom(np.log, lambda net: 1 / net, "t"), "say nan"),
        (lambda: dr.activations.Custom(np.sin, np.cos, "my sine"), "'my sine' is no name"),
        (lambda: dr.losses.Custom(lambda y, T: (y - T) ** 2, lambda y, T: y - T, "l"),
         r"loss l, T = \S+: the derivative is wrong at y = \S+: it is given as \S+, and"),
        (lambda: dr.losses.Custom(lambda y, T: (y - T) ** 2, lambda y, T: y - T, "huber"),
         "cannot be called 'huber'"),
        (lambda: dr.optim.Custom(lambda theta, g, lr, t, p: (theta, g), "o"),
         "returned 2 values; theta and its 0 slots are 1"),
        (lambda: dr.optim.Custom(lambda theta, g, lr, t, p: theta - np.mean(g), "o"),
         "not elementwise"),
        (lambda: dr.optim.Custom(lambda theta, g: theta, "o"), r"with \(theta, g, lr, t, pen"),
        (lambda: dr.optim.Custom(momentum, "o"), r"with \(theta, g, lr, t, penalised\), and takes"),
        (lambda: dr.optim.Custom(lambda theta, g, lr, t, p: theta[:2], "o"), r"the shape \(2,\)"),
        (lambda: dr.optim.Custom(momentum, "adam", slots=("v",)), "cannot be called 'adam'"),
        (lambda: dr.optim.Custom(momentum, "o", slots=("v",), lr=-1), "lr has to be a number >= 0"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_when_it_is_made(make, says):
    with pytest.raises(dr.UsageError, match=says):
        make()


def test_check_false_keeps_a_wrong_derivative():
    wrong = dr.activations.Custom(np.sin, lambda net: net, "wrong", check=False)
    net = dr.Network(3, [dr.Dense(2, wrong), dr.Dense(2)])
    assert not dr.check_gradient(net, net.init(0), X, T).passed
    assert repr(net.layers[0]) == "Dense(2, Custom(wrong))"


def test_what_cannot_be_traced_is_done_by_the_reference_engine():
    bent = dr.activations.Custom(
        lambda net: np.interp(net, [-2.0, 2.0], [-1.0, 1.0]),
        lambda net: np.where(np.abs(net) < 2.0, 0.5, 0.0),
        "bent",
        kinks=(-2.0, 2.0),
    )
    net = dr.Network(3, [dr.Dense(2, bent), dr.Dense(2)])
    with pytest.warns(UserWarning, match="the reference engine does this job, since"):
        dr.train(net, X, T, engine="compiled", epochs=1)


def test_no_differences_are_taken_at_a_kink():
    parts = (lambda net: np.maximum(net, 0.0), lambda net: np.where(net > 0.0, 1.0, 0.0), "bend")
    assert dr.activations.Custom(*parts, kinks=(0.0,), probes=(-1.0, 0.0, 1.0)).name == "bend"
    with pytest.raises(dr.UsageError, match="wrong at net = 0"):
        dr.activations.Custom(*parts, probes=(-1.0, 0.0, 1.0))
