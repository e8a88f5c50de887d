"""Whether a rule computes the gradient of anything."""

from __future__ import annotations

import numpy as np
import pytest

import deltarule as dr

NET = dr.Network(2, [dr.Dense(3, "tanh"), dr.Dense(2, "sigmoid"), dr.Dense(1, "sigmoid")])


def test_the_exact_rule_is():
    assert dr.DeltaRule().is_gradient(NET).says == "the gradient of E, half_squared_error"


def test_the_output_without_f_is_cross_entropy_and_so_it_is():
    """What is said is true: the very numbers."""
    rule = dr.DeltaRule(output="constant:1")
    assert "binary_cross_entropy" in rule.is_gradient(NET).says
    rng = np.random.default_rng(0)
    X, T, theta = rng.normal(size=(4, 2)), rng.uniform(size=(4, 1)), NET.init(0)
    without = dr.backprop(NET, theta, X, T, rule=rule).gradient
    entropy = dr.backprop(NET, theta, X, T, loss="binary_cross_entropy").gradient
    assert np.allclose(without, entropy, rtol=1e-12)


def test_what_is_said_of_a_rule_that_changes_nothing_here_and_of_other_losses():
    one = dr.Network(2, [dr.Dense(1, "sigmoid")])
    found = dr.rules.as_rule("hidden=constant").is_gradient(one)
    assert "of E, half_squared_error: the rule changes nothing in this network" in found.says
    found = dr.DeltaRule(output="constant:1").is_gradient(NET, loss="huber")
    assert "of H, whose derivative by the output's net is that of huber by y" in found.says


@pytest.mark.parametrize("rule", ["output=offset:0.1", "output=floor:0.2", "output=symmetric"])
def test_another_output_is_a_gradient_of_something(rule):
    """The Jacobian of what it computes is symmetric: the test that finds witnesses finds none."""
    from deltarule.engine.integrable import _witness
    from deltarule.engine.objective import Objective

    found = dr.rules.as_rule(rule).is_gradient(NET)
    assert found.is_gradient is True
    assert "dH/dnet = de/dy g(net)" in found.says
    objective = Objective.of(NET, "half_squared_error", "mean", rule, 0.0)
    assert _witness(objective) is None


@pytest.mark.parametrize(
    "rule",
    ["hidden=constant", "hidden=offset:0.1", "hidden=symmetric", "hidden=power:0.5",
     "feedback=random", "feedback=sign", "feedback=direct", "layer2.feedback=random"],
)  # fmt: skip
def test_a_hidden_change_is_none_and_the_witness_holds(rule):
    """The two second derivatives, once more, from E's own rule: by differences of another step."""
    found = dr.rules.as_rule(rule).is_gradient(NET)
    assert found.is_gradient is False
    a, b = found.witness.values
    assert abs(a - b) > 1e-4 * max(abs(a), abs(b))
    rng = np.random.default_rng(0)
    X, T, theta = rng.normal(size=(5, 2)), rng.uniform(size=(5, 1)), NET.init(0)
    names = []
    for l, (below, units) in enumerate(zip(NET.sizes, NET.sizes[1:], strict=False), 1):
        nodes, inputs = range(1, units + 1), range(1, below + 1)
        names += [f"w[{l},{j},{k}]" for j in nodes for k in inputs]
        names += [f"b[{l},{j}]" for j in nodes]
    i, j = names.index(found.witness.first), names.index(found.witness.second)

    def second(row, column):
        step = np.zeros_like(theta)
        step[column] = 1e-4
        high, low = (dr.backprop(NET, at, X, T, rule=rule).gradient[row]
                     for at in (theta + step, theta - step))  # fmt: skip
        return (high - low) / 2e-4

    assert abs(second(i, j) - a) < 1e-5 * max(1.0, abs(a))
    assert abs(second(j, i) - b) < 1e-5 * max(1.0, abs(b))
    assert f"d v[{found.witness.first}] / d {found.witness.second} = {a:.6g}" in str(found)


def test_orders_and_choices_are_no_single_gradient():
    for rule in ("sequential", "layerwise", "choice=largest:1"):
        assert not dr.rules.as_rule(rule).is_gradient(NET)
