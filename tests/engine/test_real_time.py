"""Real-time recurrent learning is backpropagation through time, forwards."""

from __future__ import annotations

import numpy as np
import pytest
from numeric import assert_close

import deltarule as dr
from deltarule import GRU, LSTM, Conv1d, Dense, EachStep, Elman, Flatten, Jordan, Last, UsageError

CELLS = [Elman(3), GRU(2), LSTM(2), Jordan(3, 2)]
each_cell = pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)
T = 7


@each_cell
@pytest.mark.parametrize("end", [(Last(), Dense(2, "sigmoid")), (EachStep(Dense(2, "sigmoid")),)])
def test_it_finds_what_backpropagation_through_time_finds(cell, end, rng):
    net = dr.Network((T, 2), [cell, *end])
    X, targets = rng.normal(size=(3, T, 2)), rng.uniform(size=(3, *net.shapes[-1]))
    options = {"loss": "binary_cross_entropy", "sample_weight": [1.0, 2.0, 0.5], "l2": 0.1}
    found = dr.real_time_gradient(net, net.init(0), X, targets, **options)
    assert_close(
        found.gradient, dr.backprop(net, net.init(0), X, targets, **options).gradient, 1e-12
    )


@each_cell
def test_after_every_step_it_has_the_gradient_of_the_steps_so_far(cell, rng):
    net = dr.Network((T, 2), [cell, EachStep(Dense(1))])
    X, targets = rng.normal(size=(2, T, 2)), rng.normal(size=(2, T, 1))
    theta = net.init(0)
    found = dr.real_time_gradient(net, theta, X, targets)
    size = net.layout.entries[-2].start
    for t in range(1, T + 1):
        lengths = [t, t]
        so_far = dr.backprop(net, theta, dr.Sequences(X, lengths), targets).gradient
        assert_close(found.running[t - 1, :size], so_far[:size], 1e-12)
    assert found.sensitivities[0].shape == (sum(cell.held), size)


def test_sensitivities_are_how_states_move_with_weights(rng):
    net = dr.Network((T, 2), [LSTM(2), Last(), Dense(1)])
    X, theta = rng.normal(size=(1, T, 2)), net.init(0)
    P = dr.real_time_gradient(net, theta, X, [[0.0]]).sensitivities
    for k in range(0, P[0].shape[1], 5):
        moved = theta.astype(complex)
        moved[k] += 1e-30j
        states = net.passed(moved, X.astype(complex))[0][1].states
        for t in range(T):
            slope = np.concatenate(states[t + 1], axis=1)[0].imag / 1e-30
            assert np.abs(slope - P[t][:, k]).max() <= 1e-13 * max(1.0, np.abs(P[t]).max())


@pytest.mark.parametrize(
    "layers",
    [
        [Dense(2)],
        [Conv1d(2), Last(), Dense(1)],
        [GRU(2), GRU(2), Last(), Dense(1)],
        [EachStep(Dense(2)), GRU(2), Last(), Dense(1)],
        [GRU(2), Conv1d(2), Flatten(), Dense(1)],
    ],
    ids=repr,
)
def test_networks_that_have_to_look_ahead_are_refused(layers, rng):
    net = dr.Network((T, 2) if len(layers) > 1 else 2, layers)
    X = rng.normal(size=(2, *net.shapes[0]))
    with pytest.raises(UsageError, match="whose first layer is recurrent, and alone in that"):
        dr.real_time_gradient(net, net.init(0), X, np.zeros((2, *net.shapes[-1])))


def test_a_way_back_that_is_cut_off_is_refused(rng):
    net = dr.Network((T, 2), [GRU(2, truncate=2), Last(), Dense(1)])
    with pytest.raises(UsageError, match="leave out truncate"):
        dr.real_time_gradient(net, net.init(0), rng.normal(size=(2, T, 2)), np.zeros((2, 1)))


@each_cell
@pytest.mark.parametrize("end", [(Last(), Dense(2, "sigmoid")), (EachStep(Dense(2, "sigmoid")),)])
def test_eligibility_traces_are_backpropagation_without_the_way_through_u(cell, end, rng):
    net = dr.Network((T, 2), [cell, *end])
    X, targets = rng.normal(size=(3, T, 2)), rng.uniform(size=(3, *net.shapes[-1]))
    options = {"loss": "binary_cross_entropy", "sample_weight": [1.0, 2.0, 0.5], "l2": 0.1}
    found = dr.eligibility_gradient(net, net.init(0), X, targets, **options)
    same = dr.backprop(net, net.init(0), X, targets, rule="recurrent=none", **options)
    assert_close(found.gradient, same.gradient, 1e-12)
    assert (
        np.abs(found.gradient - dr.backprop(net, net.init(0), X, targets, **options).gradient).max()
        > 1e-4
    )


def test_e_prop_of_an_lstm_as_the_paper_writes_it(rng):
    """Bellec et al. (2020), methods: traces of f, i and g decay with f; that of o does not last."""
    net = dr.Network((T, 2), [LSTM(2), EachStep(Dense(1))])
    theta, X, targets = net.init(1), rng.normal(size=(1, T, 2)), rng.normal(size=(1, T, 1))
    p, (V, c) = net.unpack(theta)[0], net.unpack(theta)[1].values()
    sigmoid = lambda v: 1.0 / (1.0 + np.exp(-v))  # noqa: E731
    h, memory, traces, gradient = np.zeros(2), np.zeros(2), np.zeros((6, 2)), np.zeros((8, 2))
    for x, target in zip(X[0], targets[0], strict=True):
        nets = p["W"] @ x + p["U"] @ h + p["b"]
        i, f, g, o = sigmoid(nets[:2]), sigmoid(nets[2:4]), np.tanh(nets[4:6]), sigmoid(nets[6:])
        direct = np.concatenate([i * (1 - i) * g, f * (1 - f) * memory, i * (1 - g**2)])
        traces = np.tile(f, 3)[:, None] * traces + np.outer(direct, h)
        memory = f * memory + i * g
        shown, before = np.tanh(memory), h
        h = o * shown
        signal = (V @ h + c - target) @ V
        gradient[:6] += np.tile(signal * o * (1 - shown**2), 3)[:, None] * traces
        gradient[6:] += np.outer(signal * shown * o * (1 - o), before)
    found = dr.eligibility_gradient(net, theta, X, targets)
    assert_close(net.unpack(found.gradient)[0]["U"], gradient, 1e-12)


def test_a_nodes_own_share_is_the_diagonal_of_the_jacobian(rng):
    """Without weights between the nodes, what every node has of itself is all there is."""
    net = dr.Network((T, 2), [Elman(3), EachStep(Dense(1))])
    theta, X, targets = net.init(2), rng.normal(size=(2, T, 2)), rng.normal(size=(2, T, 1))
    U = net.unpack(theta)[0]["U"]
    one = dr.eligibility_gradient(net, theta, X, targets, traces="node").gradient
    assert np.abs(one - dr.backprop(net, theta, X, targets).gradient).max() > 1e-4
    U[...] = np.diag([0.9, -0.8, 0.7])
    own = dr.eligibility_gradient(net, theta, X, targets, traces="node").gradient
    true = dr.backprop(net, theta, X, targets).gradient
    assert_close(own, true, 1e-12)
    with pytest.raises(UsageError, match=r"kind of traces.*memory, node"):
        dr.eligibility_gradient(net, theta, X, targets, traces="nodes")
