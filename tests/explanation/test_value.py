"""An explanation's value, its paths and its printed formulas against `backprop` and differences."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass

import numpy as np
import pytest
from evaluate import evaluate, from_full_digits, from_latex
from explain_cases import case, weights
from numeric import complex_step
from together import together

import deltarule as dr
from deltarule.activations import ReLU
from deltarule.core.notation import NOTATIONS
from deltarule.losses import AbsoluteError, Huber, Quantile
from deltarule.rules import FEEDBACKS, DerivativeRule, FeedbackRule

EPS = 1e-14


def size_of(explanation):
    """What rounding is measured against: the sum of the magnitudes that are added up."""
    return max(math.fsum(abs(path.product) for path in explanation.paths), abs(explanation.value))


@together("seed", range(120))
def test_paths_and_printed_formulas_give_backprop_s_entry(seed):
    rng = np.random.default_rng(seed)
    net, theta, X, T, keywords = case(rng)
    gradient = dr.backprop(net, theta, X, T, **keywords).gradient
    places = weights(net)
    for index in rng.choice(len(places), min(6, len(places)), replace=False):
        found = dr.explain(net, theta, X, T, weight=places[index], limit=500, **keywords)
        assert found.value == gradient[index]
        scale = size_of(found)
        assert found.complete
        assert found.remainder == 0.0
        total = math.fsum(path.product for path in found.paths)
        assert abs(total - found.value) <= EPS * scale
        parts = math.fsum(c.value for c in found.contributions) + found.penalty
        assert abs(parts - found.value) <= EPS * scale
        assert abs(evaluate(found.formula) - found.value) <= EPS * scale
        for printed in (from_latex(found.latex()), from_full_digits(str(found)),
                        from_full_digits(found.markdown())):  # fmt: skip
            assert abs(printed[0] - found.value) <= EPS * scale
            assert printed[1] == found.value


@together("seed", range(60))
@pytest.mark.parametrize("notation", NOTATIONS)
def test_every_notation_gives_the_same_number(seed, notation):
    rng = np.random.default_rng(1000 + seed)
    net, theta, X, T, keywords = case(rng)
    places = weights(net)
    weight = places[rng.integers(len(places))]
    here = dr.explain(net, theta, X, T, weight=weight, limit=3, notation=notation, **keywords)
    theory = dr.explain(net, theta, X, T, weight=weight, limit=3, **keywords)
    assert here.value == theory.value
    assert [p.nodes for p in here.paths] == [p.nodes for p in theory.paths]
    scale = max(size_of(here), abs(here.remainder))
    assert abs(evaluate(here.formula) - here.value) <= EPS * scale
    for a, b in zip(here.paths, theory.paths, strict=True):
        assert abs(a.product - b.product) <= EPS * abs(b.product)
    assert from_latex(here.latex())[1] == here.value


@together("seed", range(40))
def test_the_value_is_the_derivative_of_the_error(seed):
    """By a complex step of E, on smooth networks."""
    rng = np.random.default_rng(2000 + seed)
    while True:
        net, theta, X, T, keywords = case(rng)
        kinked = any(isinstance(layer.activation, ReLU) for layer in net.layers)
        if not kinked and not isinstance(keywords["loss"], AbsoluteError | Huber | Quantile):
            break
    slopes = complex_step(lambda v: dr.backprop(net, v, X, T, **keywords).error, theta)
    for index, weight in enumerate(weights(net)):
        found = dr.explain(net, theta, X, T, weight=weight, limit=1, **keywords)
        assert abs(found.value - slopes[index]) <= 1e-12 * np.max(np.abs(slopes))


@together("seed", range(40))
def test_a_node_s_delta(seed):
    rng = np.random.default_rng(3000 + seed)
    net, theta, X, T, keywords = case(rng)
    bp = dr.backprop(net, theta, X, T, **keywords)
    for l in range(1, len(net.layers) + 1):
        for j in range(1, net.sizes[l] + 1):
            found = dr.explain_node(net, theta, X, T, node=(l, j), limit=500, **keywords)
            deltas = bp.deltas[l][:, j - 1]
            assert found.value == deltas.sum()
            assert found.update == ()
            scale = size_of(found)
            for c, delta in zip(found.contributions, deltas, strict=True):
                assert abs(c.value - delta) <= EPS * scale
            assert abs(evaluate(found.formula) - found.value) <= EPS * scale
            assert all(path.nodes[0] == j for path in found.paths)


@together("seed", range(40))
def test_the_recursion_adds_up_line_by_line_and_in_order(seed):
    rng = np.random.default_rng(4000 + seed)
    net, theta, X, T, keywords = case(rng)
    bp = dr.backprop(net, theta, X, T, **keywords)
    l, j, k = weights(net)[rng.integers(len(weights(net)))]
    found = dr.explain(net, theta, X, T, weight=(l, j, k), **keywords)
    known: dict[tuple[int, str], float] = {}
    for step in found.recursion:
        for factor in (f for term in step.terms for f in term if step.observation):
            if factor.name.startswith("delta"):  # used only after it was computed
                assert known[step.observation, factor.name] == factor.number
        inner = math.fsum(math.prod(f.number for f in term) for term in step.terms) + step.rest
        value = inner * math.prod(f.number for f in step.common)
        scale = max(abs(step.number), 1e-300) + math.fsum(
            abs(math.prod(f.number for f in (*term, *step.common))) for term in step.terms
        )
        assert abs(value - step.number) <= EPS * scale
        known[step.observation, step.name] = step.number
        if step.observation:
            assert step.number in bp.deltas[step.layer][step.observation - 1]
    assert [s.layer for s in found.recursion if s.observation == 1] == sorted(
        (s.layer for s in found.recursion if s.observation == 1), reverse=True
    )
    assert found.recursion[-1].number == found.value


def test_everything_is_json():
    net, theta, X, T, keywords = case(np.random.default_rng(7))
    found = dr.explain(net, theta, X, T, weight=weights(net)[0], **keywords)
    read = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert read["value"] == found.value
    assert [path["product"] for path in read["paths"]] == [path.product for path in found.paths]
    assert len(read["update"]) == len(found.update) > 5


def test_float32_parameters_are_explained_in_float64():
    net = dr.Network(2, [dr.Dense(2, "tanh"), dr.Dense(1)])
    theta = net.init(seed=3, dtype=np.float32)
    found = dr.explain(net, theta, [0.1, 0.2], 1.0, weight=(1, 1, 1))
    wide = dr.backprop(net, theta.astype(float), [0.1, 0.2], 1.0, reduction="sum")
    assert found.value == wide.gradient[0]


@dataclass(frozen=True)
class Half(DerivativeRule):
    """0.5 in the place of f', not registered."""

    name = "half"
    equation = "0.5"

    def body(self, xp):
        return lambda net, y, slope, at: slope * 0 + 0.5


