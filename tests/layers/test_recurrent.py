"""Recurrent layers and what stands around them: truncation, rules, second derivatives, engines."""

from __future__ import annotations

import numpy as np
import pytest
from numeric import assert_close

import deltarule as dr
from deltarule import GRU, LSTM, Conv1d, Dense, EachStep, Elman, Flatten, Jordan, Last, UsageError
from deltarule.core.namespace import NUMPY, namespace
from deltarule.engine import Objective
from deltarule.engine.reference import backprop as textbook
from deltarule.layers import INITIALISERS
from deltarule.layers.recurrent.kept import together
from deltarule.rules import DeltaRule

T, N = 6, 4
CELLS = [Elman(3), GRU(3), LSTM(3), Jordan(3, 2)]
each_cell = pytest.mark.parametrize("cell", CELLS, ids=lambda c: c.name)


def again(cell, **changed):
    """Return a layer with some fields changed."""
    return type(cell)(**{f: getattr(cell, f) for f in cell.__dataclass_fields__} | changed)


def one(cell):
    return dr.Network((T, 2), [cell, Last(), Dense(1, "tanh")])


def per_step(cell):
    return dr.Network((T, 2), [cell, again(cell), EachStep(Dense(2))])


def data(net, rng, n=N):
    return rng.normal(size=(n, *net.shapes[0])), rng.normal(size=(n, *net.shapes[-1]))


@each_cell
@pytest.mark.parametrize("make", [one, per_step])
def test_truncation_that_covers_the_sequence_is_the_gradient(cell, make, rng):
    net = make(cell)
    X, targets = data(net, rng)
    theta = net.init(1)
    full = dr.backprop(net, theta, X, targets).gradient
    for truncate in ((T, T), (1, T), (2, T), (4, 2 * T)):
        short = make(again(cell, truncate=truncate))
        found = dr.backprop(short, theta, X, targets).gradient
        assert_close(found, full, 1e-13)
    short = make(again(cell, truncate=2))
    assert np.abs(dr.backprop(short, theta, X, targets).gradient - full).max() > 1e-4


@each_cell
@pytest.mark.parametrize(("k1", "k2"), [(1, 1), (2, 3), (4, 4), (1, 3)])
def test_truncation_is_the_gradient_with_the_states_before_held_fixed(cell, k1, k2, rng):
    """Every window is a network of its own that starts from the state the sequence had there.

    By complex steps: the parameters move inside the window alone.
    """
    layer = again(cell, truncate=(k1, k2))
    p = {q.name: rng.normal(size=q.shape) * 0.5 for q in layer.parameters((T, 2))}
    x = rng.normal(size=(N, T, 2))
    h, saved = layer.forward(p, x, NUMPY)
    errors = rng.normal(size=h.shape)
    _, gradient = layer.backward(p, errors, saved, DeltaRule().at(1, 1), NUMPY)
    for name, w in p.items():
        for index in list(np.ndindex(w.shape))[:5]:
            moved = {**p, name: w.astype(complex)}
            moved[name][index] += 1e-30j
            slope, end = 0.0, T
            while end > 0:
                first, fresh = max(0, end - k2), max(0, end - k1)
                state = saved.states[first]
                for t in range(first, end):
                    a, v = x[:, t] @ moved["W"].T + moved["b"], state[0] @ moved["U"].T
                    state, _ = layer.step(moved, a, v, state, NUMPY)
                    slope += np.sum(errors[:, t] * state[0]).imag / 1e-30 if t >= fresh else 0.0
                end -= k1
            assert abs(slope - gradient[name][index]) <= 1e-12 * (1 + abs(slope)), (name, index)


@each_cell
def test_deltas_are_linear_in_the_errors(cell, rng):
    """What two windows say of a step adds up, in every part."""
    p = {q.name: rng.normal(size=q.shape) for q in cell.parameters((T, 2))}
    _, saved = cell.forward(p, rng.normal(size=(N, T, 2)), NUMPY)
    errors = [tuple(rng.normal(size=(N, width)) for width in cell.held) for _ in range(2)]
    rule = DeltaRule().at(1, 1)
    one, other, both = (
        cell.step_back(p, e, saved.steps[2], rule, NUMPY)
        for e in (*errors, tuple(a + b for a, b in zip(*errors, strict=True)))
    )
    found = together(one, other)
    pairs = [(found.inward, both.inward), (found.recurrent, both.recurrent)]
    pairs += zip(found.state, both.state, strict=True)
    pairs += [(found.further[name], both.further[name]) for name in both.further]
    for a, b in pairs:
        assert np.allclose(a, b, rtol=1e-12, atol=1e-13)
    assert together(None, one) is one


