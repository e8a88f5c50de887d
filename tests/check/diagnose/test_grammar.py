"""Random points of the grammar are named; what is outside is not; conventions are no mistakes.

A few of each; `make proof` takes more.
"""

from __future__ import annotations

import numpy as np
import pytest
from grammar_points import diagnosed, outside, random_case, right, told

import deltarule as dr
from deltarule.check.diagnose.backward import backward, flat
from deltarule.check.diagnose.grammar import MISTAKES, QUANTITIES, SLOTS, Point, mistake_of


def test_random_points_are_named_to_the_slot_or_equal_to_another() -> None:
    counts, failures = told(np.random.default_rng(1), 80)
    assert counts["missed"] + counts["wrong"] == 0, "\n".join(failures)
    assert counts["named"] >= 64


def test_what_is_outside_the_grammar_is_not_explained() -> None:
    """One of every kind, and four with noise: of a thousandth, too, which is nearly right."""
    cases = list(outside(np.random.default_rng(2), 20))
    kinds = [kind for kind, *_ in cases]
    kept = [c for i, c in enumerate(cases) if c[0] == "noise" or c[0] not in kinds[:i]]
    found = [(kind, diagnosed(case, given)) for kind, case, given in kept]
    assert (len(found), len(set(kinds))) == (9, 6)
    assert [(kind, str(d)) for kind, d in found if d.mistakes or d.candidates] == []
    assert {d.verdict for _, d in found} == {"unexplained"}


def test_right_gradients_under_conventions_have_no_mistake() -> None:
    for case, given in right(np.random.default_rng(3), 60):
        found = diagnosed(case, given)
        assert (found.verdict, found.mistakes) == ("correct", ()), str(found)


def test_every_point_has_its_words() -> None:
    for quantity in QUANTITIES.values():
        words = mistake_of(Point(quantity))
        assert quantity.slot in SLOTS
        assert min(map(len, (words.does, words.should, words.line))) > 5, quantity.id
    assert set(SLOTS) == {q.slot for q in QUANTITIES.values()} | {"order"}
    assert all(q.code in MISTAKES for q in QUANTITIES.values() if q.code)


def test_the_pass_without_points_is_the_gradient() -> None:
    rng = np.random.default_rng(4)
    for _ in range(20):
        case = random_case(rng)
        o, s = case.objective, case.samples
        bp = dr.backprop(o.network, case.theta, s.X, s.T, o.loss, o.reduction, l2=o.l2)
        size = np.max(np.abs(bp.gradient))
        np.testing.assert_allclose(flat(backward(case)), bp.gradient, rtol=1e-10, atol=1e-13 * size)


NET = dr.Network(3, [dr.Dense(4, "sigmoid"), dr.Dense(3, "tanh"), dr.Dense(2, "sigmoid")])
THETA = 3.0 * NET.init(seed=2)
X, T = np.random.default_rng(0).normal(size=(6, 3)), np.random.default_rng(1).random((6, 2))


@pytest.mark.parametrize(
    ("rule", "code", "number"),
    [
        ("constant:1", "missing_derivative", {}),
        ("constant:0.5", "derivative_constant", {"constant": 0.5}),
        ("offset:0.1", "derivative_offset", {"offset": 0.1}),
        ("floor:0.12", "derivative_floor", {"floor": 0.12}),
    ],
)
@pytest.mark.parametrize("factor", [1.0, -6.0])
def test_a_changed_rule_is_named_with_its_number(rule, code, number, factor) -> None:
    """The rules of `dr.DeltaRule` itself; one number fitted to many nodes' numbers."""
    if code == "derivative_constant" and factor != 1.0:
        pytest.skip("a constant f' at the output is the same as a factor of the whole")
    changed = dr.DeltaRule(hidden=rule, output=rule)
    given = factor * dr.backprop(NET, THETA, X, T, rule=changed).gradient
    found = dr.diagnose(given, NET, THETA, X, T)
    assert found.verdict == "explained"
    (mistake,) = found.mistakes
    assert (mistake.code, mistake.layers) == (code, (1, 2, 3))
    assert mistake.parameters == {k: pytest.approx(v, rel=1e-6) for k, v in number.items()}
    assert mistake.fitted == tuple(number)
    assert int(found.evidence.split()[0]) > 30


def test_f_of_a_clipped_output_is_named_where_its_number_is_the_rounder() -> None:
    """As FANN does: y no nearer to its ends than 0.01, then y (1 - y)."""
    net = dr.Network(3, [dr.Dense(4, "sigmoid"), dr.Dense(2, "sigmoid")])
    theta = 8.0 * net.init(seed=2)
    p = net.unpack(theta)
    y1 = 1 / (1 + np.exp(-(X @ p[0]["W"].T + p[0]["b"])))
    y2 = 1 / (1 + np.exp(-(y1 @ p[1]["W"].T + p[1]["b"])))

    def slope(y):
        y = np.clip(y, 0.01, 0.99)
        return y * (1 - y)

    d2 = (y2 - T) * slope(y2)
    d1 = d2 @ p[1]["W"] * slope(y1)
    assert np.any((y2 < 0.01) | (y2 > 0.99)) or np.any((y1 < 0.01) | (y1 > 0.99))
    given = [(d1.T @ X, d1.sum(0)), (d2.T @ y1, d2.sum(0))]
    found = dr.diagnose(given, net, theta, X, T, reduction="sum")
    (mistake,) = found.mistakes
    assert (found.verdict, mistake.code) == ("explained", "derivative_clipped_output")
    assert mistake.parameters == {"bound": pytest.approx(0.01, rel=1e-6)}
    assert any("derivative_floor" in other for other in found.also)
