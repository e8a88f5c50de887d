"""Every fused pair: equal to its unfused form, and right where the unfused form is not."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
from numeric import assert_close
from samples import targets

from deltarule import Dense, Network
from deltarule.activations import ACTIVATIONS
from deltarule.core.namespace import NUMPY
from deltarule.losses import FUSED, LOSSES

each_pair = pytest.mark.parametrize(
    ("activation", "loss"),
    [(ACTIVATIONS.get(a), LOSSES.get(l)) for a, l in FUSED],
    ids=["-".join(pair) for pair in FUSED],
)
each_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def fused(activation, loss):
    return FUSED[activation.name, loss.name](NUMPY)


def unfused(activation, loss, net, T):
    """Return (sum of e, delta) by the loss's own e and de and the activation's own f and f'."""
    f, second = activation.body(NUMPY)
    y = f(net)
    dE_dy = loss.derivative(y, T)
    delta = second(y, dE_dy) if activation.rowwise else dE_dy * second(net, y)
    return loss(y, T).sum(axis=1), delta


@each_pair
def test_a_pair_equals_its_unfused_form(activation, loss, rng):
    e, delta = fused(activation, loss)
    net = 2.0 * rng.normal(size=(50, 3))
    T = targets(rng, loss, (50, 3))  # rows that do not sum to 1, too
    totals, deltas = unfused(activation, loss, net, T)
    assert_close(e(net, T).sum(axis=1), totals, 1e-14)
    # the unfused form divides by 1 - y, which has lost digits where y is near 1
    assert_close(delta(activation(net), T), deltas, 1e-13)


@each_pair
@each_dtype
def test_a_pair_is_accurate_at_1e4(activation, loss, dtype):
    """Saturated and wrong costs |net|, not infinity; against 50 digits."""
    e, delta = fused(activation, loss)
    big = [-1e4, -50.0, 0.0, 1e-3, 50.0, 1e4]
    if activation.name == "exp":
        big = big[:-1]  # e^1e4 is inf in every form
    net = np.array([[a, b] for a in big for b in big], dtype=dtype)
    for row in ([1.0, 0.0], [0.0, 1.0], [0.25, 0.75]):
        T = np.broadcast_to(np.array(row, dtype=dtype), net.shape)
        with np.errstate(over="raise", divide="raise", invalid="raise"):
            found, deltas = e(net, T).sum(axis=1), delta(activation(net), T)
        assert found.dtype == deltas.dtype == dtype
        assert np.all(np.isfinite(deltas))
        for v, E in zip(net, found, strict=True):
            exact = likelihood(activation.name, [mp.mpf(float(a)) for a in v], row)
            assert abs(mp.mpf(float(E)) - exact) <= 8 * np.finfo(dtype).eps * max(1, abs(exact))


def likelihood(name, net, T):
    """Return the negative log-likelihood of a row from its net: by the models' definitions."""
    if name == "sigmoid":  # log(1 + e^net) - T net
        return mp.fsum(mp.log1p(mp.exp(v)) - t * v for v, t in zip(net, T, strict=True))
    if name == "exp":
        return mp.fsum(mp.exp(v) - t * v for v, t in zip(net, T, strict=True))
    assert name == "softmax", "write out the new pair's likelihood here"
    # weighed by the largest power first: 50 digits do not hold e^1e4 + 1
    top = max(net)
    rest = mp.log(mp.fsum(mp.exp(v - top) for v in net))
    return mp.fsum(t * (top - v + rest) for v, t in zip(net, T, strict=True))


@each_pair
def test_a_network_uses_the_pair(engine, activation, loss):
    """Saturated and wrong: the unfused gradient is NaN or inf, the pair's is y - T."""
    if activation.name == "exp":
        return  # delta = y - T in both forms, finite in both
    net = Network(1, [Dense(2, activation)])
    theta = net.pack([([[1.0], [-1.0]], [0.0, 0.0])])
    found = engine.backprop(net, theta, [[1e4]], [[0.0, 1.0]], loss=loss, reduction="sum")
    expected = 2e4
    assert found.error == expected
    assert found.gradient.tolist() == [1e4, -1e4, 1.0, -1.0]
    if engine.transparent:
        assert found.deltas[1].tolist() == [[1.0, -1.0]]
        assert np.isinf(found.dE_dy[1]).any()


def test_poisson_at_a_count_of_zero_and_a_very_small_rate(engine):
    net = Network(1, [Dense(1, "exp")])
    theta = net.pack([([[1.0]], [0.0])])
    found = engine.backprop(net, theta, [[-1e4]], [[2.0]], loss="poisson", reduction="sum")
    assert found.error == 2e4  # e^net - T net
    assert found.gradient.tolist() == [2e4, -2.0]


def test_soft_targets_that_do_not_sum_to_1(engine):
    """delta = y sum_i T_i - T: y - T would be wrong here."""
    net = Network(1, [Dense(2, "softmax")])
    theta = net.pack([([[0.0], [0.0]], [0.0, 0.0])])
    T = [[0.5, 1.5]]
    found = engine.backprop(net, theta, [[1.0]], T, loss="cross_entropy", reduction="sum")
    delta = [0.5 * 2.0 - 0.5, 0.5 * 2.0 - 1.5]
    assert_close(found.gradient, [*delta, *delta], 1e-15)
    assert found.error == pytest.approx(2.0 * np.log(2.0), rel=1e-15)
