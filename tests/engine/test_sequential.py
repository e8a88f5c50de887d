"""The sequential order: a layer is updated before the deltas below it are computed."""

from __future__ import annotations

import numpy as np
import pytest
from numeric import assert_close

from deltarule import DeltaRule, Dense, Network
from deltarule.engine import Objective
from deltarule.optim import SGD, Clipping

NET = Network(1, [Dense(1, bias=False), Dense(1, bias=False), Dense(1, bias=False)])


def test_three_linear_nodes_by_hand(engine):
    """y = 2 * 3 * 5 x, x = 1, T = 26, lr = 1/8: delta_3 = 4.

    w_3: dE/dw = 4 * 6 = 24, new 5 - 3 = 2. delta_2 = 4 * 2 = 8, dE/dw_2 = 8 * 2 = 16, new
    3 - 2 = 1. delta_1 = 8 * 1 = 8, dE/dw_1 = 8. The chain rule has delta_2 = 20, delta_1 = 60.
    """
    theta = np.array([2.0, 3.0, 5.0])
    bp = engine.backprop(NET, theta, [1.0], [26.0], rule="sequential", lr=0.125)
    assert bp.gradient.tolist() == [8.0, 16.0, 24.0]
    assert bp.error == 8.0
    exact = engine.backprop(NET, theta, [1.0], [26.0])
    assert exact.gradient.tolist() == [60.0, 40.0, 24.0]
    if engine.transparent:
        assert [d.item() for d in bp.deltas[1:]] == [8.0, 8.0, 4.0]
        assert [d.item() for d in exact.deltas[1:]] == [60.0, 20.0, 4.0]


def test_the_penalty_takes_part_in_the_update_on_the_way_back(engine):
    """l2 = 1/5: w_3 moves by 1/8 (24 + 1) to 15/8; delta_2 = 4 * 15/8 = 7.5."""
    theta = np.array([2.0, 3.0, 5.0])
    bp = engine.backprop(NET, theta, [1.0], [26.0], rule="sequential", lr=0.125, l2=0.2)
    assert bp.gradient[2] == 25.0
    assert bp.gradient[1] == pytest.approx(7.5 * 2.0 + 0.2 * 3.0, rel=1e-15)  # delta_2 y_1 + l2 w_2
    if engine.transparent:
        assert [d.item() for d in bp.deltas[2:]] == [7.5, 4.0]


def test_a_training_step_uses_its_own_rate(engine):
    rule = DeltaRule(order="sequential")
    objective = Objective.of(NET, "half_squared_error", "sum", rule, 0.0)
    step = engine.training_step(objective, SGD(0.5), Clipping())
    new, *_ = step(
        np.array([2.0, 3.0, 5.0]), (), np.ones((1, 1)), np.full((1, 1), 26.0), None, 0.125, 1
    )
    assert new.tolist() == [1.0, 1.0, 2.0]


def test_for_a_small_rate_it_approaches_the_gradient(engine, rng):
    """The difference shrinks with lr: half the rate, half the difference."""
    net = Network(2, [Dense(3, "tanh"), Dense(2, "sigmoid")])
    theta, X, T = rng.normal(size=net.size), rng.normal(size=(4, 2)), rng.random((4, 2))
    exact = engine.backprop(net, theta, X, T).gradient

    def off(lr):
        return engine.backprop(net, theta, X, T, rule="sequential", lr=lr).gradient - exact

    rounding = 0.0 if engine.transparent else 1e-15  # two programs, which sum in other orders
    assert np.abs(off(0.0)).max() <= rounding * np.abs(exact).max()
    assert np.abs(off(0.5)).max() > 1e-5
    assert_close(off(0.5), 2.0 * off(0.25), 1e-10)  # linear in lr: one hidden layer
