"""Mazur, 'A Step by Step Backpropagation Example' (2015): the tutorial everybody copies.

2-2-2, sigmoid, E = sum 1/2 (T - y)^2, biases not updated. Its first step is the gradient's; its
later figures follow the 'sequential' order (hidden deltas from already updated output weights).
"""

from __future__ import annotations

import numpy as np
import pytest

import deltarule as dr

NET = dr.Network(2, [dr.Dense(2, "sigmoid", train_bias=False)] * 2)
THETA = NET.pack(
    [([[0.15, 0.20], [0.25, 0.30]], [0.35, 0.35]), ([[0.40, 0.45], [0.50, 0.55]], [0.60, 0.60])]
)
X, T = [[0.05, 0.10]], [[0.01, 0.99]]
LR = 0.5


def train(engine, rule, epochs):
    return engine.train(
        NET, X, T, theta=THETA, reduction="sum", rule=rule, optimizer=dr.optim.SGD(LR),
        epochs=epochs, batch_size=1,
    )  # fmt: skip


def printed(value, digits):
    """Compare with a figure to exactly the digits that are printed."""
    return pytest.approx(value, rel=0, abs=0.5000001 * 10.0**-digits)


def test_the_forward_pass_and_the_first_derivative(engine):
    """The page: E = .298371109, outputs .75136507, .772928465, dE/dw_{2,1,1} = .082167041."""
    bp = engine.backprop(NET, THETA, X, T, reduction="sum")
    assert bp.error == printed(0.298371109, 9)
    found = NET.unpack(bp.gradient)[1]
    assert found["W"][0, 0] == printed(0.082167041, 9)
    assert found["b"][0] == printed(0.138498562, 9)  # delta_{2,1}
    if engine.transparent:
        assert bp.outputs[1][0].tolist() == [printed(0.593269992, 9), printed(0.596884378, 9)]
        assert bp.outputs[2][0].tolist() == [printed(0.75136507, 8), printed(0.772928465, 9)]
        assert bp.deltas[2][0, 0] == printed(0.138498562, 9)


def test_the_weights_after_one_step_are_the_gradient_s(engine):
    """The page's first step: w_1 and w_2 to the digits it prints (9, but for three shorter)."""
    run = train(engine, "exact", 1)
    first, second = (p["W"].ravel().tolist() for p in NET.unpack(run.theta))
    assert second == [
        printed(0.35891648, 8), printed(0.408666186, 9), printed(0.511301270, 9),
        printed(0.561370121, 9),
    ]  # fmt: skip
    assert first == [
        printed(0.149780716, 9), printed(0.19956143, 8), printed(0.24975114, 8),
        printed(0.29950229, 8),
    ]  # fmt: skip
    for p, b in zip(NET.unpack(run.theta), (0.35, 0.60), strict=True):
        assert p["b"].tolist() == [b, b]


@pytest.mark.parametrize(
    ("rule", "after_one", "outputs"),
    [
        # recomputed: the chain rule's figures, which the page does not print
        ("exact", 0.2910277737, (0.015913620, 0.984064274)),
        # the page: 'after this first round .291027924', then .015912196, .984065734
        ("sequential", 0.2910279239, (0.015912196, 0.984065734)),
    ],
)
def test_both_orders_reproduce_theirs(engine, rule, after_one, outputs):
    one = train(engine, rule, 1)
    error = engine.backprop(NET, one.theta, X, T, reduction="sum").error
    assert error == printed(after_one, 10)
    many = train(engine, rule, 10_000)
    assert NET(many.theta, X)[0].tolist() == [printed(v, 9) for v in outputs]
    assert many.history["error"][0] == printed(0.298371109, 9)
    assert many.history["error"][1] == printed(after_one, 10)


def test_updated_biases_give_another_figure(engine):
    """Not the page's: E after one step would be .2805 if the biases moved, too."""
    net = dr.Network(2, [dr.Dense(2, "sigmoid")] * 2)
    run = engine.train(
        net, X, T, theta=THETA, reduction="sum", optimizer=dr.optim.SGD(LR), epochs=1
    )
    error = engine.backprop(net, run.theta, X, T, reduction="sum").error
    assert error == printed(0.2805, 4)


def test_the_wrong_sign_is_gradient_ascent(engine):
    """Adding dE/dw (mixing T - y with y - T) raises E: the sign is tested, not assumed."""
    bp = engine.backprop(NET, THETA, X, T, reduction="sum")
    trained = NET.layout.mask("trained")
    up = THETA + LR * np.where(trained, bp.gradient, 0.0)
    assert engine.backprop(NET, up, X, T, reduction="sum").error > bp.error