@each_cell
def test_no_net_s_slope_is_out_of_the_rule_s_reach(cell, rng):
    """With 0 in the place of every f', nothing is left of the layer's gradient."""
    net = one(cell)
    X, targets = data(net, rng)
    found = dr.backprop(net, net.init(0), X, targets, rule="hidden=constant:0").gradient
    assert not any(g.any() for g in net.unpack(found)[0].values())
    assert net.unpack(found)[2]["W"].any()


def test_what_stands_for_the_slope_does_so_at_every_step(rng):
    """delta_t = (dE/dy_t + delta_{t+1} U) (f'(net_t) + 0.1), by loops."""
    net = one(Elman(3))
    X, targets = data(net, rng)
    p, _, out = net.unpack(theta := net.init(0))
    h = [np.zeros((N, 3))]
    for t in range(T):
        h.append(np.tanh(X[:, t] @ p["W"].T + h[-1] @ p["U"].T + p["b"]))
    y = np.tanh(h[-1] @ out["W"].T + out["b"])
    back = ((y - targets) / N * (1 - y * y)) @ out["W"]
    expected = np.zeros_like(p["U"])
    for t in range(T, 0, -1):
        delta = back * (1 - h[t] ** 2 + 0.1)
        expected += delta.T @ h[t - 1]
        back = delta @ p["U"]
    found = dr.backprop(net, theta, X, targets, rule="hidden=offset:0.1").gradient
    assert_close(net.unpack(found)[0]["U"], expected, 1e-13)


@each_cell
@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ("feedback=direct", "is for networks of dense layers; of one with recurrent"),
        ("sequential", "layer 1 is of the type {}; this works for networks of affine"),
        ("hidden=random:0.5", "layer 1: random draws one number .* several nets a node"),
    ],
)
def test_a_rule_that_has_no_meaning_through_time_is_refused(cell, rule, says, rng):
    net = one(cell)
    X, targets = data(net, rng)
    with pytest.raises(UsageError, match=says.format(cell.name)):
        dr.backprop(
            net, net.init(0), X, targets, rule=rule, lr=0.1 if rule == "sequential" else None
        )


@each_cell
@pytest.mark.parametrize("make", [one, per_step])
def test_second_derivatives_are_those_of_the_gradient(cell, make, rng):
    net = make(cell)
    X, targets = data(net, rng)
    theta, v = net.init(0), rng.normal(size=net.size)
    moved = dr.backprop(net, theta + 1e-30j * v, X, targets).gradient.imag / 1e-30
    assert_close(dr.hessian_vector(net, theta, X, targets, v), moved, 1e-12)
    curved = dr.gauss_newton_vector(net, theta, X, targets, v)
    J = dr.jacobian(net, theta, X).reshape(-1, net.size)
    assert_close(curved, J.T @ (J @ v) / N, 1e-12)


@each_cell
def test_the_same_lines_run_under_jax(cell, rng):
    jax = pytest.importorskip("jax")
    net = dr.Network((2, 2), [cell, EachStep(Dense(2))])
    X, targets = data(net, rng)
    objective = Objective.of(net, "half_squared_error", "mean", "exact", 0.0)
    xp = namespace(jax.numpy)
    with jax.enable_x64(True):
        step = jax.jit(lambda theta: textbook(objective, theta, X, targets, xp=xp).gradient)
        found = np.asarray(step(net.init(0)))
    assert_close(found, dr.backprop(net, net.init(0), X, targets).gradient, 1e-13)


