"""Every stand-in for f' and for W: what the exact rule is, and that a rule is really used."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from numeric import assert_close

import deltarule as dr
from deltarule.core.namespace import NUMPY
from deltarule.engine import Objective
from deltarule.rules import (
    DERIVATIVES,
    FEEDBACKS,
    RULES,
    DeltaRule,
    DerivativeRule,
    ExactDerivative,
    ExactFeedback,
    FeedbackRule,
    LayerPass,
)

NET = dr.Network(2, [dr.Dense(3, "tanh"), dr.Dense(2, "sigmoid"), dr.Dense(2, "sigmoid")])


@dataclass(frozen=True)
class Doubled(DerivativeRule):
    """A stand-in for this test: 2 f'."""

    name = "doubled"
    equation = "2 f'"

    def body(self, xp):
        return lambda net, y, slope, at: 2.0 * slope


@dataclass(frozen=True)
class Layered(FeedbackRule):
    """A stand-in for this test: (layer) W."""

    name = "layered"
    equation = "l W_l"

    def matrix(self, W, B, layer, xp):
        return layer * W


@pytest.mark.parametrize("name", DERIVATIVES.names())
def test_a_stand_in_for_f_is_elementwise_and_keeps_the_dtype(name):
    stand_in = DERIVATIVES.get(name).body(NUMPY)
    for dtype in (np.float32, np.float64):
        slope = np.array([[0.0, 0.25, 1.0]], dtype=dtype)
        at = LayerPass(1, (0.0, 1.0), 1, lambda net: np.full_like(net, 0.25))
        found = stand_in(slope, slope, slope, at)
        assert found.dtype == dtype
        assert np.broadcast_shapes(found.shape, slope.shape) == slope.shape


@pytest.mark.parametrize("name", FEEDBACKS.names())
def test_a_stand_in_for_W_has_its_shape(name):
    W = np.array([[1.0, -2.0, 3.0], [0.5, 0.0, -1.0]])
    assert FEEDBACKS.get(name).matrix(W, -W, 2, NUMPY).shape == W.shape


def test_the_exact_rule_is_the_chain_rule():
    slope, W = np.array([0.1, 0.7]), np.array([[1.0, 2.0]])
    assert ExactDerivative().body(NUMPY)(None, None, slope, None) is slope
    assert ExactFeedback().matrix(W, None, 1, NUMPY) is W
    assert DERIVATIVES.get("exact").exact
    assert not DerivativeRule.exact, "another stand-in has to say that it is exact"
    assert RULES["exact"].exact
    assert RULES["exact"] == DeltaRule("exact", "exact", "exact", "simultaneous")


def test_one_difference_is_enough_not_to_be_exact():
    for rule in (
        DeltaRule(hidden=Doubled()),
        DeltaRule(output=Doubled()),
        DeltaRule(feedback=Layered()),
        DeltaRule(order="sequential"),
    ):
        assert not rule.exact
        assert rule.sequential == (rule.order == "sequential")


def deltas(engine, rule, loss="half_squared_error"):
    theta = NET.init(1)
    found = engine.backprop(NET, theta, [[0.5, -1.0]], [[0.0, 1.0]], rule=rule, loss=loss)
    biases = [p["b"] for p in NET.unpack(found.gradient)]  # one observation: dE/db_l = delta_l
    if engine.transparent:
        assert all(np.array_equal(d[0], b) for d, b in zip(found.deltas[1:], biases, strict=True))
    return [None, *biases]


def test_a_hidden_rule_acts_in_hidden_layers_alone(engine):
    exact, other = deltas(engine, "exact"), deltas(engine, DeltaRule(hidden=Doubled()))
    assert_close(other[3], exact[3], 1e-15)
    assert_close(other[2], 2.0 * exact[2], 1e-15)
    assert_close(other[1], 4.0 * exact[1], 1e-15)


def test_an_output_rule_acts_in_the_output_layer(engine):
    exact, other = deltas(engine, "exact"), deltas(engine, DeltaRule(output=Doubled()))
    for l in (1, 2, 3):
        assert_close(other[l], 2.0 * exact[l], 1e-15)


def test_feedback_is_asked_with_the_number_of_the_layer_it_carries_back(engine):
    exact, other = deltas(engine, "exact"), deltas(engine, DeltaRule(feedback=Layered()))
    assert_close(other[3], exact[3], 1e-15)
    assert_close(other[2], 3.0 * exact[2], 1e-15)
    assert_close(other[1], 3.0 * 2.0 * exact[1], 1e-15)


def test_an_output_rule_switches_the_fused_pair_off(engine):
    loss = "binary_cross_entropy"
    exact, other = deltas(engine, "exact", loss), deltas(engine, DeltaRule(output=Doubled()), loss)
    assert_close(other[3], 2.0 * exact[3], 1e-14)
    kept = Objective.of(NET, loss, "mean", DeltaRule(hidden=Doubled()), 0.0)
    assert kept.fused is not None
    assert Objective.of(NET, loss, "mean", DeltaRule(output=Doubled()), 0.0).fused is None


def test_a_jacobian_takes_no_stand_in():
    net = dr.Network(2, [dr.Dense(2, "softmax")])
    with pytest.raises(dr.UsageError, match="'doubled', but softmax has a Jacobian"):
        dr.backprop(
            net,
            net.init(),
            [[0, 0]],
            [[0, 1]],
            loss="cross_entropy",
            rule=DeltaRule(output=Doubled()),
        )
