"""Every layer keeps the protocol: shapes, the chain rule through it, files, errors, training."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest
from numeric import assert_close
from own_layers import EXAMPLES as OWN
from own_layers import Scale, enrolled

import deltarule as dr
from deltarule import (
    GRU,
    LSTM,
    Conv1d,
    Dense,
    EachStep,
    Elman,
    Flatten,
    Jordan,
    Last,
    Network,
    Steps,
    UsageError,
)
from deltarule.core.namespace import NUMPY
from deltarule.engine.choice import EngineWarning
from deltarule.layers import INITIALISERS, LAYERS, Affine, Layer
from deltarule.rules import DeltaRule

N, STEP = 5, 1e-30
OURS = {
    "dense": [
        ((3,), Dense(4)),
        ((3,), Dense(2, bias=False)),
        ((1,), Dense(1, "tanh", train_bias=False)),
        ((3,), Dense(6, "sigmoid")),
        ((3,), Dense(4, "softmax")),
    ],
    "conv1d": [
        ((5, 2), Conv1d(3, 2, activation="tanh")),
        ((4, 3), Conv1d(3, 3, dilation=2, bias=False)),
        ((3, 1), Conv1d(1, 5, activation="sigmoid")),
    ],
    "each_step": [((3, 2), EachStep(Dense(2, "tanh"))), ((2, 3), EachStep(Dense(4, "softmax")))],
    "last": [((4, 3), Last())],
    "flatten": [((4, 3), Flatten()), ((3,), Flatten())],
    "steps": [((6,), Steps(2)), ((4,), Steps(latest_first=True))],
    "elman": [((4, 2), Elman(3)), ((1, 1), Elman(1, "sigmoid")), ((6, 2), Elman(2, "softplus"))],
    "gru": [((4, 2), GRU(3)), ((5, 3), GRU(3, "softsign", "tanh"))],
    "lstm": [((4, 2), LSTM(3)), ((5, 3), LSTM(3, "sin", forget_bias=-0.5))],
    "jordan": [((4, 2), Jordan(3)), ((5, 2), Jordan(2, 2, "sigmoid", "tanh"))],
}
"""Input shapes with examples of every layer type of ours; a new type needs its line here."""
CASES = [case for examples in (OURS | OWN).values() for case in examples]
each = pytest.mark.parametrize(("inputs", "layer"), CASES, ids=repr)
each_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])
RULE = DeltaRule().at(1, 1)


@pytest.fixture(autouse=True)
def _own_layers():
    with enrolled():
        yield


def parts(inputs, layer, rng, dtype=np.float64):
    """Return parameters, inputs and dE/dy of a layer."""
    p = {q.name: rng.normal(size=q.shape).astype(dtype) for q in layer.parameters(inputs)}
    y = rng.normal(size=(N, *inputs)).astype(dtype)
    return p, y, rng.normal(size=(N, *layer.outputs(inputs))).astype(dtype)


def pulled(layer, p, y, dE_dy):
    """Return dE/dy_{l-1} and the gradients."""
    _, saved = layer.forward(p, y, NUMPY)
    return layer.backward(p, dE_dy, saved, RULE, NUMPY)


def test_every_layer_type_of_ours_has_examples():
    assert set(OURS) == set(LAYERS.names()) - set(OWN)


@each
def test_what_comes_out_has_the_declared_shape(inputs, layer, rng):
    p, y, dE_dy = parts(inputs, layer, rng)
    found, saved = layer.forward(p, y, NUMPY)
    below, gradient = layer.backward(p, dE_dy, saved, RULE, NUMPY)
    assert found.shape == dE_dy.shape
    assert below.shape == y.shape
    assert {name: g.shape for name, g in gradient.items()} == {k: v.shape for k, v in p.items()}
    assert saved._fields


@each
def test_backward_is_the_chain_rule_through_forward(inputs, layer, rng):
    """d/dz sum(dE_dy * forward(p, y)), by complex steps in every number z of y and of p."""
    p, y, dE_dy = parts(inputs, layer, rng)
    below, gradient = pulled(layer, p, y, dE_dy)
    where = [("y", y, below), *((name, p[name], g) for name, g in gradient.items())]
    for name, value, found in where:
        for index in np.ndindex(value.shape):
            moved = value.astype(complex)
            moved[index] += 1j * STEP
            out = layer.forward({**p, name: moved}, y, NUMPY) if name in p else None
            out = out or layer.forward(p, moved, NUMPY)
            slope = np.sum(dE_dy * out[0]).imag / STEP
            assert abs(slope - found[index]) <= 1e-13 * (1 + np.abs(dE_dy).sum()), (name, index)


@each
@each_dtype
def test_dtype_is_kept(inputs, layer, dtype, rng):
    p, y, dE_dy = parts(inputs, layer, rng, dtype)
    below, gradient = pulled(layer, p, y, dE_dy)
    found = [layer.forward(p, y, NUMPY)[0], below, *gradient.values()]
    assert {a.dtype for a in found} == {np.dtype(dtype)}


@each
def test_samples_are_independent(inputs, layer, rng):
    """Each row of y and of dE/dy is its own; dE/dw is the sum over the rows."""
    p, y, dE_dy = parts(inputs, layer, rng)
    below, gradient = pulled(layer, p, y, dE_dy)
    alone = [pulled(layer, p, y[i : i + 1], dE_dy[i : i + 1]) for i in range(N)]
    for i in range(N):
        assert_close(
            layer.forward(p, y, NUMPY)[0][i], layer.forward(p, y[i : i + 1], NUMPY)[0][0], 1e-14
        )
        assert_close(below[i], alone[i][0][0], 1e-14)
    for name, g in gradient.items():
        assert_close(np.sum([found[1][name] for found in alone], axis=0), g, 1e-13)


@each
def test_initial_parameters_have_the_declared_shapes(inputs, layer):
    parameters = layer.parameters(inputs)
    rngs = [np.random.default_rng(k) for k in range(len(parameters))]
    found = layer.initial(inputs, INITIALISERS.get("uniform:1"), rngs)
    assert {name: a.shape for name, a in found.items()} == {q.name: q.shape for q in parameters}
    assert all(a.any() for a in found.values())


def network(inputs, layer):
    """Return a network of two of the layers (where they fit) and, over vectors, a dense one."""
    layers = [layer]
    if not layer.rowwise and layer.outputs(inputs) == inputs:
        layers.append(layer)
    if not layer.rowwise and len(layer.outputs(inputs)) == 1:
        layers.append(Dense(2, "tanh"))
    if layer.name == "steps":
        layers.append(EachStep(Dense(2, "tanh")))
    return Network(inputs, layers)


def samples(net, rng):
    X, T = (rng.normal(size=(N, *shape)) for shape in (net.shapes[0], net.shapes[-1]))
    return X, T


@each
def test_a_network_of_it_has_the_gradient_of_E(inputs, layer, rng):
    net = network(inputs, layer)
    X, T = samples(net, rng)
    weight = rng.uniform(0.5, 2.0, N)
    check = dr.check_gradient(net, net.init(seed=1), X, T, l2=0.1, sample_weight=weight)
    assert check.passed, check
    assert check.method == "complex"
    lines = dr.check_gradient(net, net.init(seed=1), X, T, directions=5)
    assert lines.passed, lines


@each
def test_a_network_of_it_is_written_and_read(inputs, layer, rng):
    net = network(inputs, layer)
    again = Network.from_dict(json.loads(json.dumps(net.to_dict())))
    X, _ = samples(net, rng)
    assert again == net
    assert hash(again) == hash(net)
    assert again.shapes == net.shapes
    assert np.array_equal(again(net.init(seed=3), X), net(net.init(seed=3), X))
    assert repr(again) == repr(net)
    assert layer.name in net._repr_html_()


@each
def test_theta_is_drawn_packed_and_named(inputs, layer):
    net = network(inputs, layer)
    theta = net.init(seed=2)
    assert np.array_equal(net.init_many([1, 2]), [net.init(seed=1), theta])
    assert np.array_equal(net.pack(net.unpack(theta)), theta)
    assert len({net.layout.where(i) for i in range(net.size)}) == net.size


@each
@pytest.mark.parametrize("engine", ["reference", "compiled"])
def test_a_network_of_it_is_trained_and_what_cannot_be_compiled_is_said(inputs, layer, engine, rng):
    net = network(inputs, layer)
    X, T = samples(net, rng)
    T = np.abs(T) / np.abs(T).sum(axis=1, keepdims=True)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        run = dr.train(net, X, T, optimizer="adam", epochs=60, engine=engine, validation=(X, T))
    kinds = set(OURS)
    compiled = all(one.name in kinds for one in net.layers)
    assert run.history["error"][-1] < run.history["error"][0]
    assert run.engine == (engine if compiled else "reference")
    told = [w for w in said if w.category is EngineWarning]
    assert len(told) == (engine == "compiled" and not compiled)
    assert all(f"the layer {type(layer).__name__} has no compiled form" in str(w.message)
               for w in told)  # fmt: skip


@each
def test_what_needs_deltas_says_which_layer_has_none(inputs, layer, rng):
    net = network(inputs, layer)
    X, T = samples(net, rng)
    theta, kinds = net.init(seed=0), {type(one) for one in net.layers}
    if kinds == {Dense}:
        assert len(net.affine) == len(net.layers)
        return
    found = dr.backprop(net, theta, X, T)
    own = layer.name in OWN and layer.name != "scale"
    if own or not layer.parameters(inputs):
        said = "this works for" if own else "there is no weight"
        with pytest.raises(UsageError, match=said):
            dr.explain(net, theta, X, T, net.layout.where(0) if own else (1, 1, 1))
    if own or layer.name == "scale":
        with pytest.raises(UsageError, match="diagnose knows the mistakes of dense, recurrent"):
            dr.diagnose(found.gradient, net, theta, X, T)
    else:
        assert dr.diagnose(found.gradient, net, theta, X, T).verdict == "correct"
    calls = []
    if all(issubclass(kind, Affine) for kind in kinds):
        assert found.deltas[1].shape == found.nets[1].shape
        assert len(net.affine) == len(net.layers)
    else:
        assert found.nets[1] is None or layer.name == "residual"
        assert found.deltas[1] is None
        assert found.saved[1]._fields
        calls += [
            lambda: net.affine,
            lambda: dr.saturation(net, theta, X),
            lambda: dr.backprop(net, theta, X, T, rule="sequential", lr=0.1),
        ]
    for call in calls:
        with pytest.raises(UsageError, match=f"layer 1 is of the type {layer.name}; this works"):
            call()


@each
def test_rows_and_targets_of_another_shape_are_refused(inputs, layer, rng):
    net = network(inputs, layer)
    X, T = samples(net, rng)
    theta = net.init(seed=0)
    with pytest.raises(UsageError, match="X has the shape"):
        net(theta, np.concatenate([X, X], axis=-1))
    with pytest.raises(UsageError, match="T has the shape"):
        dr.backprop(net, theta, X, np.concatenate([T, T], axis=-1))
    X[2] = np.nan
    with pytest.raises(dr.DataError, match=r"X has .* in row 3"):
        dr.backprop(net, theta, X, T)


@each
def test_a_layer_that_cannot_take_a_shape_names_both_layers_and_the_shape(inputs, layer):
    strange = (2, 2, 2)
    if isinstance(layer, Flatten):
        assert layer.outputs(strange) == (8,)
        return
    if isinstance(layer, Scale):
        assert layer.outputs(strange) == strange
        return
    with pytest.raises(UsageError, match=rf"layer 1 \({layer.name}\) comes after the input, which"):
        Network(strange, [layer])
    said = rf"layer 2 \({layer.name}\) comes after layer 1 \(scale\), which gives samples of the "
    with pytest.raises(UsageError, match=said + r"shape \(2, 2, 2\): a "):
        Network(strange, [Scale(), layer])


def test_a_recurrent_layer_over_the_layers_of_a_network(rng):
    """(time, features) in, a vector out: the network knows the shape between."""
    net = Network((4, 2), [Scale(), OWN["recurrent"][0][1], Dense(1, "sigmoid")])
    assert net.shapes == ((4, 2), (4, 2), (3,), (1,))
    assert net.sizes == (8, 8, 3, 1)
    assert "4 x 2 inputs" in repr(net)
    X, T = rng.normal(size=(6, 4, 2)), rng.uniform(size=6)
    check = dr.check_gradient(net, net.init(seed=0), X, T, "binary_cross_entropy")
    assert check.passed, check


def test_no_layer_can_be_made_of_the_protocol_alone():
    with pytest.raises(TypeError, match="abstract"):
        Layer()