@dataclass(frozen=True)
class Turned(FeedbackRule):
    """-2 W in the place of W, not registered."""

    name = "turned"
    equation = "-2 W"

    def matrix(self, W, B, layer, xp):
        return -2.0 * W


@pytest.mark.parametrize(
    "rule",
    [dr.DeltaRule(hidden=Half()), dr.DeltaRule(output=Half()), dr.DeltaRule(feedback=Turned()),
     dr.DeltaRule(hidden=Half(), feedback=Turned())],
    ids=["hidden", "output", "feedback", "both"],
)  # fmt: skip
def test_other_rules_are_explained_as_they_are(rule):
    """What stands for f' and W is in the paths; a changed output switches the fused pair off."""
    net = dr.Network(2, [dr.Dense(3, "tanh"), dr.Dense(2, "tanh"), dr.Dense(1, "sigmoid")])
    theta, X, T = net.init(seed=4), [[0.3, -1.0], [1.0, 0.5]], [[1.0], [0.0]]
    keywords = {"loss": "binary_cross_entropy", "rule": rule, "reduction": "sum"}
    gradient = dr.backprop(net, theta, X, T, **keywords).gradient
    exact = dr.backprop(net, theta, X, T, **{**keywords, "rule": "exact"}).gradient
    for index, weight in enumerate(weights(net)[:6]):
        found = dr.explain(net, theta, X, T, weight=weight, **keywords)
        assert found.value == gradient[index] != exact[index]
        assert abs(evaluate(found.formula) - found.value) <= EPS * size_of(found)
        names = {f.name[0] for path in found.paths for f in path.factors}
        assert ("B" in names) == (rule.feedback.name == "turned")
    assert "another rule than the chain rule" in str(found)


def test_a_changed_rule_is_shown_beside_what_it_stands_for():
    net = dr.Network(2, [dr.Dense(2, "sigmoid"), dr.Dense(1, "sigmoid")])
    theta, X, T = net.init(3), [0.5, -1.0], [1.0]
    rule = "hidden=floor:0.5 feedback=random:7"
    found = dr.explain(net, theta, X, T, weight=(1, 2, 1), rule=rule)
    exact = dr.backprop(net, theta, X, T, reduction="sum")
    true = exact.gradient[2]
    y = exact.outputs[1][0, 1]
    assert found.setting["exact"] == true
    text = str(found)
    assert f"({rule}); the chain rule's dE/dw[1,2,1] is {true:.6g}" in text
    assert f"floor in the place of f' = {y * (1 - y):.6g} (" in text
    assert (
        f"feedback random in the place of w[2,1,2] = {net.unpack(theta)[1]['W'][0, 1]:.6g}" in text
    )
    node = dr.explain_node(net, theta, X, T, node=(1, 2), rule=rule)
    assert node.setting["exact"] == exact.deltas[1][0, 1]
    assert "exact" not in dr.explain(net, theta, X, T, weight=(1, 2, 1)).setting


