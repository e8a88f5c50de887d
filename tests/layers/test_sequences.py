"""Sequences of different lengths: what is behind an end is nobody's business."""

from __future__ import annotations

import numpy as np
import pytest
from numeric import assert_close

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
    Sequences,
    UsageError,
)
from deltarule.core.namespace import NUMPY
from deltarule.rules import DeltaRule

LENGTHS = [3, 5, 1, 2]
LAYERS = [Elman(3), GRU(3), LSTM(3), Jordan(3, 2), Conv1d(3, 2, activation="tanh")]
each_layer = pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.name)
ENDS = [(Last(), Dense(2, "sigmoid")), (EachStep(Dense(2, "sigmoid")),)]
each_end = pytest.mark.parametrize("end", ENDS, ids=["one", "each"])


def problem(layer, end, rng):
    """Return a network, sequences, and targets as lists of arrays."""
    net = dr.Network((5, 2), [layer, *end])
    X = [rng.normal(size=(length, 2)) for length in LENGTHS]
    steps = (1,) if len(end) == 1 else ()
    T = [rng.uniform(size=(length, 2)) if steps else rng.uniform(size=2) for length in LENGTHS]
    return net, X, T


def together(T):
    return Sequences(T) if T[0].ndim == 2 else np.stack(T)


@each_layer
@each_end
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_padded_is_the_same_as_every_sequence_by_itself(layer, end, weighted, reduction, rng):
    net, X, T = problem(layer, end, rng)
    theta, weight = net.init(0), rng.uniform(0.5, 2.0, 4) if weighted else None
    options = {"loss": "binary_cross_entropy", "reduction": reduction}
    found = dr.backprop(net, theta, Sequences(X), together(T), sample_weight=weight, **options)
    E, gradient, s = 0.0, 0.0, np.ones(4) if weight is None else weight
    for x, t, w in zip(X, T, s, strict=True):
        alone = dr.Network(x.shape, net.layers)
        own = dr.backprop(alone, theta, x[None], t[None], options["loss"], "sum")
        y = net(theta, Sequences([x]))[0]
        assert np.array_equal(y[: len(x)] if t.ndim == 2 else y, alone(theta, x[None])[0])
        E, gradient = E + w * own.error, gradient + w * own.gradient
    c = 1.0 / s.sum() if reduction == "mean" else 1.0
    assert abs(found.error - c * E) <= 1e-13 * abs(E)
    assert_close(found.gradient, c * gradient, 1e-13)


@each_layer
@each_end
def test_what_is_behind_the_end_changes_nothing(layer, end, rng):
    net, X, T = problem(layer, end, rng)
    values = Sequences(X).values.copy()
    values[~Sequences(X).mask] = np.nan
    one = dr.backprop(net, net.init(0), Sequences(X), together(T))
    other = dr.backprop(net, net.init(0), Sequences(values, LENGTHS), together(T))
    assert np.array_equal(one.gradient, other.gradient)


@each_end
def test_sequences_are_checked_trained_and_measured(end, rng):
    net, X, T = problem(GRU(3), end, rng)
    both = Sequences(X), together(T)
    check = dr.check_gradient(net, net.init(0), *both, sample_weight=[1.0, 2.0, 0.5, 1.0], l2=0.1)
    assert check.passed, check
    run = dr.train(net, *both, epochs=5, batch_size=3, validation=both, loss="binary_cross_entropy")
    assert run.history["validation_error"][-1] < run.history["validation_error"][0]
    again = dr.backprop(net, run.theta, *both, loss="binary_cross_entropy")
    assert run.history["validation_error"][-1] == pytest.approx(again.error, rel=1e-13)
    for method in ("levenberg_marquardt", "gauss_newton"):
        run = dr.train(net, *both, epochs=3, batch_size=None, optimizer=method, shuffle=False)
        assert run.history["error"][-1] < run.history["error"][0]


def test_all_within_looks_at_no_step_behind_an_end(rng):
    """Outputs equal their targets up to every end, and would be far off behind it."""
    net = dr.Network((5, 1), [Elman(1, "identity")])
    theta = net.pack([([[1.0]], [[1.0]], [0.0])])
    X = Sequences([rng.normal(size=(length, 1)) for length in LENGTHS])
    T = Sequences([np.cumsum(x[:n], axis=0) for x, n in zip(X.values, LENGTHS, strict=True)])
    run = dr.train(net, X, T, theta=theta, epochs=5, stop=dr.AllWithin(1e-9))
    assert run.epochs == 1


def test_sequences_of_one_length_are_an_array(rng):
    X = rng.normal(size=(4, 5, 2))
    found = Sequences(X)
    assert np.array_equal(found.values, X)
    assert found.lengths.tolist() == [5] * 4
    assert repr(found) == "Sequences(4 of 5 to 5 steps, 2 features)"
    assert found[1:3].shape == (2, 5, 2)


