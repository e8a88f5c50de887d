"""Programs as people write them: what they do wrong is named, and what is right is not.

Each states backpropagation on its own, in NumPy, without the project's code.
"""

from __future__ import annotations

import numpy as np
import pytest

import deltarule as dr

RNG = np.random.default_rng(7)
X, T = RNG.normal(size=(5, 3)), RNG.random((5, 1))
NET = dr.Network(3, [dr.Dense(4, "sigmoid", bias=False), dr.Dense(1, "sigmoid", bias=False)])
THETA = NET.init(seed=3) + RNG.uniform(-0.5, 0.5, NET.size)


def sigmoid(v):
    return 1 / (1 + np.exp(-v))


def parts(theta, X):
    W1, W2 = theta[:12].reshape(4, 3), theta[12:].reshape(1, 4)
    y1 = sigmoid(X @ W1.T)
    return W1, W2, y1, sigmoid(y1 @ W2.T)


def program(own=True, down=True, above=False):
    """Return a batch program, adding its step, as sum; without f' in one of two places."""

    def step(theta, X, T):
        _, W2, y1, y2 = parts(theta, X)
        error = T - y2
        d2 = error * y2 * (1 - y2) if own else error
        e1 = (error * y2 * (1 - y2) if down else error) @ W2
        d1 = d2 * np.ones((1, 4)) if above else e1 * y1 * (1 - y1)
        return [d1.T @ X, d2.T @ y1]

    return step


def found(function, rows=5, **options):
    return dr.diagnose(function, NET, THETA, X[:rows], T[:rows], **options)


CONVENTION = {"sign", "sum_for_mean"}


@pytest.mark.parametrize("lr", [1.0, 0.1, 10.0, -0.1])
def test_a_right_program_has_no_mistake_whatever_its_rate(lr):
    d = found(lambda *a: [lr * g for g in program()(*a)])
    assert (d.verdict, d.mistakes, d.right) == ("correct", (), True)
    names = {c.code for c in d.conventions if c.explanation == 1}
    assert names - {"sign", "learning_rate"} == {"sum_for_mean"}
    assert ("sign" in names) == (lr > 0)
    rates = [c.parameters["factor"] for c in d.conventions if c.code == "learning_rate"]
    assert rates == ([] if lr == 1.0 else [pytest.approx(abs(lr))])
    assert str(d).startswith("right, up to ")


@pytest.mark.parametrize("rows", [1, 5])
@pytest.mark.parametrize(
    ("wrong", "where"),
    [({"own": False}, "the layer's own gradient alone"),
     ({"down": False}, "the delta carried down alone")],
)  # fmt: skip
def test_the_derivative_is_missing_in_one_of_two_places(wrong, where, rows):
    d = found(program(**wrong), rows)
    assert d.verdict == "explained"
    (m,) = d.mistakes
    assert (m.code, m.layers, m.parameters) == ("missing_derivative", (2,), {"in": where})
    assert {c.code for c in d.conventions if c.explanation == 1} <= CONVENTION


def test_the_delta_of_the_layer_above():
    d = found(program(above=True))
    assert [(m.code, m.layers) for m in d.mistakes] == [("delta:of_above", (1,))]
    assert "delta_l is delta_{l+1}, that of the layer above" in str(d)


@pytest.mark.parametrize("factor", [7.0, 20.0])
@pytest.mark.parametrize("ask", [True, False])
def test_a_whole_number_in_one_layer_is_possible_at_most(factor, ask):
    """Seven steps added up in one layer? Five rows times four? Nobody knows."""

    def function(theta, X, T):
        g = dr.backprop(NET, theta, X, T).gradient.copy()
        g[12:] *= factor
        return g

    d = found(function if ask else function(THETA, X, T))
    assert (d.verdict, d.right) == ("possible", False)
    assert [m.code for m in d.mistakes] == ["accumulated"]


@pytest.mark.parametrize("factor", [3.7, 2 / 3])
@pytest.mark.parametrize("ask", [True, False])
def test_a_factor_in_one_layer_is_no_known_mistake(factor, ask):
    """The layer that agrees is not touched, and the factor of the other is said."""

    def function(theta, X, T):
        g = dr.backprop(NET, theta, X, T).gradient.copy()
        g[12:] *= factor
        return g

    d = found(function if ask else function(THETA, X, T))
    assert (d.verdict, d.mistakes, d.candidates, d.conventions) == ("unexplained", (), (), ())
    assert [p.agrees for p in d.localised] == [True, False]
    assert f"layer 2: the weights' gradient is {factor:.6g} times the true one" in str(d)
    assert "layer 1 agrees, so forward pass, loss and delta_2 are right" in str(d)


def test_two_changes_that_multiply_to_a_number_are_no_finding():
    """1 - y for softmax's Jacobian: poisson's derivative times y (1 - y) is the same number."""
    net = dr.Network(3, [dr.Dense(4, "sigmoid"), dr.Dense(3, "softmax")])
    theta = net.init(seed=0)
    targets = np.eye(3)[[0, 2, 1, 1, 0]]

    def function(theta, X, T):
        first, second = net.unpack(theta)
        y1 = sigmoid(X @ first["W"].T + first["b"])
        e = np.exp(y1 @ second["W"].T + second["b"])
        y2 = e / e.sum(axis=1, keepdims=True)
        d2 = (y2 - T) * (1 - y2)
        d1 = d2 @ second["W"] * y1 * (1 - y1)
        return [(d1.T @ X, d1.sum(0)), (d2.T @ y1, d2.sum(0))]

    for loss in ("half_squared_error", "cross_entropy"):
        d = dr.diagnose(function, net, theta, X, targets, loss=loss, reduction="sum")
        assert d.verdict == "explained"
        (m,) = d.mistakes
        assert m.layers == (2,)
        assert "1 - y" in m.does
        assert "poisson" not in str(d)


