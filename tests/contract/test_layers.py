"""Every layer: forward, back and dE/dw are adjoint to one another; Dense against loops."""

from __future__ import annotations

import numpy as np
import pytest
from numeric import assert_close

from deltarule import Dense, UsageError
from deltarule.activations import LeakyReLU
from deltarule.core.layout import Parameter
from deltarule.core.namespace import NUMPY
from deltarule.layers import INITIALISERS, LAYERS

INPUTS, N = 3, 5
EXAMPLES = {
    "dense": [Dense(4), Dense(2, bias=False), Dense(1, "tanh", train_bias=False), Dense(6, "relu")],
}
"""Examples of every layer type, for 3 inputs; a new type needs its line here."""
CASES = [layer for examples in EXAMPLES.values() for layer in examples]
each = pytest.mark.parametrize("layer", CASES, ids=repr)
each_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def parts(layer, rng, dtype=np.float64):
    """Return parameters, inputs and deltas of a layer."""
    p = {q.name: rng.normal(size=q.shape).astype(dtype) for q in layer.parameters(INPUTS)}
    y = rng.normal(size=(N, INPUTS)).astype(dtype)
    return p, y, rng.normal(size=(N, layer.outputs(INPUTS))).astype(dtype)


def test_every_layer_type_has_examples():
    assert set(EXAMPLES) == set(LAYERS.names())


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
        assert found[name].shape == value.shape
        for index in np.ndindex(value.shape):
            step = np.zeros_like(value)
            step[index] = 1.0
            moved = layer.net({**p, name: value + step}, y) - layer.net(p, y)
            assert abs(np.sum(delta * moved) - found[name][index]) <= 1e-12


@each
@each_dtype
def test_dtype_is_kept(layer, dtype, rng):
    p, y, delta = parts(layer, rng, dtype)
    found = [layer.net(p, y), layer.back(p, delta), *layer.gradient(p, delta, y, NUMPY).values()]
    assert {a.dtype for a in found} == {np.dtype(dtype)}
    assert found[0].shape == (N, layer.outputs(INPUTS))


@each
def test_samples_are_independent(layer, rng):
    """Each row of net and of dE/dy is its own; dE/dw is the sum over the rows."""
    p, y, delta = parts(layer, rng)
    rows = [slice(i, i + 1) for i in range(N)]
    for i, row in enumerate(rows):
        assert_close(layer.net(p, y)[i], layer.net(p, y[row])[0], 1e-14)
        assert_close(layer.back(p, delta)[i], layer.back(p, delta[row])[0], 1e-14)
    whole = layer.gradient(p, delta, y, NUMPY)
    for name in p:
        each_row = [layer.gradient(p, delta[row], y[row], NUMPY)[name] for row in rows]
        assert_close(np.sum(each_row, axis=0), whole[name], 1e-14)


@each
def test_initial_parameters_have_the_declared_shapes(layer):
    parameters = layer.parameters(INPUTS)
    rngs = [np.random.default_rng(k) for k in range(len(parameters))]
    found = layer.initial(INPUTS, INITIALISERS.get("uniform:1"), rngs)
    assert {name: a.shape for name, a in found.items()} == {q.name: q.shape for q in parameters}
    assert all(a.any() for a in found.values())


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
    assert Dense(4).parameters(3) == (W, b)
    assert Dense(4, bias=False).parameters(3) == (W,)
    kept = Parameter("b", (4,), penalised=False, trained=False)
    assert Dense(4, train_bias=False).parameters(3) == (W, kept)
    assert Dense(4).outputs(3) == 4


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