X3 = np.zeros((3, 4, 2))
SHORT = Sequences([np.zeros((2, 2)), np.zeros((3, 2))])
NET = dr.Network((3, 2), [GRU(2), EachStep(Dense(1))])


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Sequences([]), "there are none; give a list of arrays"),
        (lambda: Sequences([[1.0, 2.0]]), r"sequence 1 has the shape \(2,\); it needs"),
        (lambda: Sequences([np.zeros((2, 3)), np.zeros((2, 2))]), r"sequence 2 .* \(time, 3\)"),
        (lambda: Sequences([np.zeros((2, 3)), np.zeros((0, 3))]), "sequence 2 .* a step at least"),
        (lambda: Sequences(X3, [4, 0, 1]), "sequence 2 has the length 0; .*empty ones"),
        (lambda: Sequences(X3, [4, 5, 1]), "sequence 2 has the length 5; .* from 1 to 4"),
        (lambda: Sequences(X3, [4, 1.5, 1]), r"sequence 2 has the length 1\.5"),
        (lambda: Sequences(X3, [4, 4]), r"lengths have the shape \(2,\); for 3 sequences"),
        (lambda: Sequences(X3[0], [4]), r"steps have the shape \(4, 2\); with lengths they need"),
        (lambda: dr.train(NET, [np.zeros((2, 2)), np.zeros((3, 2))], np.zeros((2, 3, 1))),
         r"X is ragged: .*; sequences of different lengths are given as dr\.Sequences\(X\)"),
        (lambda: NET(NET.init(), Sequences(X3)), r"sequence 1 has 4 steps; .* takes 3 at most"),
        (lambda: NET(NET.init(), Sequences([np.zeros((2, 5))])), r"X has the shape \(1, 2, 5\)"),
        (lambda: dr.Network(2, [Dense(1)])(np.zeros(3), SHORT), r"needs \(n, 2\)"),
        (lambda: dr.backprop(NET, NET.init(), SHORT, SHORT), "T has the shape"),
        (lambda: dr.backprop(NET, NET.init(), SHORT, Sequences([np.zeros((2, 1))] * 2)),
         "T: sequence 2 has 2 steps, and that of X 3"),
        (lambda: dr.backprop(NET, NET.init(), np.zeros((2, 3, 2)), SHORT), "T is Sequences"),
        (lambda: dr.backprop(net := dr.Network((3, 2), [Flatten(), Dense(1)]), net.init(), SHORT,
                             np.zeros((2, 1))),
         r"layer 1 \(flatten\) looks at all steps at once.*take Last\(\)"),
    ],
)  # fmt: skip
def test_lengths_that_cannot_be_are_refused(make, says):
    with pytest.raises(UsageError, match=says):
        make()


def test_rows_that_say_their_length_are_sequences(rng):
    """The last number of a row is its length; what stands behind that many steps is nothing."""
    net = dr.Network(11, [dr.Steps(2, lengths=True), GRU(3), Last(), Dense(1)])
    X = [rng.normal(size=(length, 2)) for length in LENGTHS]
    rows = np.zeros((4, 11))
    for row, x in zip(rows, X, strict=True):
        row[:-1].reshape(2, 5)[:, : len(x)] = x.T
        row[-1] = len(x)
    theta = net.init(0)
    plain = dr.Network((5, 2), net.layers[1:])
    T = rng.normal(size=(4, 1))
    assert np.array_equal(net(theta, rows), plain(theta, Sequences(X)))
    assert np.array_equal(dr.backprop(net, theta, rows, T).gradient,
                          dr.backprop(plain, theta, Sequences(X), T).gradient)  # fmt: skip
    assert dr.check_gradient(net, theta, rows, T).passed
    v = rng.normal(size=net.size)
    assert_close(dr.hessian_vector(net, theta, rows, T, v),
                 dr.hessian_vector(plain, theta, Sequences(X), T, v), 1e-14)  # fmt: skip


@pytest.mark.parametrize(
    ("layers", "says"),
    [
        ([GRU(2), EachStep(Dense(1))], r"says how long every sequence is, .* end in Last\(\)"),
        ([GRU(2), Flatten(), Dense(1)], r"layer 3 \(flatten\) looks at all steps at once"),
    ],
)
def test_lengths_that_the_error_could_not_keep_to_are_refused(layers, says):
    with pytest.raises(UsageError, match=says):
        dr.Network(11, [dr.Steps(2, lengths=True), *layers])


def test_rows_of_one_step_and_of_none():
    assert dr.Network(2, [dr.Steps(2), Last()]).shapes == ((2,), (1, 2), (2,))
    assert dr.Network(3, [dr.Steps(2, lengths=True), Last()]).shapes[1] == (1, 2)
    with pytest.raises(UsageError, match="rows of 2 numbers a step and its length"):
        dr.Network(1, [dr.Steps(2, lengths=True), Last()])


def test_the_way_back_has_a_place_for_the_lengths():
    layer, rows = dr.Steps(2, lengths=True), np.array([[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 2.0]])
    steps, saved = layer.forward({}, rows, NUMPY)
    below, _ = layer.backward({}, np.asarray(steps), saved, DeltaRule().at(1, 1), NUMPY)
    assert below.shape == rows.shape
    assert below[0, -1] == 0.0
