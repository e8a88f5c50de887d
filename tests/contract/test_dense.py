"""The dense layer and what affine layers share: adjoints, feedback, the equations by loops."""

from __future__ import annotations

import numpy as np
import pytest
from numeric import assert_close

from deltarule import Dense, UsageError
from deltarule.activations import LeakyReLU
from deltarule.core.layout import Parameter
from deltarule.core.namespace import NUMPY
from deltarule.rules import DeltaRule

INPUTS, N = 3, 5
CASES = [Dense(4), Dense(2, bias=False), Dense(1, "tanh", train_bias=False), Dense(6, "relu")]
each = pytest.mark.parametrize("layer", CASES, ids=repr)


def parts(layer, rng):
    """Return parameters, inputs and deltas of a layer."""
    p = {q.name: rng.normal(size=q.shape) for q in layer.parameters((INPUTS,))}
    return p, rng.normal(size=(N, INPUTS)), rng.normal(size=(N, layer.units))


@each
def test_back_is_the_adjoint_of_net(layer, rng):
    """<delta, net(y + dy) - net(y)> = <back(delta), dy> for every dy: net is linear in y."""
    p, y, delta = parts(layer, rng)
    back = layer.back(p, delta)
    assert back.shape == y.shape
    for i in range(INPUTS):
        dy = np.zeros_like(y)
        dy[1, i] = 1.0
        moved = np.sum(delta * (layer.net(p, y + dy) - layer.net(p, y)))
        assert abs(moved - back[1, i]) <= 1e-13 * np.abs(delta).sum()


@each
def test_gradient_is_the_adjoint_of_net_in_the_parameters(layer, rng):
    p, y, delta = parts(layer, rng)
    found = layer.gradient(p, delta, y, NUMPY)
    assert set(found) == set(p)
    for name, value in p.items():
        for index in np.ndindex(value.shape):
            step = np.zeros_like(value)
            step[index] = 1.0
            moved = layer.net({**p, name: value + step}, y) - layer.net(p, y)
            assert abs(np.sum(delta * moved) - found[name][index]) <= 1e-12


@each
def test_backward_is_delta_then_back_and_gradient(layer, rng):
    """delta = dE/dy f'(net), dE/dy_{l-1} = delta W, with what the rule has for f' and W."""
    p, y, dE_dy = parts(layer, rng)
    rule = DeltaRule().at(1, 1)
    out, saved = layer.forward(p, y, NUMPY)
    f, df = layer.activation.body(NUMPY)
    assert np.array_equal(out, f(layer.net(p, y)))
    delta = dE_dy * df(saved.net, saved.output)
    below, gradient = layer.backward(p, dE_dy, saved, rule, NUMPY)
    assert np.array_equal(layer.delta(dE_dy, saved, rule, NUMPY), delta)
    assert np.array_equal(below, layer.back(p, delta))
    assert np.array_equal(gradient["W"], delta.T @ y)


@each
def test_feedback_replaces_W_and_nothing_else(layer, rng):
    p, _, delta = parts(layer, rng)
    before = {name: a.copy() for name, a in p.items()}
    found = layer.feedback(p, lambda W: 2.0 * W)
    assert_close(layer.back(found, delta), 2.0 * layer.back(p, delta), 1e-15)
    assert set(found) == set(p)
    for name in set(p) - {"W"}:
        assert found[name] is p[name]
    assert all(np.array_equal(p[name], before[name]) for name in p)


@pytest.mark.parametrize("bias", [True, False])
def test_dense_against_loops(bias):
    """net_ij = sum_k y_ik w_jk + b_j, written out; w_jk leads INTO node j FROM node k."""
    W = np.array([[1.0, 2.0, 3.0], [-4.0, 5.0, -6.0]])
    b = np.array([0.5, -0.25])
    y = np.array([[1.0, 0.0, -1.0], [2.0, 2.0, 1.0], [0.0, 3.0, 1.0], [1.0, 1.0, 1.0]])
    delta = np.array([[1.0, -1.0], [0.5, 2.0], [0.0, 1.0], [-2.0, 0.25]])
    layer, p = Dense(2, bias=bias), {"W": W, "b": b} if bias else {"W": W}
    net, back, dE_dW, dE_db = np.zeros((4, 2)), np.zeros((4, 3)), np.zeros((2, 3)), np.zeros(2)
    for i in range(4):
        for j in range(2):
            net[i, j] = b[j] if bias else 0.0
            dE_db[j] += delta[i, j]
            for k in range(3):
                net[i, j] += y[i, k] * W[j, k]
                back[i, k] += delta[i, j] * W[j, k]
                dE_dW[j, k] += delta[i, j] * y[i, k]
    found = layer.gradient(p, delta, y, NUMPY)
    assert np.array_equal(layer.net(p, y), net)
    assert np.array_equal(layer.back(p, delta), back)
    assert np.array_equal(found["W"], dE_dW)
    assert np.array_equal(found["b"], dE_db) if bias else "b" not in found


def test_dense_s_parameters():
    W = Parameter("W", (4, 3), penalised=True, trained=True)
    b = Parameter("b", (4,), penalised=False, trained=True)
    assert Dense(4).parameters((3,)) == (W, b)
    assert Dense(4, bias=False).parameters((3,)) == (W,)
    kept = Parameter("b", (4,), penalised=False, trained=False)
    assert Dense(4, train_bias=False).parameters((3,)) == (W, kept)
    assert Dense(4).outputs((3,)) == (4,)


@pytest.mark.parametrize("units", [0, -1, 2.0, True, "3", None])
def test_dense_refuses_a_senseless_number_of_units(units):
    with pytest.raises(UsageError, match=f"units is a whole number of at least 1, not {units!r}"):
        Dense(units)


def test_dense_takes_numpy_s_integers():
    assert Dense(np.int64(3)) == Dense(3)
    assert type(Dense(np.int64(3)).units) is int


def test_dense_refuses_unknown_names():
    with pytest.raises(UsageError, match="unknown activation 'sigmod', did you mean 'sigmoid'"):
        Dense(3, "sigmod")
    with pytest.raises(UsageError, match="unknown initialiser 'glorot', did you mean 'glorot_"):
        Dense(3, init="glorot")


def test_dense_repr_says_what_differs_and_can_be_read_back():
    layers = [
        (Dense(3), "Dense(3, 'identity')"),
        (Dense(3, "tanh", bias=False), "Dense(3, 'tanh', bias=False)"),
        (Dense(2, train_bias=False), "Dense(2, 'identity', train_bias=False)"),
        (Dense(2, LeakyReLU(0.5)), "Dense(2, LeakyReLU(slope=0.5))"),
        (Dense(2, init="uniform:1"), "Dense(2, 'identity', init=Uniform(r=1.0))"),
    ]
    for layer, text in layers:
        assert repr(layer) == text