PAST = ["feedback=direct:3", "feedback=targets:3", "feedback=direct_sign:3",
        "layer2.feedback=direct:1", "layer3.feedback=targets:1", "layer3.feedback=random:2",
        "layer3.feedback=direct_sign:1 layer2.feedback=targets:2"]  # fmt: skip
ENDS = [("half_squared_error", "sigmoid", 2), ("binary_cross_entropy", "sigmoid", 2),
        ("cross_entropy", "softmax", 2), ("half_squared_error", "softmax", 2),
        ("half_squared_error", "tanh", 12)]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "loss", "last", "outputs", "notation"),  # every rule and every end in both notations
    [(rule, *end, ("theory", "negative_delta")[(i + j) % 2])
     for i, rule in enumerate(PAST) for j, end in enumerate(ENDS)],
)  # fmt: skip
def test_direct_feedback_goes_past_the_layers_between(rule, loss, last, outputs, notation):
    """Every path from a layer goes to an output at once, by B; its factors give the value."""
    net = dr.Network(
        2, [dr.Dense(4, "tanh"), dr.Dense(3, "tanh"), dr.Dense(3, "tanh"), dr.Dense(outputs, last)]
    )
    X, T = [[0.3, -1.0], [1.0, 0.5]], np.eye(2, outputs)
    T[:, 1::2] += 0.25 if last == "tanh" else 0.0
    keywords = {"loss": loss, "rule": rule, "reduction": "mean"}
    theta = net.init(seed=4)
    bp = dr.backprop(net, theta, X, T, **keywords)
    for index, weight in [*enumerate(weights(net))][:: 1 if outputs == 2 else 7]:
        found = dr.explain(net, theta, X, T, weight=weight, notation=notation, **keywords)
        assert found.value == bp.gradient[index]
        assert found.remainder or abs(evaluate(found.formula) - found.value) <= EPS * size_of(found)
        total = sum(path.product for path in found.paths) + found.remainder
        assert abs(total - found.value) <= EPS * size_of(found)
        for step in found.recursion:
            products = sum(np.prod([f.number for f in term]) for term in step.terms)
            whole = (products + step.rest) * np.prod([f.number for f in step.common])
            assert abs(whole - step.number) <= 1e-12 * max(1.0, abs(step.number))
    if rule.startswith("feedback"):
        first = dr.explain(net, theta, X, T, weight=(1, 2, 1), **keywords)
        row = last == "softmax" and loss != "cross_entropy" and rule == "feedback=direct:3"
        assert {len(path.nodes) for path in first.paths} == {3 + row}
        assert "B[2,1,2]" in str(first)
        small = dr.why_small(net, theta, X, T, weight=(1, 2, 1), **keywords)
        assert small.value == first.value
    node = dr.explain_node(net, theta, X, T, node=(1, 2), **keywords)
    assert np.isclose(node.value, bp.deltas[1][:, 1].sum(), rtol=1e-14)


def test_why_small_names_the_rule_that_keeps_it_from_being_small():
    net = dr.Network(1, [dr.Dense(1, "sigmoid"), dr.Dense(1)])
    theta = net.pack([([[1.0]], [9.0]), ([[1.0]], [0.0])])
    exact = dr.why_small(net, theta, [1.0], [0.0], weight=(1, 1, 1))
    assert exact.verdict == "saturated"
    floored = dr.why_small(net, theta, [1.0], [0.0], weight=(1, 1, 1), rule="hidden=floor:0.25")
    assert floored.verdict == "not_small"
    slope = dr.activations.Sigmoid().derivative(10.0)
    assert (
        f"The rule's floor stands for f'(net[1,1]) = {slope:.3g}, which would make it small."
        in floored.sentence
    )


@pytest.mark.parametrize("rule", FEEDBACKS.names())
def test_every_feedback_is_explained(rule):
    net = dr.Network(2, [dr.Dense(3, "tanh"), dr.Dense(3, "tanh"), dr.Dense(1)])
    rng = np.random.default_rng(0)
    theta, X, T = net.init(3), rng.normal(size=(4, 2)), rng.normal(size=(4, 1))
    rule = f"feedback={rule}"
    gradient = dr.backprop(net, theta, X, T, rule=rule, reduction="sum").gradient
    found = dr.explain(net, theta, X, T, weight=(1, 1, 1), rule=rule)
    assert found.value == pytest.approx(gradient[0], rel=1e-12)