def test_numbers_that_are_0_but_for_rounding_differ_by_nothing():
    """softmax's deltas add up to 0: a bias gradient that is their sum is 0 but for rounding."""
    net = dr.Network(3, [dr.Dense(3, "softmax", bias=True)])
    theta, targets = net.init(seed=0), np.eye(3)[[0, 2, 1, 1, 0]]
    bp = dr.backprop(net, theta, X, targets, loss="cross_entropy", reduction="sum")
    dW, db = net.unpack(bp.gradient.copy())[0].values()
    given = [(dW, np.full(3, db.sum() + 1e-17))]
    d = dr.diagnose(given, net, theta, X, targets, loss="cross_entropy", reduction="sum")
    assert {m.code for m in d.mistakes} == {"bias_not_per_node"}
    noisy = dr.diagnose([(0 * dW, 1e-17 * db)], net, theta, X, targets,
                        loss="cross_entropy", reduction="sum")  # fmt: skip
    assert noisy.localised[0].residuals[0] == 1.0


def online(lr, missing):
    """Return what a pass over the rows has added to the weights, over lr."""

    def function(theta, X, T):
        w = theta.copy()
        for x, t in zip(X, T, strict=True):
            step = program(own=not missing)(w, x[None], t[None])
            w += lr * np.concatenate([g.ravel() for g in step])
        return (w - theta) / lr

    return function


@pytest.mark.parametrize("missing", [False, True])
def test_an_online_program_is_named_with_its_rate(missing):
    d = found(online(0.3, missing), reduction="sum")
    assert d.verdict == "explained"
    codes = [m.code for m in d.mistakes]
    assert codes == ["missing_derivative"] * missing + ["online_update"]
    assert d.mistakes[-1].parameters == {"lr": pytest.approx(0.3, rel=1e-6)}
    assert [c.code for c in d.conventions] == ["sign"]


def test_layers_that_are_explained_are_told_though_another_is_not():
    upper = program(own=False)(THETA, X, T)[1]
    p = [dict(layer) for layer in NET.unpack(dr.backprop(NET, THETA, X, T).gradient.copy())]
    p[1]["W"] = -upper / len(X)
    p[0]["W"] = p[0]["W"] + RNG.normal(size=(4, 3))
    d = dr.diagnose(p, NET, THETA, X, T)
    assert (d.verdict, d.right) == ("partial", False)
    assert [(m.code, m.layers) for m in d.mistakes] == [("missing_derivative", (2,))]
    assert "look at layer 1 first" in str(d)
    p[1]["W"] = 0 * upper
    nothing = dr.diagnose(p, NET, THETA, X, T)
    assert nothing.verdict == "unexplained", "that nothing is there proves little"
    assert "layer 2: the weights' gradient is 0" in str(nothing)


def test_what_does_not_hold_elsewhere_is_possible_at_most():
    """Of five rows it is one mistake, of six it is something else too."""

    def function(theta, X, T):
        return program(own=False)(theta, X[:5], T[:5])

    d = found(function)
    assert (d.verdict, d.right) == ("possible", False)
    assert [m.code for m in d.mistakes] == ["missing_derivative"]
    assert "not what the function does with another number of observations" in str(d)


def test_biases_that_are_divided_by_the_rows_twice():
    """Their mean is taken, then multiplied by lr / n: they learn n times slower than weights."""
    net = dr.Network(3, [dr.Dense(4, "tanh"), dr.Dense(2)])
    theta, targets = net.init(seed=0), RNG.normal(size=(5, 2))

    def function(theta, X, T):
        p = net.unpack(dr.backprop(net, theta, X, T).gradient)
        return [(layer["W"], layer["b"] / len(X)) for layer in p]

    d = dr.diagnose(function, net, theta, X, targets)
    (m,) = d.mistakes
    assert (d.verdict, m.code, m.layers, m.parameters) == (
        "explained", "mean_twice", (1, 2), {"of": "biases"},
    )  # fmt: skip


def test_weights_and_biases_may_be_wrong_in_two_ways():
    """relu of the error for f' in dE/dW, and no f' in dE/db: two findings, each in its part."""
    net = dr.Network(3, [dr.Dense(4, "relu"), dr.Dense(2)])
    theta, targets = net.init(seed=0), RNG.normal(size=(5, 2))

    def function(theta, X, T):
        first, second = net.unpack(theta)
        y1 = np.maximum(X @ first["W"].T + first["b"], 0)
        d2 = y1 @ second["W"].T + second["b"] - T
        e1 = d2 @ second["W"]
        return [(np.maximum(e1, 0).T @ X, e1.sum(0)), (d2.T @ y1, d2.sum(0))]

    d = dr.diagnose(function, net, theta, X, targets, reduction="sum")
    assert d.verdict == "explained"
    assert {(m.code, m.parameters["in"]) for m in d.mistakes} == {
        ("missing_derivative", "dE/db alone"), ("own:f_of_error_in_weights", "dE/dW alone"),
    }  # fmt: skip