@each_cell
def test_what_looks_at_deltas_and_slopes_passes_over_layers_without_them(cell, rng):
    net = one(cell)
    X, targets = data(net, rng)
    found = dr.alignment(net, net.init(0), X, targets, "hidden=offset:0.1")
    assert 0.0 < found.layers[0].gradient < 90.0
    assert found.layers[2].gradient == pytest.approx(0.0, abs=1e-6)
    assert np.isnan([found.layers[0].deltas, found.layers[1].gradient]).all()
    steps = dr.Network((T, 2), [EachStep(Dense(3, "tanh")), EachStep(Dense(1))])
    flat = dr.saturation(steps, steps.init(0), X).layers[0]
    assert flat.slopes.shape == (N * T, 3)
    one_by_one = dr.Network(2, [Dense(3, "tanh"), Dense(1)])
    rows = dr.saturation(one_by_one, steps.init(0), X.reshape(-1, 2)).layers[0]
    assert np.array_equal(flat.slopes, rows.slopes)


def test_a_layer_says_what_is_not_as_usual():
    assert repr(Elman(2**31)) == "Elman(2147483648)"
    assert repr(GRU(3)) == "GRU(3)"
    assert repr(LSTM(3, forget_bias=0.0, truncate=2)) == "LSTM(3, forget_bias=0.0, truncate=(2, 2))"
    assert repr(Jordan(2, 4, "relu")) == "Jordan(2, outs=4, activation=ReLU(at_zero=0.0))"


@each_cell
def test_first_weights(cell):
    """U is orthogonal gate by gate, W as wide as each gate; the forget gate's bias is 1."""
    p = one(cell).unpack(one(cell).init(3))[0]
    for U in p["U"].reshape(cell.gates, cell.units, -1):
        assert_close(U.T @ U, np.eye(U.shape[1]), 1e-14)
    limit = np.sqrt(6.0 / (2 + 3))
    assert 0.5 * limit < np.abs(p["W"]).max() <= limit
    ones = np.arange(len(p["b"])) // 3 == 1 if cell.name == "lstm" else np.zeros(len(p["b"]))
    assert np.array_equal(p["b"], ones)
    drawn = one(again(cell, init="uniform:1", recurrent_init="normal:0.1"))
    more = drawn.unpack(drawn.init(3))[0]
    assert np.all(np.abs(more["b"] - ones) <= 1.0)
    assert np.abs(more["b"] - ones).min() > 0.0
    assert np.abs(more["U"]).max() < 0.5


@each_cell
def test_biases_are_drawn_gate_by_gate_where_the_initialiser_draws_them(cell):
    rngs = [np.random.default_rng(k) for k in range(len(cell.parameters((T, 2))))]
    b = cell.initial((T, 2), INITIALISERS.get("uniform:0.5"), rngs)["b"]
    own = np.random.default_rng(2)
    expected = np.concatenate([own.uniform(-0.5, 0.5, 3) for _ in cell.gate_names])
    extra = np.repeat(cell.gate_biases or (0.0,) * cell.gates, 3)
    assert np.array_equal(b, expected + extra)


@each_cell
def test_one_seed_one_training_whatever_trains_it(cell, rng):
    net = one(cell)
    X, targets = data(net, rng, 20)
    runs = [dr.train(net, X, targets, epochs=3, batch_size=6, seed=5) for _ in range(2)]
    assert np.array_equal(runs[0].theta, runs[1].theta)
    many = dr.train_many(net, X, targets, seeds=[5, 6], epochs=3, batch_size=6)
    assert_close(many.theta[0], runs[0].theta, 1e-13)


@pytest.mark.parametrize("method", ["lbfgs", "scaled_conjugate_gradient", "levenberg_marquardt"])
def test_methods_of_the_whole_vector_learn_through_time(method, rng):
    """The last output is the product of the first and the last input: it has to be remembered."""
    X = rng.uniform(-1.0, 1.0, size=(40, 3, 1))
    net = dr.Network((3, 1), [GRU(3), Last(), Dense(1)])
    run = dr.train(net, X, X[:, 0] * X[:, -1], optimizer=method, epochs=150, batch_size=None)
    assert run.history["error"][-1] < 0.1 * run.history["error"][0]


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Elman(0), "Elman: units is a whole number of at least 1, not 0"),
        (lambda: GRU(2.0), "GRU: units is a whole number"),
        (lambda: LSTM(2**31 + 1), "LSTM: units is a whole number of at most 2147483648"),
        (lambda: Jordan(2, 0), "Jordan: outs is a whole number of at least 1, not 0"),
        (lambda: Elman(2, "softmax"), "Elman: activation is softmax, which couples a row"),
        (lambda: LSTM(2, gate="sigmod"), "unknown activation 'sigmod', did you mean 'sigmoid'"),
        (lambda: LSTM(2, forget_bias=float("nan")), "forget_bias"),
        (lambda: GRU(2, truncate=0), "GRU: k1 of truncate is a whole number of at least 1, not 0"),
        (lambda: GRU(2, truncate=(3, 2)), r"truncate=\(3, 2\) would leave out the errors of 1 of"),
        (lambda: GRU(2, truncate=(1, 2, 3)), r"truncate is \(k1, k2\), a number of steps, or None"),
        (lambda: GRU(2, truncate="3"), "k1 of truncate is a whole number"),
        (lambda: Conv1d(2, 0), "Conv1d: kernel is a whole number of at least 1, not 0"),
        (lambda: Conv1d(2, dilation=0), "Conv1d: dilation is a whole number"),
        (lambda: EachStep(Last()), r"EachStep: the layer at every step is one such as Dense\(1\)"),
        (lambda: dr.Network((5, 2), [Elman(2, truncate=(6, 6))]),
         r"starts its way back every 6 steps, but the sequences have 5; give k1 <= T"),
        (lambda: dr.Network(3, [LSTM(2)]),
         r"layer 1 \(lstm\) comes after the input, .* shape \(3,\): .* give Network\(\(time, feat"),
        (lambda: dr.Network((5, 2), [Dense(2)]),
         r"a dense layer takes samples of the shape \(n,\), not \(5, 2\).*Last\(\)"),
        (lambda: dr.Network((5, 2), [GRU(2), Dense(2)]),
         r"layer 2 \(dense\) comes after layer 1 \(gru\), .* shape \(5, 2\).*EachStep"),
        (lambda: dr.Network((5, 2), [GRU(2), Last(), EachStep(Dense(2))]),
         r"each_step takes .* not \(2,\); after Last\(\) or Flatten\(\) give the layer itself"),
        (lambda: dr.Network((5, 2), [EachStep(Dense(2, "softmax")), GRU(2)]), "couples a row"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_the_remedy(make, says):
    with pytest.raises(UsageError, match=says):
        make()


@pytest.mark.parametrize(
    "end", [[Last(), Dense(1, "softmax")], [EachStep(Dense(1, "softmax"))]], ids=repr
)
def test_softmax_over_one_node_is_refused_at_the_end_of_any_network(end, rng):
    net = dr.Network((5, 2), [GRU(2), *end])
    X, targets = data(net, rng)
    with pytest.raises(UsageError, match="softmax over one node is always 1"):
        dr.backprop(net, net.init(), X, targets, "cross_entropy")


@pytest.mark.parametrize(
    ("net", "X", "says"),
    [
        (
            dr.Network(2, [Dense(1)]),
            np.zeros((3, 4, 2)),
            r"begin the network with a layer over time",
        ),
        (
            dr.Network((4, 2), [Flatten(), Dense(1)]),
            np.zeros((5, 2)),
            "a series is cut",
        ),
        (
            dr.Network((4, 2), [GRU(1)]),
            np.zeros((3, 5, 2)),
            r"make it as Network\(\(5, 2\), \.\.\.",
        ),
    ],
)
def test_inputs_of_another_kind_are_refused_with_the_remedy(net, X, says):
    with pytest.raises(UsageError, match=says):
        net(net.init(), X)


def test_a_number_that_stops_being_finite_is_placed_in_time():
    net = dr.Network((3, 1), [Elman(1, "relu"), EachStep(Dense(1))])
    X, theta = np.ones((2, 3, 1)), net.pack([([[1.0]], [[1e200]], [0.0]), ([[1.0]], [0.0])])
    with pytest.raises(dr.NumericError, match=r"y of layer 1, node 1, step 3 is inf \(row 1 of"):
        dr.train(net, X, np.ones((2, 3, 1)), theta=theta, epochs=1)
